/// Sums chunks up into buckets of equal width while it decodes them, a block of points at a time.
///
/// Add the chunks of one series in the order of time; a bucket may span several. A value is held until the next point:
/// the last one before the range counts for the time-weighted mean, and null, NaN or left-out points end the hold.
package struct BucketAggregator: Sendable {
    package struct Options: Sendable {
        /// Computes the median and the 95th percentile.
        package var quantiles = false
        /// Leaves out points whose quality is not 0.
        package var goodOnly = false
        /// No value is held for longer, in milliseconds.
        package var longestHold = Int64.max

        package init(quantiles: Bool = false, goodOnly: Bool = false, longestHold: Int64 = .max) {
            (self.quantiles, self.goodOnly, self.longestHold) = (quantiles, goodOnly, longestHold)
        }
    }

    /// A range is divided into at most so many buckets, which take 88 bytes each: a year of five minutes.
    package static let maximumCount = 131_072

    package let from: Int64
    package let until: Int64
    package let width: Int64
    package let options: Options
    private var buckets: [Bucket] = []
    private var running: RunningBucket
    private var sketch = QuantileSketch()
    /// Of the points that were added.
    var lastTime = Int64.min

    /// Buckets start at `from + n × width`, and the last one ends at `until`.
    /// - Parameters:
    ///   - from: less than `until`; both in milliseconds since 1970 UTC and within ±2^61.
    ///   - width: greater than 0, in milliseconds.
    /// - Throws: ``ChunkError/invalidRange`` for anything else; ``ChunkError/tooManyBuckets``: the range has more than
    ///   ``maximumCount``.
    package init(
        from: Int64, until: Int64, width: Int64, options: Options = Options()
    ) throws(ChunkError) {
        guard from < until, width > 0, from.magnitude <= 1 << 61, until.magnitude <= 1 << 61 else {
            throw .invalidRange
        }
        (self.from, self.until, self.width, self.options) = (from, until, width, options)
        running = RunningBucket(start: from, end: width < until - from ? from + width : until)
        let count = (until - from - 1) / width + 1
        guard count <= Self.maximumCount else { throw .tooManyBuckets }
        buckets.reserveCapacity(Int(count))
    }

    /// Adds points whose times are not before those already added. NaN is a point without a number.
    /// - Parameters:
    ///   - wideIntegers: what the values are, where they are integers and one of them may be no double.
    ///   - weights: memory for as many numbers as there are points.
    mutating func add(
        times: UnsafeBufferPointer<Int64>, values: UnsafeBufferPointer<Double>, wideIntegers: [Int64]?,
        weights: UnsafeMutableBufferPointer<Double>
    ) {
        guard let times = times.baseAddress, let numbers = values.baseAddress, let weights = weights.baseAddress else {
            return
        }
        let count = values.count
        var place = 0
        var running = running
        while place < count, times[place] < from {
            let value = numbers[place]
            running.held = value
            // A time from foreign bytes may be so early that a difference would overflow.
            running.heldSince = max(times[place], -(1 << 62))
            running.holdLeft = value.isNaN ? 0 : options.longestHold
            place &+= 1
        }
        running.skipHoldBeforeStart()
        let points = WeightedPoints(times, numbers, weights, places: place..<count)
        let (longest, until, quantiles) = (options.longestHold, until, options.quantiles)
        let arePlain = points.arePlain && points.longestDistance <= longest && wideIntegers == nil
        while place < count {
            let time = times[place]
            if time >= running.end {
                if time >= until { break }
                advance(&running, to: time)
            }
            let start = place
            if arePlain, running.isEmpty {
                place = addWholeBuckets(&running, points, from: place)
                guard place == start else { continue }
            }
            running.add(numbers[place], at: time, longestHold: longest)
            if let wideIntegers, numbers[place] == numbers[place] { running.widen(to: wideIntegers[place]) }
            place &+= 1
            if arePlain { place = running.addPlain(points, from: place) }
            guard quantiles else { continue }
            for number in start..<place where numbers[number] == numbers[number] { sketch.insert(numbers[number]) }
        }
        self.running = running
    }

    /// As long as all points of a bucket are there, and its first one is at `start`. The next bucket is running afterwards.
    /// - Parameters:
    ///   - running: has no points yet.
    ///   - points: plain, and each is held until the next.
    /// - Returns: the place of the first point that was not added; the one before it is held.
    private mutating func addWholeBuckets(
        _ running: inout RunningBucket, _ points: WeightedPoints, from start: Int
    ) -> Int {
        let (width, until, quantiles) = (width, until, options.quantiles)
        var (bucketStart, bucketEnd) = (running.start, running.end)
        var (held, heldSince, holdLeft) = (running.held, running.heldSince, running.holdLeft)
        var place = start
        // As many points as the last bucket had, most often.
        var length = 1
        while points.times[place] < bucketEnd {
            let next = points.place(notBefore: bucketEnd, from: place, guess: length)
            guard next < points.count else { break }
            length = next &- place
            let first = points.numbers[place]
            var (sum, least, greatest, weight) = (first, first, first, 0.0)
            points.accumulate(place &+ 1..<next, &sum, &least, &greatest, &weight)
            let last = points.numbers[next &- 1]
            weight += last * Double(bucketEnd &- points.times[next &- 1])
            var milliseconds = bucketEnd &- points.times[place]
            let lead = min(points.times[place] &- heldSince, holdLeft)
            // Where something infinite was held for no time, the product would be no number.
            if lead > 0 {
                weight += held * Double(lead)
                milliseconds &+= lead
            }
            // At least until the next point, because no distance is longer.
            (held, heldSince, holdLeft) = (last, bucketEnd, .max)
            var bucket = Bucket(start: bucketStart)
            bucket.count = length
            (bucket.minimum, bucket.maximum, bucket.sum) = (least, greatest, sum)
            (bucket.first, bucket.last) = (first, last)
            (bucket.heldSum, bucket.heldMilliseconds) = (weight, milliseconds)
            if quantiles {
                addQuantiles(to: &bucket, UnsafeBufferPointer(start: points.numbers + place, count: length))
            }
            buckets.append(bucket)
            place = next
            bucketStart = bucketEnd
            bucketEnd = width < until &- bucketStart ? bucketStart &+ width : until
        }
        guard place > start else { return start }
        running.restart(bucketStart, end: bucketEnd)
        (running.held, running.heldSince) = (held, heldSince)
        let longest = options.longestHold
        running.holdLeft = longest == .max ? .max : longest - (heldSince - points.times[place &- 1])
        return place
    }

    /// Closes buckets until `time`, which is before `until` and not in the running one, is in the running one.
    @inline(__always)
    private mutating func advance(_ running: inout RunningBucket, to time: Int64) {
        close(&running)
        let next = running.end
        if time &- next < width {
            running.restart(next, end: width < until &- next ? next &+ width : until)
        } else {
            advanceFar(&running, to: time)
        }
    }

    /// The running bucket is closed, and the next one does not contain `time`.
    @inline(never)
    private mutating func advanceFar(_ running: inout RunningBucket, to time: Int64) {
        while true {
            var start = running.end
            if running.holdLeft == 0 {
                // Nothing happens in between.
                start += (time - start) / width * width
            }
            running.restart(start, end: width < until - start ? start + width : until)
            guard time >= running.end else { return }
            close(&running)
        }
    }

    @inline(__always)
    private mutating func close(_ running: inout RunningBucket) {
        running.accountForHold(until: running.end)
        guard running.count > 0 || running.heldMilliseconds > 0 else { return }
        var bucket = running.bucket
        if options.quantiles && running.count > 0 { closeQuantiles(of: &bucket) }
        buckets.append(bucket)
    }

    /// - Parameters:
    ///   - bucket: has its maximum.
    ///   - numbers: all of the bucket's.
    @inline(__always)
    private mutating func addQuantiles(to bucket: inout Bucket, _ numbers: UnsafeBufferPointer<Double>) {
        if numbers.count <= FewNumbers.limit {
            bucket.median = FewNumbers.median(numbers)
            bucket.percentile95 = bucket.maximum
        } else {
            sketch.insert(contentsOf: numbers)
            closeQuantiles(of: &bucket)
        }
    }

    private mutating func closeQuantiles(of bucket: inout Bucket) {
        (bucket.median, bucket.percentile95) = sketch.close()
    }

    /// The buckets that have points or were held in, in the order of time. The last value is held to the end of the
    /// range. Nothing can be added afterwards.
    package mutating func finish() -> [Bucket] {
        var running = running
        if running.holdLeft > 0, running.end < until { advance(&running, to: until - 1) }
        close(&running)
        defer { buckets = [] }
        return buckets
    }
}
