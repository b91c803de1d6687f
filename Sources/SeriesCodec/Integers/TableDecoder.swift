/// Reads what ``TableEncoder`` wrote, four residuals at a time. A class, because it is too large to be moved about.
final class TableDecoder {
    private static let laneCount = 4

    /// What a state means; see ``TableEntry``.
    private let entries: [UInt64]
    /// The logarithm of their number.
    private let stateWidth: Int
    /// Of any residual, at most: how many of its bits are plain.
    private let payloadWidth: Int
    private var bits: BitReader
    /// The states; the next residual is the first lane's, because only whole fours are taken from the stream.
    private var lanes: SIMD4<UInt64> = .zero
    /// The four that were taken last where fewer were asked for, and behind which bit each one ends.
    private var pending: SIMD4<UInt64> = .zero
    private var pendingEnds: SIMD4<Int> = .zero
    /// The first of them that nobody asked for yet.
    private var nextPending = laneCount
    /// The bit behind the last residual that was handed out.
    private var end: Int

    init(_ bytes: UnsafeRawBufferPointer) throws(ChunkError) {
        var bits = BitReader(bytes)
        let counts = try TokenCounts(from: &bits)
        for lane in 0..<Self.laneCount { lanes[lane] = bits.take(counts.bits) }
        self.bits = bits
        entries = Self.entries(counts)
        stateWidth = counts.bits
        payloadWidth = counts.largestPayload
        end = bits.position
    }

    var overran: Bool { bits.endsBefore(end) }

