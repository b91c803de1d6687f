/// Writes residuals by an asymmetric numeral system over ``ResidualToken``s (J. Duda's tANS): each token costs the
/// logarithm of its frequency, to a fraction of a bit. See ``TableDecoder`` for the way back.
///
/// Four states take turns, so that four residuals decode side by side:
///
///     TokenCounts · the four states · for each four residuals: the bits of their states, then their plain bits
///
/// Behind the last four no states follow: their bits are zeros, and left out if no residual has plain bits.
struct TableEncoder {
    private static let laneCount = 4

    private let counts: TokenCounts
    /// The state (with the size added) of the n-th occurrence of a token, by token.
    private let states: [UInt16]
    private let starts: [Int32]

    static func encode(_ residuals: UnsafeBufferPointer<UInt64>) -> [UInt8] {
        guard !residuals.isEmpty else { return [] }
        return encode(residuals, TokenCounts(residuals))
    }

    /// - Parameter counts: of the residuals, which are not none.
    static func encode(_ residuals: UnsafeBufferPointer<UInt64>, _ counts: TokenCounts) -> [UInt8] {
        TableEncoder(counts).write(residuals)
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
        let padded = (residuals.count + Self.laneCount - 1) / Self.laneCount * Self.laneCount
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: padded) { steps in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: padded) { places in
                // Where the last four are not four, the others are the token that has most states.
                let filler = counts.counts.indices.max { counts.counts[$0] < counts.counts[$1] } ?? 0
                places[residuals.count...].update(repeating: UInt8(truncatingIfNeeded: filler))
                let (plainBits, first) = (UInt64(truncatingIfNeeded: counts.plainBits), counts.first)
                for index in residuals.indices {
                    let token = ResidualToken.token(of: residuals[index] &>> plainBits)
                    places[index] = UInt8(truncatingIfNeeded: token &- first)
                }
                var writer = BitWriter(capacity: Int(counts.cost))
                counts.write(to: &writer)
                for head in fillSteps(steps, places) { writer.append(UInt64(head), count: counts.bits) }
                writeFours(residuals, steps, places, to: &writer)
                return writer.finish()
            }
        }
    }

    /// For each residual the bits of its state and, above sixteen bits, how many they are.
    /// - Returns: the states that the decoder begins with.
    private func fillSteps(
        _ steps: UnsafeMutableBufferPointer<UInt32>, _ places: UnsafeMutableBufferPointer<UInt8>
    ) -> [Int] {
        let size = 1 << counts.bits
        var heads: SIMD4<Int> = .zero
        let lastFour = places.count - Self.laneCount
        for index in lastFour..<places.count {
            let place = Int(places[index])
            let last = 2 * Int(counts.counts[place]) - 1
            heads[index - lastFour] = Int(states[Int(starts[place]) + last / 2])
            steps[index] = UInt32(counts.bits - (Int.bitWidth - 1 - last.leadingZeroBitCount)) << 16
        }
        counts.counts.withUnsafeBufferPointer { counts in
            states.withUnsafeBufferPointer { states in
                starts.withUnsafeBufferPointer { starts in
                    let bits = self.counts.bits
                    @inline(__always)
                    func step(_ index: Int, _ head: Int) -> Int {
                        let place = Int(truncatingIfNeeded: places[index])
                        let count = Int(truncatingIfNeeded: counts[place])
                        var width = bits &- (63 &- (count | 1).leadingZeroBitCount)
                        if head &>> width < count { width &-= 1 }
                        steps[index] = UInt32(truncatingIfNeeded: width &<< 16 | head & ((1 &<< width) &- 1))
                        return Int(states[Int(starts[place]) &+ (head &>> width) &- count])
                    }
                    var (a, b, c, d) = (heads[0], heads[1], heads[2], heads[3])
                    var four = lastFour
                    while four > 0 {
                        four &-= 4
                        d = step(four &+ 3, d)
                        c = step(four &+ 2, c)
                        b = step(four &+ 1, b)
                        a = step(four, a)
                    }
                    heads = SIMD4(a, b, c, d)
                }
            }
        }
        return (0..<Self.laneCount).map { heads[$0] - size }
    }

    private func writeFours(
        _ residuals: UnsafeBufferPointer<UInt64>, _ steps: UnsafeMutableBufferPointer<UInt32>,
        _ places: UnsafeMutableBufferPointer<UInt8>, to writer: inout BitWriter
    ) {
        let hasPayloads = counts.largestPayload > 0
        let (first, plainBits) = (counts.first, counts.plainBits)
        for four in stride(from: 0, to: hasPayloads ? steps.count : steps.count - Self.laneCount, by: Self.laneCount) {
            var (states, used) = (UInt64(0), UInt64(0))
            for index in four..<four &+ Self.laneCount {
                states |= UInt64(steps[index] & 0xffff) &<< used
                used &+= UInt64(steps[index] &>> 16)
            }
            writer.append(states, count: Int(truncatingIfNeeded: used))
            guard hasPayloads else { continue }
            for index in four..<min(four &+ Self.laneCount, residuals.count) {
                let width = ResidualToken.extraBits(Int(truncatingIfNeeded: places[index]) &+ first) &+ plainBits
                writer.append(residuals[index] & ((1 &<< UInt64(truncatingIfNeeded: width)) &- 1), count: width)
            }
        }
    }
}
