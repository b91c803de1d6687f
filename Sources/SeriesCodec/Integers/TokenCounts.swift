/// How often each token occurs, scaled so that the counts add up to a power of two: the table of an entropy coder.
struct TokenCounts {
    static let tableBits = 5...11

    /// The counts add up to 2^bits.
    let bits: Int
    private(set) var first = 0
    private(set) var counts: [UInt16] = []

    /// - Parameter histogram: ``ResidualToken/count`` counts, not all zero.
    init(histogram: UnsafeBufferPointer<UInt32>, total: Int) {
        var used = 0
        var last = 0
        var start = -1
        for token in 0..<histogram.count where histogram[token] > 0 {
            used += 1
            last = token
            if start < 0 { start = token }
        }
        first = max(start, 0)
        var bits = min(
            Self.tableBits.upperBound, max(Self.tableBits.lowerBound, Int.bitWidth - total.leadingZeroBitCount - 2))
        while 1 << bits < 2 * used { bits += 1 }
        self.bits = bits
        let size = 1 << bits
        counts = [UInt16](repeating: 0, count: last - first + 1)
        var sum = 0
        var largest = first
        for token in first...last where histogram[token] > 0 {
            let scaled = (Int(histogram[token]) * size + total / 2) / total
            counts[token - first] = UInt16(max(1, scaled))
            sum += max(1, scaled)
            if histogram[token] > histogram[largest] { largest = token }
        }
        correct(by: size - sum, largest: largest - first)
    }

    /// Rounding left the sum a little off. The largest count can bear it; if not, the larger ones share it.
    private mutating func correct(by difference: Int, largest: Int) {
        var rest = difference
        if rest > 0 || Int(counts[largest]) + rest > Int(counts[largest]) / 2 {
            counts[largest] = UInt16(Int(counts[largest]) + rest)
            return
        }
        while rest < 0 {
            for place in counts.indices where counts[place] > 1 && rest < 0 {
                let step = min(-rest, max(1, Int(counts[place]) / 16))
                counts[place] -= UInt16(step)
                rest += step
            }
        }
    }

    /// Three bits for the size, eight for the first token, then for each token until the sum is reached the change of
    /// its count's width and the count's bits below the leading one.
    func write(to writer: inout BitWriter) {
        writer.append(UInt64(bits - Self.tableBits.lowerBound), count: 3)
        writer.append(UInt64(first), count: 8)
        var previous = bits - 2
        for count in counts {
            let width = UInt16.bitWidth - count.leadingZeroBitCount
            let change = ZigZag.encode(Int64(width - previous))
            writer.append(1 << (change >> 1), count: Int(change >> 1) + 1)
            writer.append(change & 1, count: 1)
            if width > 1 { writer.append(UInt64(count) & ((1 << UInt64(width - 1)) - 1), count: width - 1) }
            previous = width
        }
    }

    init(from reader: inout BitReader) throws(ChunkError) {
        bits = Self.tableBits.lowerBound + Int(reader.take(3))
        guard Self.tableBits.contains(bits) else { throw .corrupt }
        first = Int(reader.take(8))
        let size = 1 << bits
        var (sum, previous) = (0, bits - 2)
        while sum < size {
            let zeros = reader.peek().trailingZeroBitCount
            guard zeros <= 16, first + counts.count < ResidualToken.count else { throw .corrupt }
            reader.position += zeros + 1
            let width = previous + Int(ZigZag.decode(UInt64(zeros) << 1 | reader.take(1)))
            guard 0...bits + 1 ~= width else { throw .corrupt }
            let count = width == 0 ? 0 : 1 << (width - 1) | Int(reader.take(width - 1))
            sum += count
            counts.append(UInt16(truncatingIfNeeded: count))
            previous = width
        }
        guard sum == size else { throw .corrupt }
    }

    /// The place in ``counts`` of each state's token, spread so that every token's states lie evenly.
    @inline(__always)
    func spread(_ body: (_ state: Int, _ place: Int) -> Void) {
        let size = 1 << bits
        let step = size >> 1 + size >> 3 + 3
        var state = 0
        for (place, count) in counts.enumerated() {
            for _ in 0..<Int(count) {
                body(state, place)
                state = (state &+ step) & (size &- 1)
            }
        }
    }
}
