/// How the next integer of a stream is guessed from those before it. The raw values stand in chunks: never change one.
enum PredictorKind: UInt8, CaseIterable, Sendable {
    /// The last value.
    case last = 0
    /// The last value and its last change: counters and clocks.
    case line = 1
    /// Exponential averages of the values, by 1/2, 1/4, 1/16 and 1/64: the noisier, the longer.
    case average2 = 2
    case average4 = 3
    case average16 = 4
    case average64 = 5
    /// The last value and an exponential average of the changes, by 1/4 and 1/16.
    case trend4 = 6
    case trend16 = 7
    /// Nothing: residuals are distances above the least value. Slots, dictionary codes, waiting times.
    case floor = 8
    /// The bits that differ from the last value: switches.
    case toggle = 9
}

/// What predictors remember. All arithmetic on it wraps, so that any residuals decode without a trap.
struct PredictorState {
    var last: Int64 = 0
    var average: Int64 = 0
}

/// A predictor for the inner loops, which are specialized for each.
protocol Predictor {
    /// Whether the stream's origin is the first value, which then has no residual; else it is the least value.
    static var startsWithOrigin: Bool { get }
    static func residual(of value: Int64, _ state: PredictorState) -> UInt64
    static func value(of residual: UInt64, _ state: PredictorState) -> Int64
    static func see(_ value: Int64, _ state: inout PredictorState)
    /// ``value(of:_:)`` and ``see(_:_:)`` in one, by as short a chain from one value to the next as there is.
    static func restore(_ residual: UInt64, _ state: inout PredictorState) -> Int64
}

extension Predictor {
    @inline(__always)
    static func restore(_ residual: UInt64, _ state: inout PredictorState) -> Int64 {
        let value = value(of: residual, state)
        see(value, &state)
        return value
    }
}

/// A predictor whose residual is the distance to a guess.
protocol GuessingPredictor: Predictor {
    static func guess(_ state: PredictorState) -> Int64
}

extension GuessingPredictor {
    @inline(__always) static var startsWithOrigin: Bool { true }

    @inline(__always)
    static func residual(of value: Int64, _ state: PredictorState) -> UInt64 {
        ZigZag.encode(value &- guess(state))
    }

    @inline(__always)
    static func value(of residual: UInt64, _ state: PredictorState) -> Int64 {
        guess(state) &+ ZigZag.decode(residual)
    }
}

enum LastPredictor: GuessingPredictor {
    @inline(__always) static func guess(_ state: PredictorState) -> Int64 { state.last }
    @inline(__always) static func see(_ value: Int64, _ state: inout PredictorState) { state.last = value }
}

enum LinePredictor: GuessingPredictor {
    @inline(__always) static func guess(_ state: PredictorState) -> Int64 { state.last &+ state.average }
    @inline(__always) static func see(_ value: Int64, _ state: inout PredictorState) {
        state.average = value &- state.last
        state.last = value
    }
    @inline(__always) static func restore(_ residual: UInt64, _ state: inout PredictorState) -> Int64 {
        state.average = state.average &+ ZigZag.decode(residual)
        state.last = state.last &+ state.average
        return state.last
    }
}

/// The weight of the newest value in an average is 2^−shift.
protocol AverageWeight { static var shift: Int64 { get } }
enum Half: AverageWeight { @inline(__always) static var shift: Int64 { 1 } }
enum Quarter: AverageWeight { @inline(__always) static var shift: Int64 { 2 } }
enum Sixteenth: AverageWeight { @inline(__always) static var shift: Int64 { 4 } }
enum SixtyFourth: AverageWeight { @inline(__always) static var shift: Int64 { 6 } }

extension AverageWeight {
    /// An average times 2^shift as the average rounded down and what rounding to the nearest adds to that.
    @inline(__always)
    static func parts(_ average: Int64) -> (whole: Int64, rounding: Int64) {
        (average &>> shift, (average &>> (shift &- 1)) & 1)
    }
}

