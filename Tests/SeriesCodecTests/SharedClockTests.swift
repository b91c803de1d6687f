import SeriesCodec
import Testing

@Suite("Shared clocks")
struct SharedClockTests {
    /// Some of the clock's times.
    private func subset(_ random: inout Random, _ clock: [Int64]) -> [Int64] {
        let share = 1 + random.below(12)
        let keeps = random.chance(2)
        let times = clock.filter { _ in random.chance(share) == keeps }
        return times.isEmpty ? clock : times
    }

    private func series(_ random: inout Random, _ times: [Int64]) -> Series {
        var series = RandomSeries.make(&random, times.count)
        series.times = times
        return series
    }

    @Test("a clock comes back, and so does a series that has some of its times")
    func roundTrip() {
        check { random, size in
            let times = RandomSeries.times(&random, size)
            let clock = try SharedClock(bytes: try SharedClock(times).bytes)
            guard clock.times == times else { return "other times" }
            let series = series(&random, subset(&random, times))
            let chunk = try SeriesChunk(series, clock: clock)
            guard chunk.refersToClock else { return "no reference" }
            return try difference(SeriesChunk(bytes: chunk.bytes).decode(clock: clock), series)
        }
    }

    @Test("a clock of several columns has the times of each, as often as it does")
    func uniting() {
        check { random, size in
            let columns = (0..<3).map { _ in RandomSeries.times(&random, 1 + random.below(size)) }
            let clock = try SharedClock(SharedClock.times(uniting: columns))
            for column in columns {
                let series = series(&random, column)
                if let difference = try difference(SeriesChunk(series, clock: clock).decode(clock: clock), series) {
                    return difference
                }
            }
            return nil
        }
    }

    @Test("ranges, late points, deletion and moves work with a clock as without")
    func operations() {
        check { random, size in
            let clock = try SharedClock(RandomSeries.times(&random, size))
            let series = series(&random, subset(&random, clock.times))
            let chunk = try SeriesChunk(series, clock: clock)
            let plain = try SeriesChunk(series)
            var choice = EncodingChoice()
            let from = clock.times[random.below(size)]
            let until = max(from, clock.times[random.below(size)])
            if let difference = try difference(
                chunk.decode(from: from, until: until, clock: clock), plain.decode(from: from, until: until))
            {
                return "range: \(difference)"
            }
            let rest = try chunk.removing(from: from, until: until, clock: clock, choice: &choice)
            let plainRest = try plain.removing(from: from, until: until, choice: &choice)
            guard (rest == nil) == (plainRest == nil) else { return "deletion leaves something, or nothing" }
            if let rest, let plainRest, let difference = try difference(rest.decode(clock: clock), plainRest.decode()) {
                return "deletion: \(difference)"
            }
            let late = RandomSeries.make(&random, 5, kind: series.values.kind)
            let newClock = try SharedClock(SharedClock.times(uniting: [clock.times, late.times]))
            let merged = try chunk.merging(late, clock: clock, newClock: newClock, choice: &choice)
            if let difference = try difference(
                merged.decode(clock: newClock), plain.merging(late, choice: &choice).decode())
            {
                return "late points: \(difference)"
            }
            let moved = try chunk.moved(from: clock, to: newClock)
            if let difference = try difference(moved.decode(clock: newClock), series) { return "move: \(difference)" }
            let own = try moved.moved(from: newClock, to: nil)
            return try difference(own.decode(), series).map { "back: \($0)" }
        }
    }

    @Test("a chunk without its clock, or with another, is refused")
    func wrongClock() throws {
        let clock = try SharedClock([1, 2, 3])
        let other = try SharedClock([1, 2, 4])
        let chunk = try SeriesChunk(Series(times: [1, 3], values: .boolean([true, false])), clock: clock)
        #expect(throws: ChunkError.clockMismatch) { try chunk.decode() }
        #expect(throws: ChunkError.clockMismatch) { try chunk.decode(clock: other) }
        #expect(try chunk.times(clock: clock) == [1, 3])
        #expect(throws: ChunkError.timeNotInClock(5)) {
            try SeriesChunk(Series(times: [1, 5], values: .boolean([true, false])), clock: clock)
        }
        #expect(throws: ChunkError.corrupt) { try SharedClock(bytes: chunk.bytes) }
        #expect(throws: ChunkError.corrupt) { try SeriesChunk(bytes: clock.bytes) }
    }
}
