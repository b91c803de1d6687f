import SeriesCodec
import Testing

@Suite("Chunks are without loss")
struct RoundTripTests {
    @Test("every kind and shape comes back to the bit", arguments: ValueKind.allCases)
    func roundTrip(_ kind: ValueKind) {
        check { random, size in
            let series = RandomSeries.make(&random, size, kind: kind)
            let chunk = try SeriesChunk(bytes: try SeriesChunk(series).bytes)
            return try difference(chunk.decode(), series)
        }
    }

    @Test("a chunk that follows the last one's choice comes back to the bit")
    func followsChoice() {
        check { random, size in
            var choice = EncodingChoice()
            var kind = ValueKind.allCases[random.below(ValueKind.allCases.count)]
            for _ in 0..<6 {
                // A device may begin to send something else under the same name.
                if random.below(2) == 0 { kind = ValueKind.allCases[random.below(ValueKind.allCases.count)] }
                let series = RandomSeries.make(&random, size, kind: kind)
                let chunk = try SeriesChunk(series, choice: &choice)
                if let difference = try difference(chunk.decode(), series) { return difference }
            }
            return nil
        }
    }

    @Test("a choice of another kind of value is not followed")
    func choiceOfAnotherKind() throws {
        let decimals = (0..<500).map { Double($0 % 37) / 10 }
        let times = decimals.indices.map { Int64($0) * 60_000 }
        for first in [
            SeriesValues.float64(decimals), .float64(decimals.map { $0 / 3 }),
            .integer([Int64](repeating: 7, count: 500)),
        ] {
            var choice = EncodingChoice()
            _ = try SeriesChunk(Series(times: times, values: first), choice: &choice)
            let narrow = Series(times: times, values: .float32(decimals.map { Float($0) }))
            let constant = Series(times: times, values: .float32([Float](repeating: 7, count: 500)))
            for series in [narrow, constant] {
                var following = choice
                let chunk = try SeriesChunk(series, choice: &following)
                #expect(try difference(chunk.decode(), series) == nil)
            }
        }
    }

    @Test("a choice that fits is kept, and one that does not is dropped")
    func keepsChoice() throws {
        func series(_ values: [Double]) -> Series {
            Series(times: values.indices.map { Int64($0) * 60_000 }, values: .float64(values))
        }
        var random = Random(seed: 7)
        var choice = EncodingChoice()
        let decimals = (0..<1_440).map { _ in Double(random.below(300)) / 10 }
        let cold = try SeriesChunk(series(decimals), choice: &choice)
        let warm = try SeriesChunk(series(decimals), choice: &choice)
        #expect(cold.bytes == warm.bytes)
        let noise = (0..<1_440).map { _ in Double(random.below(300)) / 7 }
        let followed = try SeriesChunk(series(noise), choice: &choice)
        #expect(followed.bytes == (try SeriesChunk(series(noise))).bytes)
    }

    @Test("the odd numbers of IEEE 754 come back to the bit, alone and together")
    func oddNumbers() throws {
        var random = Random(seed: 3)
        let many = (0..<2_000).map { _ in RandomSeries.oddDouble(&random) }
        for values in [many] + many.prefix(200).map({ [$0] }) + many.prefix(200).map({ [21.5, 21.6, $0, 21.4] }) {
            let series = Series(times: values.indices.map { Int64($0) }, values: .float64(values))
            #expect(difference(try SeriesChunk(series).decode(), series) == nil)
        }
    }

    @Test("a chunk takes 1 to 65,536 points")
    func countLimits() throws {
        func series(_ count: Int) -> Series {
            Series(times: (0..<count).map { Int64($0) }, values: .integer((0..<count).map { Int64($0 * $0 % 977) }))
        }
        for count in [1, 2, 3, SeriesChunk.maximumCount] {
            let made = series(count)
            #expect(difference(try SeriesChunk(made).decode(), made) == nil)
        }
        for count in [0, SeriesChunk.maximumCount + 1] {
            #expect(throws: ChunkError.countOutOfRange(count)) { try SeriesChunk(series(count)) }
        }
    }

    @Test("columns of different lengths and times that go back are refused")
    func refusals() {
        #expect(throws: ChunkError.unequalLengths) {
            try SeriesChunk(Series(times: [1, 2], values: .integer([1])))
        }
        #expect(throws: ChunkError.unequalLengths) {
            try SeriesChunk(Series(times: [1, 2], values: .integer([1, 2]), nulls: [true]))
        }
        #expect(throws: ChunkError.unsortedTimes) {
            try SeriesChunk(Series(times: [2, 1], values: .integer([1, 2])))
        }
    }

    @Test("repeating decimals are quotients, not raw bits")
    func repeatingDecimals() throws {
        var random = Random(seed: 11)
        for divisor in [3.0, 7, 12, 60] {
            let values = (0..<1_440).map { _ in Double(random.below(100)) / divisor }
            let series = Series(times: values.indices.map { Int64($0) * 60_000 }, values: .float64(values))
            let chunk = try SeriesChunk(series)
            #expect(difference(try chunk.decode(), series) == nil)
            #expect(chunk.bytes.count < 1_440, "1/\(divisor): \(chunk.bytes.count) bytes")
        }
    }

    @Test("as many different texts as a chunk may have take time for each, not for each pair", .timeLimit(.minutes(1)))
    func differentTexts() throws {
        let texts = (0..<SeriesChunk.maximumCount).map {
            "{\"serial\":\"\($0 * 7_919 % 65_537)\",\"model\":\"meter of heat\"}"
        }
        let series = Series(times: texts.indices.map { Int64($0) }, values: .json(TextColumn(texts)))
        let chunk = try SeriesChunk(series)
        #expect(difference(try chunk.decode(), series) == nil)
        var choice = EncodingChoice()
        let late = Series(times: (0..<100).map { 600 * $0 }, values: .json(TextColumn(texts.prefix(100).reversed())))
        let merged = try chunk.merging(late, choice: &choice).decode()
        for place in late.times.indices { #expect(point(merged, 600 * place) == point(late, place)) }
    }
}