enum AveragePredictor<Weight: AverageWeight>: GuessingPredictor {
    @inline(__always) static func guess(_ state: PredictorState) -> Int64 {
        let parts = Weight.parts(state.average)
        return parts.whole &+ parts.rounding
    }
    @inline(__always) static func see(_ value: Int64, _ state: inout PredictorState) {
        state.average = state.average &+ value &- (state.average &>> Weight.shift)
    }
    @inline(__always) static func restore(_ residual: UInt64, _ state: inout PredictorState) -> Int64 {
        let parts = Weight.parts(state.average)
        let distance = ZigZag.decode(residual)
        state.average = (state.average &+ distance) &+ parts.rounding
        return parts.whole &+ parts.rounding &+ distance
    }
}

enum TrendPredictor<Weight: AverageWeight>: GuessingPredictor {
    @inline(__always) static func guess(_ state: PredictorState) -> Int64 {
        let parts = Weight.parts(state.average)
        return state.last &+ (parts.whole &+ parts.rounding)
    }
    @inline(__always) static func see(_ value: Int64, _ state: inout PredictorState) {
        state.average = state.average &+ (value &- state.last) &- (state.average &>> Weight.shift)
        state.last = value
    }
    @inline(__always) static func restore(_ residual: UInt64, _ state: inout PredictorState) -> Int64 {
        let parts = Weight.parts(state.average)
        let distance = ZigZag.decode(residual)
        state.average = (state.average &+ distance) &+ parts.rounding
        state.last = state.last &+ (parts.whole &+ parts.rounding &+ distance)
        return state.last
    }
}

enum FloorPredictor: Predictor {
    @inline(__always) static var startsWithOrigin: Bool { false }

    @inline(__always) static func residual(of value: Int64, _ state: PredictorState) -> UInt64 {
        UInt64(bitPattern: value)
    }
    @inline(__always) static func value(of residual: UInt64, _ state: PredictorState) -> Int64 {
        Int64(bitPattern: residual)
    }
    @inline(__always) static func see(_ value: Int64, _ state: inout PredictorState) {}
}

enum TogglePredictor: Predictor {
    @inline(__always) static var startsWithOrigin: Bool { false }

    @inline(__always) static func residual(of value: Int64, _ state: PredictorState) -> UInt64 {
        UInt64(bitPattern: value ^ state.last)
    }
    @inline(__always) static func value(of residual: UInt64, _ state: PredictorState) -> Int64 {
        Int64(bitPattern: residual) ^ state.last
    }
    @inline(__always) static func see(_ value: Int64, _ state: inout PredictorState) { state.last = value }
}

extension PredictorKind {
    var startsWithOrigin: Bool { self != .floor && self != .toggle }

    /// What a stream may be longer to be decoded without a long chain from value to value.
    var handicap: Double {
        switch self {
        case .floor: 1
        case .last, .toggle: 1.002
        case .line: 1.003
        case .average2, .average4, .average16, .average64, .trend4, .trend16: 1.005
        }
    }
}

/// Something to be done with a predictor that is chosen at run time.
protocol PredictorTask {
    associatedtype Result
    mutating func run<P: Predictor>(_ predictor: P.Type) -> Result
}

extension PredictorKind {
    /// One specialized copy of the task for each predictor.
    @inline(__always)
    func perform<Task: PredictorTask>(_ task: inout Task) -> Task.Result {
        switch self {
        case .last: task.run(LastPredictor.self)
        case .line: task.run(LinePredictor.self)
        case .average2: task.run(AveragePredictor<Half>.self)
        case .average4: task.run(AveragePredictor<Quarter>.self)
        case .average16: task.run(AveragePredictor<Sixteenth>.self)
        case .average64: task.run(AveragePredictor<SixtyFourth>.self)
        case .trend4: task.run(TrendPredictor<Quarter>.self)
        case .trend16: task.run(TrendPredictor<Sixteenth>.self)
        case .floor: task.run(FloorPredictor.self)
        case .toggle: task.run(TogglePredictor.self)
        }
    }
}
