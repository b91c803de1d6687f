extension BucketAggregator {
    private static let blockSize = 512

    /// Adds a chunk without making arrays of its points.
    /// - Parameter clock: the one that the chunk refers to, if it refers to one.
    /// - Throws: ``ChunkError/wrongKind(_:)`` for text and JSON; ``ChunkError/unsortedTimes``: the chunk begins before the
    ///   end of the last one; ``ChunkError/clockMismatch``, ``ChunkError/corrupt``. Then the aggregator may hold some of
    ///   the chunk's points and is good for nothing.
    package mutating func add(_ chunk: SeriesChunk, clock: SharedClock? = nil) throws(ChunkError) {
        let clockTimes = clock?.times ?? []
        let result: Result<Void, ChunkError> = clockTimes.withUnsafeBufferPointer { clockTimes in
            do throws(ChunkError) { return .success(try add(chunk, clock: clock, clockTimes)) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private mutating func add(
        _ chunk: SeriesChunk, clock: SharedClock?, _ clockTimes: UnsafeBufferPointer<Int64>
    ) throws(ChunkError) {
        try chunk.bytes.withRawBytes { (raw) throws(ChunkError) in
            var reader = try PointReader(chunk, raw, clock: clock)
            try withScratch(of: Int64.self, count: Self.blockSize) { (times) throws(ChunkError) in
                try withScratch(of: Double.self, count: 2 * Self.blockSize) { (scratch) throws(ChunkError) in
                    let values = UnsafeMutableBufferPointer(rebasing: scratch[..<Self.blockSize])
                    let weights = UnsafeMutableBufferPointer(rebasing: scratch[Self.blockSize...])
                    var isFirst = true
                    while true {
                        let count = reader.nextCount(values.count)
                        guard count > 0 else { break }
                        let block = reader.times(count, times, clockTimes)
                        guard block[0] >= lastTime else { throw isFirst ? .unsortedTimes : .corrupt }
                        guard chunk.refersToClock || Series.areSorted(block) else { throw .corrupt }
                        (isFirst, lastTime) = (false, block[count - 1])
                        guard block[0] < until else { return }
                        let numbers = UnsafeMutableBufferPointer(rebasing: values[..<count])
                        let integers = reader.values(numbers, goodOnly: options.goodOnly)
                        add(
                            times: block, values: UnsafeBufferPointer(numbers), wideIntegers: integers,
                            weights: weights)
                    }
                }
            }
            try reader.finish()
        }
    }
}

/// Reads times and numbers of a chunk side by side, in blocks.
struct PointReader {
    private var times: TimeDecoder
    private var nulls: IntegerStreamDecoder?
    private var quality: IntegerStreamDecoder?
    private var numbers: NumberDecoder
    private let kind: ValueKind
    private var left: Int

    init(_ chunk: SeriesChunk, _ raw: UnsafeRawBufferPointer, clock: SharedClock?) throws(ChunkError) {
        guard chunk.kind != .text, chunk.kind != .json else { throw .wrongKind(chunk.kind) }
        let layout = chunk.layout
        (kind, left) = (chunk.kind, layout.count)
        times = try TimeDecoder(layout.slice(layout.times, of: raw), count: layout.count, clock: clock)
        if let section = layout.nulls { nulls = try IntegerStreamDecoder(layout.slice(section, of: raw)) }
        if let section = layout.quality { quality = try IntegerStreamDecoder(layout.slice(section, of: raw)) }
        numbers = try NumberDecoder(layout.slice(layout.values, of: raw), kind: kind, count: layout.count)
    }

    /// How many points the next block has; 0 behind the last one.
    mutating func nextCount(_ limit: Int) -> Int {
        let count = min(left, limit)
        left -= count
        return count
    }

    /// The next times: those in the clock themselves where they lie side by side, or decoded into `scratch`.
    mutating func times(
        _ count: Int, _ scratch: UnsafeMutableBufferPointer<Int64>, _ clock: UnsafeBufferPointer<Int64>
    ) -> UnsafeBufferPointer<Int64> {
        if let places = times.placesInClock(count) { return UnsafeBufferPointer(rebasing: clock[places]) }
        let target = UnsafeMutableBufferPointer(rebasing: scratch[..<count])
        times.decode(into: target)
        return UnsafeBufferPointer(target)
    }

    /// The values that belong to the times. Nulls, and bad points if they are left out, become NaN.
    /// - Returns: the values as integers, if they are integers and one of them may be no double; anything for NaN.
    mutating func values(_ target: UnsafeMutableBufferPointer<Double>, goodOnly: Bool) -> [Int64]? {
        let count = target.count
        var integers: [Int64]?
        if nulls == nil {
            decode(into: target)
            integers = numbers.wideIntegers
        } else {
            withUnsafeTemporaryAllocation(of: Int64.self, capacity: count) { flags in
                nulls?.decode(into: flags)
                let isNull = flags.map { $0 != 0 }
                let dense = isNull.reduce(count) { $0 - ($1 ? 1 : 0) }
                decode(into: UnsafeMutableBufferPointer(rebasing: target[..<dense]))
                ValueDecoder.spread(target, dense: dense, nulls: isNull, filler: .nan)
                integers = numbers.wideIntegers
                if let dense = integers { integers = Self.spread(dense, nulls: isNull) }
            }
        }
        guard goodOnly, quality != nil else { return integers }
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: count) { codes in
            quality?.decode(into: codes)
            for place in 0..<count where codes[place] != 0 { target[place] = .nan }
        }
        return integers
    }

    private static func spread(_ integers: [Int64], nulls: [Bool]) -> [Int64] {
        var next = integers.makeIterator()
        return nulls.map { $0 ? 0 : next.next() ?? 0 }
    }

    private mutating func decode(into target: UnsafeMutableBufferPointer<Double>) {
        guard kind == .float32 else {
            numbers.decode(into: target)
            return
        }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: target.count) { floats in
            numbers.decode(into: floats)
            for place in target.indices { target[place] = Double(floats[place]) }
        }
    }

    func finish() throws(ChunkError) {
        try times.finish()
        try nulls?.finish()
        try quality?.finish()
        try numbers.finish()
    }
}
