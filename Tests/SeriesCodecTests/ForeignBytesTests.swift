import SeriesCodec
import Testing

@Suite("Foreign bytes")
struct ForeignBytesTests {
    @Test("a changed, cut or longer chunk is refused")
    func changes() {
        check(sizes: 1...300) { random, size in
            let bytes = try SeriesChunk(RandomSeries.make(&random, size)).bytes
            var changed = bytes
            switch random.below(3) {
            case 0: changed[random.below(changed.count)] ^= UInt8(1 << random.below(8))
            case 1: changed.removeLast(1 + random.below(changed.count))
            default: changed.append(UInt8(random.below(256)))
            }
            do {
                _ = try SeriesChunk(bytes: changed)
                return "accepted"
            } catch { return nil }
        }
    }

    @Test("the version that is not known is named")
    func version() throws {
        var bytes = try SeriesChunk(Series(times: [1], values: .integer([1]))).bytes
        bytes[0] = 2 << 4 | bytes[0] & 15
        #expect(throws: ChunkError.unknownVersion(2)) { try SeriesChunk(bytes: bytes) }
        #expect(throws: ChunkError.corrupt) { try SeriesChunk(bytes: []) }
    }

    @Test("bytes with a right checksum and any contents are decoded or refused, never more")
    func forged() {
        check(cases: 1_000, sizes: 1...300) { random, size in
            let clock = try SharedClock((0..<400).map { Int64($0) * 60_000 })
            var series = RandomSeries.make(&random, size)
            let usesClock = random.chance(3)
            if usesClock { series.times = Array(clock.times.prefix(size)) }
            var bytes = try SeriesChunk(series, clock: usesClock ? clock : nil).bytes
            for _ in 0...random.below(4) { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if random.chance(10) { bytes.removeSubrange(random.below(bytes.count)...) }
            ChunkForgery.seal(&bytes)
            ChunkForgery.decodeEverything(bytes, clock: clock)
            return nil
        }
    }

    @Test("chunks that version 1 wrote are read for ever")
    func goldenChunks() throws {
        let clock = try SharedClock(bytes: bytes(GoldenChunks.clock))
        #expect(clock.times == GoldenSeries.minutes)
        for (name, hex) in GoldenChunks.chunks {
            let expected = try #require(GoldenSeries.named(name))
            let series = try SeriesChunk(bytes: bytes(hex)).decode(clock: clock)
            #expect(difference(series, expected) == nil, "\(name)")
        }
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap { place in
            UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16)
        }
    }
}
