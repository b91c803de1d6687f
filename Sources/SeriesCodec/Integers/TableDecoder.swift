/// Reads what ``TableEncoder`` wrote, a block at a time.
struct TableDecoder {
    /// What a state means, in one word: 11 bits of the next states' base, 4 bits that tell how many bits choose among
    /// them, 6 bits of the number of plain bits, 4 bits that stand above those.
    private let entries: [UInt32]
    private let laneCount: Int
    /// Whether two residuals never need more bits than one look into the stream gives.
    private let isNarrow: Bool
    private var bits: BitReader
    /// The states; the next residual is the first lane's.
    private var lanes: SIMD4<Int> = .zero

    init(_ bytes: UnsafeRawBufferPointer) throws(ChunkError) {
        bits = BitReader(bytes)
        let counts = try TokenCounts(from: &bits)
        laneCount = bits.take(1) == 1 ? 4 : 2
        for lane in 0..<laneCount { lanes[lane] = Int(bits.take(counts.bits)) }
        entries = Self.entries(counts)
        let widest = counts.bits + ResidualToken.extraBits(counts.first + counts.counts.count - 1)
        isNarrow = 2 * widest <= 57
    }

    private static func entries(_ counts: TokenCounts) -> [UInt32] {
        let size = 1 << counts.bits
        return [UInt32](unsafeUninitializedCapacity: size) { entries, filled in
            filled = size
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * ResidualToken.count) { scratch in
                let parts = UnsafeMutableBufferPointer(rebasing: scratch[..<ResidualToken.count])
                let next = UnsafeMutableBufferPointer(rebasing: scratch[ResidualToken.count...])
                for (place, count) in counts.counts.enumerated() {
                    let token = counts.first + place
                    next[place] = UInt32(count)
                    parts[place] =
                        UInt32(ResidualToken.extraBits(token)) << 15 | UInt32(ResidualToken.lead(token)) << 21
                }
                counts.spread { state, place in entries[state] = UInt32(truncatingIfNeeded: place) }
                for state in 0..<size {
                    let place = Int(truncatingIfNeeded: entries[state])
                    let occurrence = next[place]
                    next[place] = occurrence &+ 1
                    let width = UInt32(counts.bits) &- (31 &- UInt32(occurrence.leadingZeroBitCount))
                    let base = occurrence &<< width &- UInt32(size)
                    entries[state] = base | width &<< 11 | parts[place]
                }
            }
        }
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
            var (a, b, c, d) = (lanes[0], lanes[1], lanes[2], lanes[3])
            switch (laneCount == 4, isNarrow) {
            case (true, true):
                while index &+ 4 <= count {
                    (values[index], values[index &+ 1]) = Self.narrowSteps(table, &a, &b, &bits)
                    (values[index &+ 2], values[index &+ 3]) = Self.narrowSteps(table, &c, &d, &bits)
                    index &+= 4
                }
            case (true, false):
                while index &+ 4 <= count {
                    values[index] = Self.step(table, &a, &bits)
                    values[index &+ 1] = Self.step(table, &b, &bits)
                    values[index &+ 2] = Self.step(table, &c, &bits)
                    values[index &+ 3] = Self.step(table, &d, &bits)
                    index &+= 4
                }
            case (false, true):
                while index &+ 2 <= count {
                    (values[index], values[index &+ 1]) = Self.narrowSteps(table, &a, &b, &bits)
                    index &+= 2
                }
            case (false, false):
                while index &+ 2 <= count {
                    values[index] = Self.step(table, &a, &bits)
                    values[index &+ 1] = Self.step(table, &b, &bits)
                    index &+= 2
                }
            }
            lanes = SIMD4(a, b, c, d)
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

    /// Two residuals from one look into the stream.
    @inline(__always)
    private static func narrowSteps(
        _ table: UnsafePointer<UInt32>, _ first: inout Int, _ second: inout Int, _ bits: inout BitReader
    ) -> (UInt64, UInt64) {
        let word = bits.peek()
        let (one, two) = (UInt64(table[first]), UInt64(table[second]))
        let (width, extra) = ((one &>> 11) & 15, (one &>> 15) & 63)
        let (secondWidth, secondExtra) = ((two &>> 11) & 15, (two &>> 15) & 63)
        first = Int(truncatingIfNeeded: (one & 2047) &+ (word & ((1 &<< width) &- 1)))
        let low = (one &>> 21) &<< extra | (word &>> width) & ((1 &<< extra) &- 1)
        let rest = word &>> (width &+ extra)
        second = Int(truncatingIfNeeded: (two & 2047) &+ (rest & ((1 &<< secondWidth) &- 1)))
        let high = (two &>> 21) &<< secondExtra | (rest &>> secondWidth) & ((1 &<< secondExtra) &- 1)
        bits.position &+= Int(truncatingIfNeeded: width &+ extra &+ secondWidth &+ secondExtra)
        return (low, high)
    }
}
