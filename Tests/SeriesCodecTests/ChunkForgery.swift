@testable import SeriesCodec

/// Chunks that an attacker with a right checksum could hand over.
enum ChunkForgery {
    /// Puts the right checksum at the end, so that the contents are looked at.
    static func seal(_ bytes: inout [UInt8]) {
        guard bytes.count > 4 else { return }
        bytes.removeLast(4)
        bytes.appendFixed32(bytes.withUnsafeBytes(Checksum.of))
    }

    /// Every operation that reads the bytes; errors are fine.
    static func decodeEverything(_ bytes: [UInt8], clock: SharedClock) {
        _ = try? SharedClock(bytes: bytes)
        guard let chunk = try? SeriesChunk(bytes: bytes) else { return }
        var choice = EncodingChoice()
        let (from, until) = (clock.times[0], clock.times[clock.times.count - 1])
        if let series = try? chunk.decode(clock: clock) {
            _ = try? ChunkStatistics(series)
            _ = try? SeriesChunk(series, choice: &choice)
        }
        _ = try? chunk.decode(from: from, until: until, clock: clock)
        _ = try? chunk.removing(from: from, until: until, clock: clock, choice: &choice)
        _ = try? chunk.moved(from: clock, to: nil)
        let options = BucketAggregator.Options(quantiles: true, goodOnly: true)
        guard var aggregator = try? BucketAggregator(from: from, until: until, width: 300_000, options: options),
            (try? aggregator.add(chunk, clock: clock)) != nil
        else { return }
        _ = aggregator.finish()
    }
}
