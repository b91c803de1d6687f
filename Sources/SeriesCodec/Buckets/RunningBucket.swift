/// The bucket that is being filled, and the value that is held. Everything is a plain number, so that the loop over
/// the points keeps it in registers.
///
/// What stands side by side in a `Bucket` does not here: two numbers that were just written one by one are slow to read
/// together, which a compiler would do to copy neighbours.
struct RunningBucket {
    var minimum = Double.infinity
    var start: Int64
    var maximum = -Double.infinity
    var end: Int64
    var sum = 0.0
    /// The value that is held.
    var held = 0.0
    var first = 0.0
    /// Since when the held value's time is not yet given to a bucket.
    var heldSince: Int64 = 0
    var last = 0.0
    /// For how much longer the held value may be held.
    var holdLeft: Int64 = 0
    var heldSum = 0.0
    var count = 0
    var heldMilliseconds: Int64 = 0

    init(start: Int64, end: Int64) { (self.start, self.end) = (start, end) }

    /// Begins the next bucket; what is held stays.
    @inline(__always)
    mutating func restart(_ start: Int64, end: Int64) {
        (self.start, self.end) = (start, end)
        count = 0
        (minimum, maximum) = (.infinity, -.infinity)
        (sum, first, last, heldSum, heldMilliseconds) = (0, 0, 0, 0, 0)
    }

    /// Gives the held value's time up to `time`, which is not behind the bucket, to the bucket.
    @inline(__always)
    mutating func accountForHold(until time: Int64) {
        let span = min(time &- heldSince, holdLeft)
        guard span > 0 else { return }
        heldSum += held * Double(span)
        heldMilliseconds &+= span
        heldSince &+= span
        holdLeft &-= span
    }

    /// A hold that began before the bucket counts from the bucket's start.
    @inline(__always)
    mutating func skipHoldBeforeStart() {
        guard holdLeft > 0, heldSince < start else { return }
        let before = start &- heldSince
        holdLeft = before < holdLeft ? holdLeft &- before : 0
        heldSince = start
    }

    @inline(__always)
    mutating func add(_ value: Double, at time: Int64, longestHold: Int64) {
        accountForHold(until: time)
        heldSince = time
        guard value == value else {
            holdLeft = 0
            return
        }
        if count == 0 { first = value }
        count &+= 1
        sum += value
        minimum = value < minimum ? value : minimum
        maximum = value > maximum ? value : maximum
        last = value
        held = value
        holdLeft = longestHold
    }

    /// So that an integer, which was added as the double next to it, lies between the minimum and the maximum.
    mutating func widen(to integer: Int64) {
        minimum = min(minimum, Double(notAbove: integer))
        maximum = max(maximum, Double(notBelow: integer))
    }

    /// Whether nothing has been added to the bucket yet.
    @inline(__always)
    var isEmpty: Bool { count == 0 && heldMilliseconds == 0 }

    /// As ``add(_:at:longestHold:)`` with the points of this bucket from `start` on, which follow a point of this bucket.
    /// - Parameter points: plain, and each is held until the next.
    /// - Returns: the place of the first point that is behind the bucket, or their count.
    @inline(never)
    mutating func addPlain(_ points: WeightedPoints, from start: Int) -> Int {
        guard start < points.count, points.times[start] < end else { return start }
        let next = points.place(notBefore: end, from: start, guess: points.count &- start)
        var (total, least, greatest, weight) = (sum, minimum, maximum, heldSum)
        points.accumulate(start..<next, &total, &least, &greatest, &weight)
        (sum, minimum, maximum, heldSum) = (total, least, greatest, weight)
        heldMilliseconds &+= points.times[next &- 1] &- heldSince
        (heldSince, held, last) = (points.times[next &- 1], points.numbers[next &- 1], points.numbers[next &- 1])
        count &+= next &- start
        return next
    }

    @inline(__always)
    var bucket: Bucket {
        var bucket = Bucket(start: start)
        bucket.count = count
        bucket.minimum = minimum
        bucket.maximum = maximum
        bucket.sum = sum
        bucket.first = first
        bucket.last = last
        bucket.heldSum = heldSum
        bucket.heldMilliseconds = heldMilliseconds
        return bucket
    }
}
