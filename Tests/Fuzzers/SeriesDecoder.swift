// fuzz: SeriesCodec
import SeriesCodec

/// Decodes the input as a chunk and as a clock, in every way there is. The last four bytes are replaced with the right
/// checksum, because nobody would see behind it otherwise. What can be decoded is encoded again and must stay the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSeriesDecoder(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 4 else { return 0 }
    var bytes = Array(UnsafeBufferPointer(start: start, count: count - 4))
    var checksum = bytes.withUnsafeBytes(Checksum.of)
    for _ in 0..<4 {
        bytes.append(UInt8(truncatingIfNeeded: checksum))
        checksum >>= 8
    }
    if let own = try? SharedClock(bytes: bytes) {
        guard let again = try? SharedClock(own.times), again.times == own.times,
            let read = try? SharedClock(bytes: again.bytes), read.times == own.times
        else { fatalError("a clock cannot be written again") }
    }
    guard let clock, let chunk = try? SeriesChunk(bytes: bytes) else { return 0 }
    let (from, until) = (clock.times[20], clock.times[300])
    var choice = EncodingChoice()
    if let series = try? chunk.decode(clock: clock) {
        do {
            let again = try SeriesChunk(series, choice: &choice).decode()
            precondition(
                again.times == series.times && same(again, series), "a chunk changed when it was written again")
            _ = try ChunkStatistics(series)
            _ = try chunk.merging(series, clock: clock, choice: &choice)
        } catch { fatalError("a chunk cannot be written again: \(error)") }
    }
    _ = try? chunk.decode(from: from, until: until, clock: clock)
    _ = try? chunk.removing(from: from, until: until, clock: clock, choice: &choice)
    _ = try? chunk.moved(from: clock, to: nil)
    // Without a longest hold whole buckets are taken at once.
    let options = BucketAggregator.Options(
        quantiles: true, goodOnly: count % 2 == 0, longestHold: count % 3 == 0 ? 1 << (count % 40) : .max)
    aggregate(chunk, clock, from, until, 300_000, options)
    if let times = try? chunk.decode(clock: clock).times, let first = times.first, let last = times.last,
        first.magnitude < 1 << 60, last.magnitude < 1 << 60
    {
        aggregate(chunk, clock, first, last + 1, (last - first) / 7 + 1, options)
    }
    return 0
}

private func aggregate(
    _ chunk: SeriesChunk, _ clock: SharedClock, _ from: Int64, _ until: Int64, _ width: Int64,
    _ options: BucketAggregator.Options
) {
    guard var aggregator = try? BucketAggregator(from: from, until: until, width: width, options: options),
        (try? aggregator.add(chunk, clock: clock)) != nil
    else { return }
    _ = aggregator.finish()
}

/// To the bit, but for what stands under nulls.
private func same(_ left: Series, _ right: Series) -> Bool {
    left.times.indices.allSatisfy { place in
        guard left.isNull(at: place) == right.isNull(at: place) else { return false }
        guard !left.isNull(at: place) else { return true }
        return switch (left.values, right.values) {
        case (.float64(let own), .float64(let other)): own[place].bitPattern == other[place].bitPattern
        case (.float32(let own), .float32(let other)): own[place].bitPattern == other[place].bitPattern
        case (.integer(let own), .integer(let other)): own[place] == other[place]
        case (.boolean(let own), .boolean(let other)): own[place] == other[place]
        case (.text(let own), .text(let other)), (.json(let own), .json(let other)):
            own.entryBytes(Int(own.codes[place])) == other.entryBytes(Int(other.codes[place]))
        default: false
        }
    }
}

/// The one that the seeds refer to.
private let clock = try? SharedClock((0..<400).map { 1_767_225_600_000 + 60_000 * $0 })
