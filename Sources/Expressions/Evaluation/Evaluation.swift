import CRE2
import Glibc

/// One evaluation under way: its input, what it used and what it may use.
struct Evaluation {
    /// The whole input, `$$`.
    let root: Value
    let limits: EvaluationLimits
    var symbols: SymbolTable
    /// A call in tail position, left to the function application around it.
    var tailCall: TailCall?
    /// The context of the call under way: a call that ends the called function has it too.
    var callerContext = Value.null
    private(set) var depth = 0
    private var stepsLeft: Int
    private var bytesLeft: Int
    private let deepestFrame: UInt
    private var nextLookAtClock: Int
    private var startedAt: Int64?
    private var moment: Double?
    private var captured: [Frame] = []
    private static let maximumCaptured = 100_000
    private static let stepsBetweenLooks = 4_096
    /// The first look comes sooner, for only from there on time is taken; what is evaluated often never gets there.
    private static let stepsBeforeLooking = 256
    /// Of arrays and objects within each other; to let go of them takes stack as well.
    private static let maximumHeight = 256

    /// `moment` is what `$now()` and `$millis()` tell, in milliseconds since 1970; nil for the clock's.
    init(root: Value, limits: EvaluationLimits, symbols: SymbolTable, moment: Double?) {
        self.root = root
        self.limits = limits
        self.symbols = symbols
        self.moment = moment
        // Room above, so that counting never overflows.
        stepsLeft = min(limits.steps, Int.max / 4)
        bytesLeft = limits.bytes
        nextLookAtClock = max(0, stepsLeft - Self.stepsBeforeLooking)
        let here = UInt(cre2_frame_address())
        deepestFrame = here > UInt(limits.stack) ? here - UInt(limits.stack) : 0
    }

    /// To be called wherever an evaluation may go deeper, which is a step: D1011 when the stack is used up.
    @inline(__always)
    mutating func descend() throws(ExpressionError) {
        stepsLeft -= 1
        if stepsLeft < nextLookAtClock || UInt(cre2_frame_address()) < deepestFrame { try lookAround() }
    }

    private mutating func lookAround() throws(ExpressionError) {
        if UInt(cre2_frame_address()) < deepestFrame { throw ExpressionError("D1011") }
        try look()
    }

    /// Counts `count` values that were looked at or made.
    @inline(__always)
    mutating func step(_ count: Int = 1) throws(ExpressionError) {
        stepsLeft -= count
        if stepsLeft < nextLookAtClock { try look() }
    }

    /// What comes now may take as long as `count` steps. They are not counted, for mostly it takes less, but the next look
    /// at the clock comes so much sooner: whatever takes long without a step is announced here.
    @inline(__always)
    mutating func mayTake(_ count: Int) throws(ExpressionError) {
        nextLookAtClock += count
        if stepsLeft < nextLookAtClock { try look() }
    }

    private mutating func look() throws(ExpressionError) {
        guard stepsLeft >= 0 else { throw ExpressionError("D1012", words: "\(limits.steps) steps") }
        nextLookAtClock = max(0, stepsLeft - Self.stepsBetweenLooks)
        let now = Self.monotonicNanoseconds()
        guard let startedAt else {
            startedAt = now
            return
        }
        if .nanoseconds(now - startedAt) > limits.time {
            throw ExpressionError("D1012", words: "\(limits.time)")
        }
    }

    /// Counts the bytes of a string that is about to be made.
    mutating func spend(bytes: Int) throws(ExpressionError) {
        bytesLeft -= bytes
        guard bytesLeft >= 0 else { throw ExpressionError("D2015", words: "\(limits.bytes) bytes") }
        try step(1 + bytes / 64)
    }

    /// Holds the length of a sequence against the limit, and counts the values that were added to it.
    @inline(__always)
    mutating func spend(sequence count: Int, added: Int = 1) throws(ExpressionError) {
        guard count <= limits.sequence else {
            throw ExpressionError("D2015", words: "\(limits.sequence) in a sequence")
        }
        try step(added)
    }

    /// Refuses a value that holds too many others within each other.
    @inline(__always)
    func checkHeight(_ value: Value) throws(ExpressionError) {
        if value.height > Self.maximumHeight { throw ExpressionError("D1011") }
    }

    /// `by` calls and operators wait for what comes now; ``leave(_:)`` ends that.
    mutating func enter(_ by: Int) throws(ExpressionError) {
        try descend()
        depth += by
        if depth > limits.depth {
            depth -= by
            throw ExpressionError("D1011")
        }
    }

    mutating func leave(_ by: Int) { depth -= by }

    /// A function is about to refer to `frame`.
    mutating func capture(_ frame: Frame?) throws(ExpressionError) {
        guard let frame, !frame.isCaptured else { return }
        frame.capture(into: &captured)
        if captured.count > Self.maximumCaptured {
            throw ExpressionError("D2015", words: "\(Self.maximumCaptured) functions")
        }
    }

    /// Lets go of functions that refer to each other. They cannot be called afterwards.
    mutating func close() {
        guard !captured.isEmpty else { return }
        for frame in captured { frame.empty() }
        captured = []
    }

    /// The same throughout an evaluation, in milliseconds since 1970.
    mutating func now() -> Double {
        if let moment { return moment }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Double(time.tv_sec) * 1_000 + Double(time.tv_nsec / 1_000_000)
        moment = now
        return now
    }

    private static func monotonicNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A call that the function around it makes once its own body is done.
final class TailCall {
    let function: Function
    let arguments: [Value]
    let node: CallNode

    init(function: Function, arguments: [Value], node: CallNode) {
        self.function = function
        self.arguments = arguments
        self.node = node
    }
}