    private static func entries(_ counts: TokenCounts) -> [UInt64] {
        let size = 1 << counts.bits
        return [UInt64](unsafeUninitializedCapacity: size) { entries, filled in
            filled = size
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: ResidualToken.count) { next in
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { places in
                    var start = 0
                    for (place, count) in counts.counts.enumerated() where count > 0 {
                        let count = Int(count)
                        UnsafeMutableBufferPointer(rebasing: places[start..<start + count])
                            .update(repeating: UInt8(truncatingIfNeeded: place))
                        start += count
                        let token = counts.first + place
                        let width = counts.bits - (Int.bitWidth - 1 - count.leadingZeroBitCount)
                        let payload = counts.plainBits + ResidualToken.extraBits(token)
                        let lead = UInt64(ResidualToken.lead(token)) << TableEntry.leadPlace
                        next[place] =
                            UInt64(count - size >> width) << TableEntry.nextPlace | lead
                            | UInt64(payload) << TableEntry.payloadPlace | UInt64(width)
                    }
                    fill(entries, size: UInt64(size), places, next, stride: counts.stateStride)
                }
            }
        }
    }

    /// A token's states in order have its occurrences in order. Where the number of occurrences reaches a power of two,
    /// one bit less chooses among twice as many next states.
    @inline(__always)
    private static func fill(
        _ entries: UnsafeMutableBufferPointer<UInt64>, size: UInt64, _ places: UnsafeMutableBufferPointer<UInt8>,
        _ next: UnsafeMutableBufferPointer<UInt64>, stride: Int
    ) {
        let mask = Int(truncatingIfNeeded: size &- 1)
        var index = 0
        for state in 0...mask {
            let place = Int(truncatingIfNeeded: places[index])
            index = (index &+ stride) & mask
            let entry = next[place]
            entries[state] = entry
            var following = entry &+ 1 &<< TableEntry.nextPlace
            if (following &>> TableEntry.nextPlace) &<< entry == size { following = (entry & 0xffff_ffff) &- 1 }
            next[place] = following
        }
    }

    /// The next residuals. Any bytes give some numbers: a state is always below the table's size, because an entry's
    /// base and the bits that are added to it are.
    func decode(into target: UnsafeMutableBufferPointer<UInt64>) {
        guard let values = target.baseAddress else { return }
        let count = target.count
        var index = 0
        while index < count, nextPending < Self.laneCount {
            values[index] = pending[nextPending]
            end = pendingEnds[nextPending]
            nextPending += 1
            index += 1
        }
        let whole = (count - index) / Self.laneCount
        if whole > 0 {
            let start = values + index
            switch payloadWidth {
            case 0: take(whole, start, NoPayloads.self)
            case ...(BitReader.look / 4): take(whole, start, PayloadsInOneLook.self)
            case ...(BitReader.look / 2): take(whole, start, PayloadsInTwoLooks.self)
            case ...BitReader.look: take(whole, start, PayloadsInFourLooks.self)
            default: take(whole, start, WidePayloads.self)
            }
            index += whole * Self.laneCount
        }
        if index < count { takeLast(UnsafeMutableBufferPointer(rebasing: target[index...])) }
    }

    /// Residuals from whole fours: the bits of the states of each, then the plain bits.
    @inline(__always)
    private func take<Payloads: PayloadReader>(
        _ fours: Int, _ target: UnsafeMutablePointer<UInt64>, _ payloads: Payloads.Type
    ) {
        let far = min(fours, bits.stepsFarFromEnd(Self.laneCount * (stateWidth + payloadWidth)))
        step(far, target, payloads) { $0.peekFarFromEnd() }
        step(fours - far, target + Self.laneCount * far, payloads) { $0.peek() }
    }

    @inline(__always)
    private func step<Payloads: PayloadReader>(
        _ fours: Int, _ target: UnsafeMutablePointer<UInt64>, _ payloads: Payloads.Type,
        _ look: (BitReader) -> UInt64
    ) {
        guard fours > 0 else { return }
        var (bits, end) = (bits, end)
        var (a, b, c, d) = (lanes[0], lanes[1], lanes[2], lanes[3])
        entries.withUnsafeBufferPointer { buffer in
            guard let table = buffer.baseAddress else { return }
            var values = target
            for _ in 0..<fours {
                let one = table[Int(truncatingIfNeeded: a)]
                let two = table[Int(truncatingIfNeeded: b)]
                let three = table[Int(truncatingIfNeeded: c)]
                let four = table[Int(truncatingIfNeeded: d)]
                // No field of the sum runs over into the next.
                let sum = one &+ two &+ three &+ four
                var word = look(bits)
                a = TableEntry.next(one, &word)
                b = TableEntry.next(two, &word)
                c = TableEntry.next(three, &word)
                d = TableEntry.next(four, &word)
                end = bits.position
                bits.position &+= Int(truncatingIfNeeded: sum & 0xff)
                (values[0], values[1], values[2], values[3]) = payloads.residuals(bits, (one, two, three, four), look)
                values += 4
                if Payloads.exist {
                    bits.position &+= Int(truncatingIfNeeded: (sum &>> TableEntry.payloadPlace) & 0xff)
                    end = bits.position
                }
            }
        }
        lanes = SIMD4(a, b, c, d)
        (self.bits, self.end) = (bits, end)
    }

    /// One to three residuals: four are taken, and the others wait until they are asked for. Behind the last residual of
    /// the stream they mean nothing and nobody asks.
    private func takeLast(_ target: UnsafeMutableBufferPointer<UInt64>) {
        pendingEnds = SIMD4(repeating: bits.position)
        if payloadWidth > 0 {
            var place = bits.position
            for lane in 0..<Self.laneCount { place += Int(entries[Int(lanes[lane])] & 0xff) }
            for lane in 0..<Self.laneCount {
                place += Int(TableEntry.payloadWidth(entries[Int(lanes[lane])]))
                pendingEnds[lane] = place
            }
        }
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: Self.laneCount) { four in
            guard let start = four.baseAddress else { return }
            take(1, start, WidePayloads.self)
            pending = SIMD4(four[0], four[1], four[2], four[3])
        }
        for index in target.indices { target[index] = pending[index] }
        nextPending = target.count
        end = pendingEnds[target.count - 1]
    }
}
