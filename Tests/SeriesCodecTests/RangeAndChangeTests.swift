import SeriesCodec
import Testing

@Suite("Ranges, late points and deletion")
struct RangeAndChangeTests {
    /// A range about the series, sometimes empty, sometimes all.
    private func range(_ random: inout Random, _ series: Series) -> (from: Int64, until: Int64) {
        func limit(_ random: inout Random) -> Int64 {
            let time = series.times[random.below(series.count)]
            return time + Int64(random.below(3)) - 1
        }
        let (a, b) = (limit(&random), limit(&random))
        return random.chance(10) ? (.min, .max) : (min(a, b), max(a, b))
    }

    @Test("a range is what filtering the points gives")
    func range() {
        check { random, size in
            let series = RandomSeries.make(&random, size)
            let (from, until) = range(&random, series)
            let expected = try picked(
                series, series.times.indices.filter { from <= series.times[$0] && series.times[$0] < until })
            return try difference(SeriesChunk(series).decode(from: from, until: until), expected)
        }
    }

    @Test("a deleted range is what filtering the points leaves")
    func deletion() {
        check { random, size in
            let series = RandomSeries.make(&random, size)
            let (from, until) = range(&random, series)
            var choice = EncodingChoice()
            let expected = try picked(
                series, series.times.indices.filter { !(from <= series.times[$0] && series.times[$0] < until) })
            let rest = try SeriesChunk(series).removing(from: from, until: until, choice: &choice)
            guard let rest else { return expected.isEmpty ? nil : "nothing is left of \(expected.count)" }
            return try difference(rest.decode(), expected)
        }
    }

    @Test("late points win over those of their time, and the last of a batch wins over the others")
    func merge() {
        check { random, size in
            let kind = ValueKind.allCases[random.below(ValueKind.allCases.count)]
            let series = RandomSeries.make(&random, size, kind: kind)
            var late = RandomSeries.make(&random, 1 + random.below(20), kind: kind)
            if random.chance(2) {
                late.times = late.times.indices.map { _ in
                    series.times[random.below(size)] + (random.chance(2) ? 0 : 1)
                }.sorted()
            }
            var choice = EncodingChoice()
            let merged = try SeriesChunk(series).merging(late, choice: &choice).decode()

            // Plainly: old points at no late time, and the last late point of each time, in the order of time.
            var points: [(time: Int64, point: Point)] = []
            for place in series.times.indices where !late.times.contains(series.times[place]) {
                points.append((series.times[place], point(series, place)))
            }
            for place in late.times.indices where late.times.lastIndex(of: late.times[place]) == place {
                let index = points.firstIndex { $0.time > late.times[place] } ?? points.count
                points.insert((late.times[place], point(late, place)), at: index)
            }
            guard merged.times == points.map(\.time) else { return "other times" }
            for place in points.indices where point(merged, place) != points[place].point {
                return "point \(place) is \(point(merged, place)), not \(points[place].point)"
            }
            return nil
        }
    }

    @Test("points of another kind cannot be merged")
    func mergeKinds() throws {
        let chunk = try SeriesChunk(Series(times: [1], values: .integer([1])))
        var choice = EncodingChoice()
        #expect(throws: ChunkError.wrongKind(.boolean)) {
            try chunk.merging(Series(times: [2], values: .boolean([true])), choice: &choice)
        }
    }

    @Test("a series that is no series is refused before anything is merged into it")
    func mergeIntoUnsorted() throws {
        let late = Series(times: [2], values: .integer([2]))
        #expect(throws: ChunkError.unsortedTimes) {
            try Series(times: [5, 1], values: .integer([1, 2])).merging(late)
        }
        #expect(throws: ChunkError.unequalLengths) { try Series(times: [1, 5], values: .integer([1])).merging(late) }
        #expect(throws: ChunkError.wrongKind(.integer)) {
            try Series(times: [5, 1], values: .boolean([true, true])).merging(late)
        }
    }

    @Test("a point that is not null and has no text is refused, and one that is null needs none")
    func missingTexts() throws {
        var column = TextColumn()
        column.appendPlaceholder()
        let series = Series(times: [1], values: .text(column))
        #expect(throws: ChunkError.textMissing(0)) { try SeriesChunk(series) }
        #expect(throws: ChunkError.textMissing(0)) {
            try Series(times: [], values: .text(TextColumn())).merging(series)
        }
        // Also where there are texts that it could be taken for.
        column.append("on")
        column.appendPlaceholder()
        let more = Series(times: [1, 2, 3], values: .json(column), nulls: [true, false, false])
        #expect(throws: ChunkError.textMissing(2)) { try SeriesChunk(more) }
        #expect(column[2] == "")
        let null = Series(times: [1, 2, 3], values: .json(column), nulls: [true, false, true])
        let decoded = try SeriesChunk(null).decode()
        #expect(difference(decoded, null) == nil)
        guard case .json(let texts) = decoded.values else { return }
        #expect(texts.codes == [-1, 0, -1])
    }

    @Test("statistics are those of the numbers that are there")
    func statistics() {
        check { random, size in
            let series = RandomSeries.make(&random, size)
            let statistics = try ChunkStatistics(series)
            let numbers = series.times.indices.compactMap { place in
                series.isNull(at: place) ? nil : series.values.number(at: place).flatMap { $0.isNaN ? nil : $0 }
            }
            let sum = numbers.reduce(0, +)
            var (least, greatest) = (numbers.min(), numbers.max())
            if case .integer(let integers) = series.values {
                let present = series.times.indices.filter { !series.isNull(at: $0) }.map { outside(integers[$0]) }
                (least, greatest) = (present.map(\.below).min(), present.map(\.above).max())
            }
            let isRight =
                statistics.count == size && statistics.firstTime == series.times.first
                && statistics.lastTime == series.times.last && statistics.numberCount == numbers.count
                && statistics.nullCount == series.nulls?.count(where: { $0 }) ?? 0
                && statistics.badCount == series.quality?.count(where: { $0 != 0 }) ?? 0
                && statistics.minimum == least && statistics.maximum == greatest
                && statistics.first == numbers.first && statistics.last == numbers.last
                && (statistics.sum == sum || statistics.sum.isNaN && sum.isNaN)
            return isRight ? nil : "\(statistics)"
        }
    }
}
