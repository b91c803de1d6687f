import SeriesCodec

/// Times of a month of minutes that is read from its bytes into buckets of five minutes.
enum BucketBenchmark {
    private static let days = 30

    private struct Shape {
        var kind: String
        var clock = "exact minute"
        var text = ""
        var hasNulls = false
        var hasBad = false
        var options = BucketAggregator.Options()

        /// Nulls and quality codes are streams of their own, each of as many integers as the values; the limit is of
        /// one stream.
        var limit: Double? { hasNulls || hasBad ? nil : 0.4 }
    }

    private static let shapes: [Shape] = [
        Shape(kind: "temperature, 1 decimal"),
        Shape(kind: "temperature, 1 decimal", text: "6 % null", hasNulls: true),
        Shape(
            kind: "temperature, 1 decimal", text: "3 % bad, good ones only", hasBad: true,
            options: .init(goodOnly: true)),
        Shape(kind: "temperature, 1 decimal", text: "held 90 s at most", options: .init(longestHold: 90_000)),
        Shape(
            kind: "temperature, 1 decimal", text: "all three", hasNulls: true, hasBad: true,
            options: .init(goodOnly: true, longestHold: 90_000)),
        Shape(kind: "voltage", clock: "server milliseconds"),
        Shape(kind: "voltage", clock: "server milliseconds", text: "6 % null", hasNulls: true),
        Shape(kind: "float64 noise"),
        Shape(kind: "on/off"),
        Shape(kind: "integer level"),
        Shape(kind: "thirds"),
        Shape(kind: "mean of three decimals"),
    ]

    static func run() throws {
        print(
            """

            43,200 points from the bytes of 30 chunks and 30 clocks into 5-minute buckets: count, minimum, maximum, sum, first, last,
            time-weighted mean; and the same with p50 and p95. Accept: <= 0.4 ms where the values are all that is read; nulls and
            quality codes are as many integers more, each.
            """)
        print(SeriesBenchmark.padded("kind, clock", 64) + "     ms        with p50, p95")
        for shape in shapes { try measure(shape) }
    }

    private static func measure(_ shape: Shape) throws {
        guard let kind = SeriesData.kinds.first(where: { $0.name == shape.kind }),
            let clock = SeriesData.clocks.first(where: { $0.name == shape.clock })
        else { return }
        let count = SeriesBenchmark.points
        let times = clock.make(days * count, 4)
        let stored = try (0..<days).map { number -> (clock: [UInt8], chunk: [UInt8]) in
            let clock = try SharedClock(Array(times[number * count..<(number + 1) * count]))
            var series = Series(times: clock.times, values: kind.make(count, UInt64(number)))
            var random = SeededRandom(seed: UInt64(number))
            if shape.hasNulls { series.nulls = times.prefix(count).map { _ in random.uniform() < 0.06 } }
            if shape.hasBad { series.quality = times.prefix(count).map { _ in random.uniform() < 0.03 ? 192 : 0 } }
            return (clock.bytes, try SeriesChunk(series, clock: clock).bytes)
        }
        var text = "\(shape.kind), \(shape.clock)" + (shape.text.isEmpty ? "" : ", " + shape.text)
        text = SeriesBenchmark.padded(text, 64)
        for quantiles in [false, true] {
            var options = shape.options
            options.quantiles = quantiles
            let time = try SeriesBenchmark.nanoseconds(calls: 20) {
                var aggregator = try BucketAggregator(
                    from: SeriesData.start, until: SeriesData.start + Int64(days) * 86_400_000, width: 300_000,
                    options: options)
                for (clock, chunk) in stored {
                    try aggregator.add(try SeriesChunk(bytes: chunk), clock: try SharedClock(bytes: clock))
                }
                precondition(aggregator.finish().count == days * 288, "buckets are missing")
            }
            text += SeriesBenchmark.judged(time / 1e6, "%8.4f", limit: shape.limit) + "   "
        }
        print(text)
    }
}
