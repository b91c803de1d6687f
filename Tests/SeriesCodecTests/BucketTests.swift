import SeriesCodec
import Testing

@Suite("Buckets")
struct BucketTests {
    /// Buckets computed the long way: for each bucket a look at all points.
    private func plainBuckets(_ series: Series, _ aggregator: BucketAggregator) -> [Bucket.Plain] {
        let options = aggregator.options
        let numbers: [Double?] = series.times.indices.map { place in
            let isLeftOut = options.goodOnly && (series.quality?[place] ?? 0) != 0
            guard !series.isNull(at: place), !isLeftOut else { return nil }
            return series.values.number(at: place).flatMap { $0.isNaN ? nil : $0 }
        }
        var buckets: [Bucket.Plain] = []
        for start in stride(from: aggregator.from, to: aggregator.until, by: Int64.Stride(aggregator.width)) {
            let end = min(aggregator.until, start + aggregator.width)
            var bucket = Bucket.Plain(start: start)
            for (place, time) in series.times.enumerated() {
                guard let number = numbers[place] else { continue }
                if start <= time && time < end {
                    bucket.numbers.append(number)
                    if case .integer(let integers) = series.values { bucket.take(integers[place]) }
                }
                let next = place + 1 < series.count ? series.times[place + 1] : aggregator.until
                let longest = time.addingReportingOverflow(options.longestHold)
                let heldUntil = min(next, longest.overflow ? .max : longest.partialValue)
                let span = min(heldUntil, end) - max(time, start)
                guard span > 0 else { continue }
                bucket.heldMilliseconds += span
                bucket.heldSum += number * Double(span)
                bucket.heldMagnitude += abs(number) * Double(span)
            }
            if !bucket.numbers.isEmpty || bucket.heldMilliseconds > 0 { buckets.append(bucket) }
        }
        return buckets
    }

    private func complaint(_ bucket: Bucket, _ plain: Bucket.Plain, quantiles: Bool) -> String? {
        // Sums of numbers that cancel each other depend on the order; then `magnitude` tells what rounding may do.
        func near(_ a: Double, _ b: Double, magnitude: Double = 0) -> Bool {
            a == b || a.isNaN && b.isNaN || abs(a - b) <= 1e-9 * max(1, abs(a), abs(b), magnitude)
        }
        let sorted = plain.numbers.sorted()
        guard bucket.start == plain.start, bucket.count == plain.numbers.count else { return "other places or counts" }
        guard bucket.heldMilliseconds == plain.heldMilliseconds,
            near(bucket.heldSum, plain.heldSum, magnitude: plain.heldMagnitude)
        else {
            return
                "held \(bucket.heldSum) in \(bucket.heldMilliseconds), not \(plain.heldSum) in \(plain.heldMilliseconds)"
        }
        guard !sorted.isEmpty else { return nil }
        guard bucket.minimum == plain.minimum ?? sorted.first, bucket.maximum == plain.maximum ?? sorted.last,
            bucket.first == plain.numbers.first, bucket.last == plain.numbers.last,
            near(bucket.sum, plain.numbers.reduce(0, +), magnitude: plain.numbers.reduce(0) { $0 + abs($1) })
        else { return "\(bucket), not \(plain)" }
        guard quantiles else { return bucket.median == nil ? nil : "quantiles that nobody asked for" }
        for (quantile, fraction) in [(bucket.median, 0.5), (bucket.percentile95, 0.95)] {
            let exact = sorted[max(0, Int((fraction * Double(sorted.count)).rounded(.up)) - 1)]
            guard let quantile, near(quantile, exact) || abs(quantile - exact) <= 0.004 * abs(exact) else {
                return "quantile \(fraction) is \(String(describing: quantile)), not \(exact)"
            }
        }
        return nil
    }

