/// How often each token occurs, scaled so that the counts add up to a power of two: the table of an entropy coder.
struct TokenCounts {
    static let tableBits = 5...11

    /// The counts add up to 2^bits.
    let bits: Int
    private(set) var first = 0
    private(set) var counts: [UInt16] = []

    /// How many low bits of every residual are plain, so that tokens are about what is above them.
    let plainBits: Int

    /// About how many bits all residuals take, the table included.
    private(set) var cost = 0.0

    /// With as many plain bits as make the residuals shortest.
    /// - Parameter residuals: not empty.
    init(_ residuals: UnsafeBufferPointer<UInt64>) {
        let mean = residuals.reduce(0) { $0 &+ min($1, 1 << 46) } / UInt64(residuals.count)
        let width = 64 - mean.leadingZeroBitCount
        let least = max(0, width - 5)
        self = Self.withFineHistogram(of: residuals, plainBits: least) { fine in
            let total = residuals.count
            var best = TokenCounts(fine, total: total, plainBits: least, more: 0)
            for more in 1..<max(1, min(4, width - 1 - least)) {
                let other = TokenCounts(fine, total: total, plainBits: least, more: more)
                if other.cost < best.cost { best = other }
            }
            let smaller = TokenCounts(fine, total: total, plainBits: least, more: best.plainBits - least, halvings: 1)
            return smaller.cost < best.cost ? smaller : best
        }
    }

    /// Below this, each number is counted for itself; from it on, tokens are.
    private static let fineCount = 128

    /// How often each number below ``fineCount`` occurs above the plain bits, and then how often each token of the others.
    private static func withFineHistogram<Result>(
        of residuals: UnsafeBufferPointer<UInt64>, plainBits: Int, _ body: (UnsafeBufferPointer<UInt32>) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: fineCount + ResidualToken.count) { fine in
            fine.initialize(repeating: 0)
            for residual in residuals {
                let number = residual &>> UInt64(truncatingIfNeeded: plainBits)
                let place =
                    number < UInt64(fineCount)
                    ? Int(truncatingIfNeeded: number) : fineCount &+ ResidualToken.token(of: number)
                fine[place] &+= 1
            }
            return body(UnsafeBufferPointer(fine))
        }
    }

    /// - Parameters:
    ///   - fine: of ``withFineHistogram(of:plainBits:_:)`` with so many plain bits.
    ///   - more: at most three more plain bits: of the tokens of larger numbers, four belong to each power of two.
    ///   - halvings: of the table, as it would be for as many residuals.
    private init(_ fine: UnsafeBufferPointer<UInt32>, total: Int, plainBits: Int, more: Int, halvings: Int = 0) {
        self = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: ResidualToken.count) { histogram in
            histogram.initialize(repeating: 0)
            for number in 0..<Self.fineCount {
                histogram[ResidualToken.token(of: UInt64(number >> more))] += fine[number]
            }
            for token in ResidualToken.token(of: UInt64(Self.fineCount))..<ResidualToken.count {
                histogram[token - 4 * more] += fine[Self.fineCount + token]
            }
            let histogram = UnsafeBufferPointer(histogram)
            var counts = TokenCounts(
                histogram: histogram, total: total, plainBits: plainBits + more, halvings: halvings)
            counts.cost = counts.cost(histogram)
            return counts
        }
    }

    private func cost(_ histogram: UnsafeBufferPointer<UInt32>) -> Double {
        var sum = Double(4 * bits)
        for (place, count) in counts.enumerated() {
            guard count > 0 else {
                sum += 2
                continue
            }
            let logarithm = ResidualCost.logarithm(UInt32(count))
            let extra = ResidualToken.extraBits(first + place) + plainBits
            sum += Double(histogram[first + place]) * (Double(bits + extra) - logarithm) + logarithm + 2
        }
        return sum
    }

    /// - Parameter histogram: ``ResidualToken/count`` counts, not all zero.
    private init(histogram: UnsafeBufferPointer<UInt32>, total: Int, plainBits: Int, halvings: Int) {
        self.plainBits = plainBits
        var used = 0
        var last = 0
        var start = -1
        for token in 0..<histogram.count where histogram[token] > 0 {
            used += 1
            last = token
            if start < 0 { start = token }
        }
        first = max(start, 0)
        let wanted = Int.bitWidth - total.leadingZeroBitCount - 3 - halvings
        var bits = min(Self.tableBits.upperBound, max(Self.tableBits.lowerBound, wanted))
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

    /// Three bits for the size, six for the plain bits, a zero if the first token is 0, or a one and the token in eight
    /// bits, then for each token until the sum is reached the change of its count's width and the count's bits below the
    /// leading one.
    func write(to writer: inout BitWriter) {
        writer.append(UInt64(bits - Self.tableBits.lowerBound), count: 3)
        writer.append(UInt64(plainBits), count: 6)
        writer.append(first > 0 ? UInt64(first) << 1 | 1 : 0, count: first > 0 ? 9 : 1)
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
        plainBits = Int(reader.take(6))
        first = reader.take(1) == 1 ? Int(reader.take(8)) : 0
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
        guard sum == size, largestPayload < UInt64.bitWidth else {
            throw .corrupt
        }
    }

    /// How many plain bits a residual has at most.
    var largestPayload: Int { plainBits + ResidualToken.extraBits(first + counts.count - 1) }

    /// From one state to the next, so far apart are they in the order of tokens, if that is a circle.
    var stateStride: Int {
        var inverse = spreadStep
        // Each round doubles the low bits in which this is the inverse.
        for _ in 0..<4 { inverse = inverse &* (2 &- spreadStep &* inverse) }
        return inverse & ((1 << bits) - 1)
    }

    private var spreadStep: Int { 1 << (bits - 1) + 1 << (bits - 3) + 3 }

    /// The place in ``counts`` of each state's token, spread so that every token's states lie evenly.
    @inline(__always)
    func spread(_ body: (_ state: Int, _ place: Int) -> Void) {
        let size = 1 << bits
        let step = spreadStep
        var state = 0
        for (place, count) in counts.enumerated() {
            for _ in 0..<Int(count) {
                body(state, place)
                state = (state &+ step) & (size &- 1)
            }
        }
    }
}
