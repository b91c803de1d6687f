/// Writes residuals by an asymmetric numeral system over ``ResidualToken``s (J. Duda's tANS): each token costs the
/// logarithm of its frequency, to a fraction of a bit. See ``TableDecoder`` for the way back.
struct TableEncoder {
    /// Streams from this length on are coded in four interleaved lanes instead of two, which decode side by side.
    static let manyLanesFrom = 3_000

    private let counts: TokenCounts
    /// The state (with the size added) of the n-th occurrence of a token, by token.
    private let states: [UInt16]
    private let starts: [Int32]

    static func encode(_ residuals: UnsafeBufferPointer<UInt64>) -> [UInt8] {
        guard !residuals.isEmpty else { return [] }
        let counts = withHistogram(of: residuals) { TokenCounts(histogram: $0, total: residuals.count) }
        return TableEncoder(counts).write(residuals)
    }

    static func withHistogram<Result>(
        of residuals: UnsafeBufferPointer<UInt64>, _ body: (UnsafeBufferPointer<UInt32>) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: ResidualToken.count) { histogram in
            histogram.initialize(repeating: 0)
            for residual in residuals { histogram[ResidualToken.token(of: residual)] &+= 1 }
            return body(UnsafeBufferPointer(histogram))
        }
    }

    private init(_ counts: TokenCounts) {
        self.counts = counts
        let size = 1 << counts.bits
        var tokens = [Int](repeating: 0, count: size)
        counts.spread { state, place in tokens[state] = place }
        var starts: [Int32] = []
        var sum: Int32 = 0
        for count in counts.counts {
            starts.append(sum)
            sum += Int32(count)
        }
        var next = starts
        var states = [UInt16](repeating: 0, count: size)
        for state in 0..<size {
            states[Int(next[tokens[state]])] = UInt16(size + state)
            next[tokens[state]] += 1
        }
        (self.starts, self.states) = (starts, states)
    }

    /// The decoder goes forward, so the encoder goes backward and keeps what each step gives out.
    private func write(_ residuals: UnsafeBufferPointer<UInt64>) -> [UInt8] {
        let lanes = residuals.count >= Self.manyLanesFrom ? 4 : 2
        let size = 1 << counts.bits
        var heads = [Int](repeating: size, count: lanes)
        var writer = BitWriter()
        counts.write(to: &writer)
        writer.append(lanes == 4 ? 1 : 0, count: 1)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: residuals.count) { steps in
            var index = residuals.count - 1
            while index >= 0 {
                let place = ResidualToken.token(of: residuals[index]) &- counts.first
                let lane = index & (lanes &- 1)
                let count = Int(counts.counts[place])
                let head = heads[lane]
                var width = counts.bits &- (63 &- count.leadingZeroBitCount)
                if head &>> width < count { width &-= 1 }
                steps[index] = UInt32(truncatingIfNeeded: width &<< 16 | head & ((1 &<< width) &- 1))
                heads[lane] = Int(states[Int(starts[place]) &+ (head &>> width) &- count])
                index &-= 1
            }
            for head in heads { writer.append(UInt64(head - size), count: counts.bits) }
            for (index, residual) in residuals.enumerated() {
                writer.append(UInt64(steps[index] & 0xffff), count: Int(steps[index] &>> 16))
                let extra = ResidualToken.extraBits(ResidualToken.token(of: residual))
                writer.append(residual & ((1 &<< UInt64(truncatingIfNeeded: extra)) &- 1), count: extra)
            }
        }
        return writer.finish()
    }
}