    @Test("buckets are what a plain computation gives")
    func buckets() {
        check(sizes: 1...1_500) { random, size in
            let kind = [ValueKind.float64, .float32, .integer, .boolean][random.below(4)]
            var series = RandomSeries.make(&random, size, kind: kind)
            if random.chance(2) { series.times = RandomSeries.times(&random, size) }
            let (first, last) = (series.times[0], series.times[size - 1])
            // Sometimes the range begins behind the first point or ends before the last one.
            let from = first + Int64(random.below(3) - 1) * (last - first) / 4 - Int64(random.below(2))
            let until = max(from + 1, last + Int64(random.below(3) - 1) * (last - first) / 4 + 1)
            let width = max(1, (until - from) / Int64(1 + random.below(60)))
            let options = BucketAggregator.Options(
                quantiles: random.chance(2), goodOnly: random.chance(2),
                longestHold: random.chance(2) ? .max : Int64(random.below(200_000)))
            var aggregator = try BucketAggregator(from: from, until: until, width: width, options: options)
            // In several chunks, some with a clock.
            var place = 0
            while place < size {
                let end = min(size, place + 1 + random.below(size))
                let part = try picked(series, place..<end)
                let clock = random.chance(2) ? try SharedClock(part.times) : nil
                try aggregator.add(try SeriesChunk(part, clock: clock), clock: clock)
                place = end
            }
            let plain = plainBuckets(series, aggregator)
            let buckets = aggregator.finish()
            guard buckets.count == plain.count else { return "\(buckets.count) buckets, not \(plain.count)" }
            for (bucket, plain) in zip(buckets, plain) {
                if let complaint = complaint(bucket, plain, quantiles: options.quantiles) { return complaint }
            }
            return nil
        }
    }

