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

    package let from: Int64
    package let until: Int64
    package let width: Int64
    package let options: Options
    private var buckets: [Bucket] = []
    private var current: Bucket
    private var currentEnd: Int64
    private var sketch = QuantileSketch()
    /// The value that is held, since when it has been accounted for, and for how much longer it may be held.
    private var held = 0.0
    private var heldSince: Int64 = 0
    private var holdLeft: Int64 = 0

    /// Buckets start at `from + n × width`, and the last one ends at `until`.
    /// - Parameters:
    ///   - from: less than `until`; both in milliseconds since 1970 UTC and within ±2^61.
    ///   - width: greater than 0, in milliseconds.
    package init(from: Int64, until: Int64, width: Int64, options: Options = Options()) {
        precondition(from < until && width > 0, "a range has a beginning before its end and a width above 0")
        precondition(from.magnitude <= 1 << 61 && until.magnitude <= 1 << 61, "times are within ±2^61")
        (self.from, self.until, self.width, self.options) = (from, until, width, options)
        current = Bucket(start: from)
        currentEnd = Self.end(of: from, width: width, until: until)
    }

    private static func end(of start: Int64, width: Int64, until: Int64) -> Int64 {
        width < until - start ? start + width : until
    }

    /// Adds points whose times are not before those already added. NaN is a point without a number.
    mutating func add(times: UnsafeBufferPointer<Int64>, values: UnsafeBufferPointer<Double>) {
        guard let times = times.baseAddress, let numbers = values.baseAddress else { return }
        let count = values.count
        var place = 0
        while place < count, times[place] < from {
            hold(numbers[place], at: times[place])
            place += 1
        }
        while place < count, times[place] < until {
            if times[place] >= currentEnd { advance(to: times[place]) }
            place = addWithinBucket(times, numbers, from: place, count: count)
        }
    }

    /// The value before the range.
    private mutating func hold(_ value: Double, at time: Int64) {
        held = value.isNaN ? 0 : value
        // A time from foreign bytes may be so early that a difference would overflow.
        heldSince = max(time, -(1 << 62))
        holdLeft = value.isNaN ? 0 : options.longestHold
    }

    /// - Returns: the place of the first point behind the bucket, or `count`.
    private mutating func addWithinBucket(
        _ times: UnsafePointer<Int64>, _ values: UnsafePointer<Double>, from start: Int, count: Int
    ) -> Int {
        accountForHold(until: times[start])
        var (held, heldSince, holdLeft) = (held, heldSince, holdLeft)
        var bucket = current
        let longest = options.longestHold
        let end = currentEnd
        var place = start
        while place < count {
            let time = times[place]
            if time >= end { break }
            let value = values[place]
            place &+= 1
            let span = min(time &- heldSince, holdLeft)
            if span > 0 {
                bucket.heldSum += held * Double(span)
                bucket.heldMilliseconds &+= span
            }
            heldSince = time
            guard value == value else {
                (held, holdLeft) = (0, 0)
                continue
            }
            if bucket.count == 0 {
                bucket.first = value
                bucket.firstTime = time
            }
            bucket.count &+= 1
            bucket.sum += value
            bucket.minimum = value < bucket.minimum ? value : bucket.minimum
            bucket.maximum = value > bucket.maximum ? value : bucket.maximum
            bucket.last = value
            bucket.lastTime = time
            if options.quantiles { sketch.insert(value) }
            (held, holdLeft) = (value, longest)
        }
        current = bucket
        (self.held, self.heldSince, self.holdLeft) = (held, heldSince, holdLeft)
        return place
    }

    /// Gives the held value's time up to `time`, which is not behind the current bucket, to that bucket.
    private mutating func accountForHold(until time: Int64) {
        guard holdLeft > 0, time > heldSince else { return }
        if heldSince < current.start {
            let before = current.start - heldSince
            holdLeft = before < holdLeft ? holdLeft - before : 0
            heldSince = current.start
        }
        let span = min(time - heldSince, holdLeft)
        guard span > 0 else { return }
        current.heldSum += held * Double(span)
        current.heldMilliseconds += span
        holdLeft -= span
        heldSince += span
    }

    /// Closes buckets until the current one contains `time`, which is before `until`.
    private mutating func advance(to time: Int64) {
        while time >= currentEnd {
            close()
            var start = currentEnd
            if holdLeft == 0, time - start >= width {
                // Nothing happens in between.
                start += (time - start) / width * width
            }
            current = Bucket(start: start)
            currentEnd = Self.end(of: start, width: width, until: until)
        }
    }

    private mutating func close() {
        accountForHold(until: currentEnd)
        guard current.count > 0 || current.heldMilliseconds > 0 else { return }
        if options.quantiles && current.count > 0 {
            current.median = sketch.quantile(0.5)
            current.percentile95 = sketch.quantile(0.95)
            sketch.removeAll()
        }
        buckets.append(current)
    }

    /// The buckets that have points or were held in, in the order of time. The last value is held to the end of the range.
    package consuming func finish() -> [Bucket] {
        if holdLeft > 0 { advance(to: until - 1) }
        close()
        return buckets
    }
}
