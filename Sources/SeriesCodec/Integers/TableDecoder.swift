/// Reads what ``TableEncoder`` wrote, a block at a time.
struct TableDecoder {
    /// What a state means, in one word: 11 bits of the next states' base, 4 bits that tell how many bits choose among
    /// them, 6 bits of the number of plain bits, 4 bits that stand above those.
    private let entries: [UInt32]
    private let laneCount: Int
    private var bits: BitReader
    /// The states; the next residual is the first lane's.
    private var lanes: SIMD4<Int> = .zero

    init(_ bytes: UnsafeRawBufferPointer) throws(ChunkError) {
        bits = BitReader(bytes)
        let counts = try TokenCounts(from: &bits)
        laneCount = bits.take(1) == 1 ? 4 : 2
        for lane in 0..<laneCount { lanes[lane] = Int(bits.take(counts.bits)) }
        let size = 1 << counts.bits
        var entries = [UInt32](repeating: 0, count: size)
        counts.spread { state, token in entries[state] = UInt32(token) }
        var next = counts.counts
        for state in 0..<size {
            let token = Int(entries[state])
            let occurrence = Int(next[token - counts.first])
            next[token - counts.first] += 1
            let width = counts.bits - (63 - occurrence.leadingZeroBitCount)
            let base = occurrence << width - size
            entries[state] =
                UInt32(base) | UInt32(width) << 11 | UInt32(ResidualToken.extraBits(token)) << 15
                | UInt32(ResidualToken.lead(token)) << 21
        }
        self.entries = entries
    }

    var overran: Bool { bits.overran }

    /// The next residuals. Any bytes give some numbers: a state is always below the table's size, because an entry's
    /// base and the bits that are added to it are.
    mutating func decode(into target: UnsafeMutableBufferPointer<UInt64>) {
        guard let values = target.baseAddress else { return }
        let count = target.count
        var (bits, lanes) = (bits, lanes)
        entries.withUnsafeBufferPointer { buffer in
            guard let table = buffer.baseAddress else { return }
            var index = 0
            if laneCount == 4 {
                var (a, b, c, d) = (lanes[0], lanes[1], lanes[2], lanes[3])
                while index &+ 4 <= count {
                    values[index] = Self.step(table, &a, &bits)
                    values[index &+ 1] = Self.step(table, &b, &bits)
                    values[index &+ 2] = Self.step(table, &c, &bits)
                    values[index &+ 3] = Self.step(table, &d, &bits)
                    index &+= 4
                }
                lanes = SIMD4(a, b, c, d)
            } else {
                var (a, b) = (lanes[0], lanes[1])
                while index &+ 2 <= count {
                    values[index] = Self.step(table, &a, &bits)
                    values[index &+ 1] = Self.step(table, &b, &bits)
                    index &+= 2
                }
                lanes = SIMD4(a, b, 0, 0)
            }
            while index < count {
                var state = lanes[0]
                values[index] = Self.step(table, &state, &bits)
                lanes = laneCount == 4 ? SIMD4(lanes[1], lanes[2], lanes[3], state) : SIMD4(lanes[1], state, 0, 0)
                index &+= 1
            }
        }
        (self.bits, self.lanes) = (bits, lanes)
    }

    @inline(__always)
    private static func step(_ table: UnsafePointer<UInt32>, _ state: inout Int, _ bits: inout BitReader) -> UInt64 {
        let entry = UInt64(table[state])
        let width = (entry &>> 11) & 15
        let extra = (entry &>> 15) & 63
        let word = bits.peek()
        state = Int(truncatingIfNeeded: (entry & 2047) &+ (word & ((1 &<< width) &- 1)))
        if width &+ extra > 57 {
            bits.position &+= Int(truncatingIfNeeded: width)
            return (entry &>> 21) &<< extra | bits.take(Int(truncatingIfNeeded: extra))
        }
        bits.position &+= Int(truncatingIfNeeded: width &+ extra)
        return (entry &>> 21) &<< extra | (word &>> width) & ((1 &<< extra) &- 1)
    }
}