    @Test("an integer that is no double lies between its bucket's minimum and maximum, which are the nearest outside")
    func wideIntegers() throws {
        let values: [Int64] = [9_007_199_254_740_993, .max, .min, -9_007_199_254_740_993, 1 << 60, 5]
        let times = values.indices.map { Int64($0) * 1_000 }
        for isOneByOne in [false, true] {
            var aggregator = try BucketAggregator(
                from: 0, until: 6_000, width: 1_000, options: .init(longestHold: isOneByOne ? 500 : .max))
            try aggregator.add(try SeriesChunk(Series(times: times, values: .integer(values))))
            let buckets = aggregator.finish()
            #expect(
                buckets.map(\.minimum) == [
                    9_007_199_254_740_992, 0x1.fffffffffffffp62, -0x1p63, -9_007_199_254_740_994, 0x1p60, 5,
                ])
            #expect(
                buckets.map(\.maximum) == [
                    9_007_199_254_740_994, 0x1p63, -0x1p63, -9_007_199_254_740_992, 0x1p60, 5,
                ])
            #expect(buckets.map(\.first) == values.map { Double($0) })
        }
    }

    @Test("integers that are no doubles keep their places beside nulls and bad points")
    func wideIntegersAndNulls() throws {
        let wide: Int64 = 9_007_199_254_740_993
        let series = Series(
            times: [0, 1, 2, 3], values: .integer([0, wide, -wide, wide + 1_024]), nulls: [true, false, false, false],
            quality: [0, 0, 192, 0])
        var aggregator = try BucketAggregator(from: 0, until: 4, width: 4, options: .init(goodOnly: true))
        try aggregator.add(try SeriesChunk(series))
        let bucket = try #require(aggregator.finish().first)
        #expect(bucket.count == 2)
        #expect(bucket.minimum == 9_007_199_254_740_992)
        #expect(bucket.maximum == 9_007_199_254_742_018)
    }

    @Test("a value is held over the border of a bucket")
    func timeWeighted() throws {
        let series = Series(times: [0, 1_500, 4_000], values: .float64([10, 20, 40]))
        var aggregator = try BucketAggregator(from: 0, until: 5_000, width: 1_000)
        try aggregator.add(try SeriesChunk(series))
        let buckets = aggregator.finish()
        #expect(buckets.map(\.timeWeightedMean) == [10, 15, 20, 20, 40])
        #expect(buckets.map(\.count) == [1, 1, 0, 0, 1])
        #expect(buckets.map(\.mean) == [10, 20, nil, nil, 40])
    }

    @Test("chunks that are not added in the order of time are refused")
    func orderOfChunks() throws {
        func chunk(_ times: [Int64]) throws -> SeriesChunk {
            try SeriesChunk(Series(times: times, values: .integer(times)))
        }
        for (first, second) in [
            ([100, 200], [199, 300]), ([-50, -40], [-45, 10]), ([100, 2_000], [1_500, 1_600]),
        ]
            as [([Int64], [Int64])]
        {
            var aggregator = try BucketAggregator(from: 0, until: 1_000, width: 100)
            try aggregator.add(try chunk(first))
            #expect(throws: ChunkError.unsortedTimes) { try aggregator.add(try chunk(second)) }
        }
        var aggregator = try BucketAggregator(from: 0, until: 1_000, width: 100)
        try aggregator.add(try chunk([100, 200]))
        try aggregator.add(try chunk([200, 300]))
        #expect(aggregator.finish().map(\.count) == [1, 2, 1, 0, 0, 0, 0, 0, 0])
    }

    @Test("a range with more buckets than memory is meant for is refused")
    func tooManyBuckets() throws {
        let limit = Int64(BucketAggregator.maximumCount)
        _ = try BucketAggregator(from: 0, until: limit * 10, width: 10)
        #expect(throws: ChunkError.tooManyBuckets) {
            try BucketAggregator(from: 0, until: limit * 10 + 1, width: 10)
        }
        #expect(throws: ChunkError.tooManyBuckets) {
            try BucketAggregator(from: -1 << 61, until: 1 << 61, width: 1)
        }
    }

    @Test("a range that is none is refused")
    func invalidRanges() {
        for (from, until, width) in [(10, 10, 1), (10, 0, 1), (0, 10, 0), (0, 10, -1), (.min, 0, 1), (0, .max, 1)]
            as [(Int64, Int64, Int64)]
        {
            #expect(throws: ChunkError.invalidRange) { try BucketAggregator(from: from, until: until, width: width) }
        }
    }

    @Test("texts have no buckets")
    func texts() throws {
        let chunk = try SeriesChunk(Series(times: [0], values: .text(TextColumn(["on"]))))
        var aggregator = try BucketAggregator(from: 0, until: 10, width: 10)
        #expect(throws: ChunkError.wrongKind(.text)) { try aggregator.add(chunk) }
    }

    @Test("quantiles of numbers whose sum is no double any more are numbers", arguments: [1e306, -1.7e308, .infinity])
    func hugeQuantiles(_ number: Double) {
        var (whole, other) = (QuantileSketch(), QuantileSketch())
        for place in 0..<2_000 {
            whole.insert(number * (1 - Double(place % 7) * 1e-4))
            other.insert(number)
        }
        whole.merge(other)
        let median = whole.quantile(0.5) ?? .nan
        #expect(median == number || abs(median / number - 1) <= 0.004)
    }

    @Test("a sketch of many numbers, also of several sketches together, is off by less than 0.4 %")
    func sketch() {
        check(cases: 40, sizes: 1...20_000) { random, size in
            var (whole, parts) = (QuantileSketch(), [QuantileSketch](repeating: QuantileSketch(), count: 3))
            var numbers: [Double] = []
            for _ in 0..<size * 8 {
                let number = (random.uniform() - 0.3) * 1_000
                numbers.append(number)
                whole.insert(number)
                parts[random.below(3)].insert(number)
            }
            numbers.sort()
            var merged = parts[0]
            merged.merge(parts[1])
            merged.merge(parts[2])
            guard whole.count == numbers.count, merged.count == numbers.count else { return "other counts" }
            for fraction in [0, 0.01, 0.25, 0.5, 0.95, 1] {
                let exact = numbers[max(0, Int((fraction * Double(numbers.count)).rounded(.up)) - 1)]
                for estimate in [whole.quantile(fraction), merged.quantile(fraction)] {
                    guard let estimate, abs(estimate - exact) <= 0.004 * abs(exact) else {
                        return "\(fraction): \(String(describing: estimate)), not \(exact)"
                    }
                }
            }
            return nil
        }
    }
}

extension Bucket {
    /// A bucket with all its numbers.
    struct Plain {
        var start: Int64
        var numbers: [Double] = []
        var heldSum = 0.0
        /// The same sum of the numbers without their signs.
        var heldMagnitude = 0.0
        var heldMilliseconds: Int64 = 0
        /// Of integers, outside of all of them.
        var minimum: Double?
        var maximum: Double?

        mutating func take(_ integer: Int64) {
            minimum = min(minimum ?? .infinity, outside(integer).below)
            maximum = max(maximum ?? -.infinity, outside(integer).above)
        }
    }
}
