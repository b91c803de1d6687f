import Testing

@testable import SeriesCodec

@Suite("Streams of integers")
struct IntegerStreamTests {
    /// Numbers that suit each of the coders, and widths up to all bits.
    private func integers(_ random: inout Random, _ size: Int) -> [Int64] {
        let form = random.below(6)
        let width = UInt64(1 + random.below(63))
        let scale = Int64(1 + random.below(5))
        var walk: Int64 = 0
        return (0..<size).map { _ in
            let noise = Int64(random.next() >> (64 - width))
            walk &+= noise &- 1 << (width - 1)
            return switch form {
            case 0: noise
            case 1: walk &* scale
            case 2: random.chance(50) ? noise : walk
            case 3: random.chance(40) ? noise &* scale : 0
            case 4: random.chance(9) ? noise : noise % 20
            default: Int64(bitPattern: random.next())
            }
        }
    }

    /// Decodes in blocks of any sizes.
    private func decoded(
        _ random: inout Random, _ bytes: [UInt8], count: Int,
        _ decode: (inout IntegerStreamDecoder, UnsafeMutableBufferPointer<Int64>) -> Void
    ) throws -> [Int64] {
        let largest = 1 + random.below(max(1, min(count, 1 << random.below(12))))
        return try bytes.withRawBytes { (raw) throws(ChunkError) in
            var decoder = try IntegerStreamDecoder(raw)
            return try [Int64](filling: count) { (target) throws(ChunkError) in
                var place = 0
                while place < count {
                    let end = min(count, place + random.below(largest + 1))
                    decode(&decoder, UnsafeMutableBufferPointer(rebasing: target[place..<end]))
                    place = end
                }
                try decoder.finish()
            }
        }
    }

    @Test("a stream comes back, whatever the blocks in which it is read")
    func blocks() {
        check(cases: 600) { random, size in
            let values = integers(&random, size)
            let bytes = IntegerStreamEncoder.encode(values)
            return try decoded(&random, bytes, count: size) { $0.decode(into: $1) } == values ? nil : "other integers"
        }
    }

    @Test("quotients are those of the integers, to the bit")
    func quotients() {
        check(cases: 300) { random, size in
            let values = integers(&random, size)
            let divisor = [10.0, 1_000, 3, 12, 40_960, 1e15][random.below(6)]
            let bytes = IntegerStreamEncoder.encode(values)
            let bits = try decoded(&random, bytes, count: size) { $0.decode(into: $1, dividedBy: divisor) }
            return bits == values.map { Int64(bitPattern: (Double($0) / divisor).bitPattern) } ? nil : "other quotients"
        }
    }

    @Test("a stream that is cut says so", arguments: [1, 2, 9])
    func cut(_ missing: Int) {
        check(sizes: 30...2_500) { random, size in
            let values = (0..<size).map { _ in Int64(random.below(1 << (1 + random.below(40)))) }
            let bytes = IntegerStreamEncoder.encode(values)
            do {
                _ = try decoded(&random, Array(bytes.dropLast(missing)), count: size) { $0.decode(into: $1) }
                return "nothing is missed"
            } catch ChunkError.corrupt { return nil }
        }
    }

    @Test("noise of one width is written plainly, and what has a shape is not")
    func coders() {
        var random = Random(seed: 5)
        func coder(_ values: [Int64]) -> ResidualCoder? {
            IntegerStreamForm(rawValue: IntegerStreamEncoder.encode(values)[0]).coder
        }
        let even: [Int64] = (0..<1_440).map { _ in Int64(random.below(256)) }
        let bell: [Int64] = (0..<1_440).map { _ in Int64(random.below(12) + random.below(12) + random.below(12)) }
        let rare: [Int64] = (0..<1_440).map { $0 % 500 == 77 ? Int64($0) : 0 }
        #expect(coder(even) == .plain)
        #expect(coder(bell) == .table)
        #expect(coder(rare) == .adaptive)
    }
}
