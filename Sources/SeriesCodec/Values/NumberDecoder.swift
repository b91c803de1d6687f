/// Reads a section of numbers, a block at a time. See ``NumberForm`` for the layout.
///
/// The memory must outlive the decoder: every use stands inside a `withUnsafeBytes`.
struct NumberDecoder {
    private let form: NumberForm
    private var integers: IntegerStreamDecoder
    private var corrections: IntegerStreamDecoder?
    private var exceptionPlaces: [Int64] = []
    private var exceptionBits: [Int64] = []
    private var exception = 0
    /// The place of the next number.
    private var position = 0
    /// The integers that were decoded last, where they are the values and one of them may be no double.
    private(set) var wideIntegers: [Int64]?

    /// - Parameter kind: decides which modes may be.
    init(_ bytes: UnsafeRawBufferPointer, kind: ValueKind, count: Int) throws(ChunkError) {
        var cursor = ByteCursor(bytes)
        form = try NumberForm(from: &cursor)
        switch kind {
        case .float64: guard form.mode != .integer else { throw .corrupt }
        case .float32: guard form.mode == .quotient32 || form.mode == .bits32 else { throw .corrupt }
        case .integer, .boolean, .text, .json: guard form.mode == .integer else { throw .corrupt }
        }
        if form.hasExceptions {
            let exceptions = try cursor.count(upTo: count)
            exceptionPlaces = try Self.numbers(try cursor.section(), count: exceptions)
            exceptionBits = try Self.numbers(try cursor.section(), count: exceptions)
        }
        if form.hasCorrections { corrections = try IntegerStreamDecoder(try cursor.section()) }
        integers = try IntegerStreamDecoder(try cursor.rest())
    }

    private static func numbers(_ bytes: UnsafeRawBufferPointer, count: Int) throws(ChunkError) -> [Int64] {
        var decoder = try IntegerStreamDecoder(bytes)
        return try [Int64](filling: count) { (target) throws(ChunkError) in
            decoder.decode(into: target)
            try decoder.finish()
        }
    }

    /// The next numbers as they stand in the stream.
    mutating func decode(into target: UnsafeMutableBufferPointer<Int64>) {
        integers.decode(into: target)
        position += target.count
    }

    /// The next numbers. The bits of 32-bit exceptions are not widened by this; see ``decode(into:)-(UnsafeMutableBufferPointer<Float>)``.
    mutating func decode(into target: UnsafeMutableBufferPointer<Double>) {
        let start = position
        target.withMemoryRebound(to: Int64.self) { numbers in
            if form.mode == .quotient64 {
                integers.decode(into: numbers, dividedBy: Double(form.divisor))
                position += numbers.count
            } else {
                decode(into: numbers)
            }
            guard let place = numbers.baseAddress else { return }
            let results = UnsafeMutableRawPointer(place).assumingMemoryBound(to: UInt64.self)
            let count = numbers.count
            switch form.mode {
            case .integer:
                let integers = UnsafeBufferPointer(numbers)
                wideIntegers = Double.holdsAll(integers) ? nil : Array(integers)
                for index in 0..<count { results[index] = Double(place[index]).bitPattern }
            case .quotient64:
                if corrections != nil { correct(numbers) }
            case .quotient32:
                let divisor = Float(form.divisor)
                for index in 0..<count { results[index] = Double(Float(place[index]) / divisor).bitPattern }
            case .bits64:
                for index in 0..<count { results[index] = SignedBits.double(place[index]).bitPattern }
            case .bits32:
                for index in 0..<count { results[index] = Double(SignedBits.float(place[index])).bitPattern }
            }
            forEachException(from: start, count: count) { index, bits in numbers[index] = bits }
        }
    }

    private mutating func correct(_ numbers: UnsafeMutableBufferPointer<Int64>) {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: numbers.count) { units in
            corrections?.decode(into: units)
            for index in numbers.indices { numbers[index] = numbers[index] &+ units[index] }
        }
    }

    /// The next numbers of a series of 32-bit floats.
    mutating func decode(into target: UnsafeMutableBufferPointer<Float>) {
        let start = position
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: target.count) { numbers in
            decode(into: numbers)
            if form.mode == .bits32 {
                for index in target.indices { target[index] = SignedBits.float(numbers[index]) }
            } else {
                let divisor = Float(form.divisor)
                for index in target.indices { target[index] = Float(numbers[index]) / divisor }
            }
        }
        forEachException(from: start, count: target.count) { index, bits in
            target[index] = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        }
    }

    /// Places ascend in what an encoder wrote; from foreign bytes the others are left out.
    private mutating func forEachException(from start: Int, count: Int, _ body: (Int, Int64) -> Void) {
        while exception < exceptionPlaces.count, exceptionPlaces[exception] < start + count {
            let place = Int(exceptionPlaces[exception])
            if place >= start { body(place - start, exceptionBits[exception]) }
            exception += 1
        }
    }

    func finish() throws(ChunkError) {
        try integers.finish()
        try corrections?.finish()
    }
}
