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

    /// As ``add(_:at:longestHold:)`` with finite numbers that follow a point of this bucket, each held until the next.
    /// - Returns: the place of the first point that is behind the bucket or not finite, or `count`.
    // A function of its own, so that the loop's numbers fit into registers.
    @inline(never)
    mutating func addPlain(
        _ times: UnsafePointer<Int64>, _ values: UnsafePointer<Double>, from start: Int, count: Int
    ) -> Int {
        guard start < count, times[start] < end, holdLeft > 0, abs(held) < .infinity else { return start }
        let (end, firstTime) = (end, heldSince)
        var (time, value) = (heldSince, held)
        var (total, weighted, least, greatest) = (sum, heldSum, minimum, maximum)
        var place = start
        while place < count, times[place] < end {
            let next = values[place]
            guard abs(next) < .infinity else { break }
            weighted += value * Double(times[place] &- time)
            time = times[place]
            value = next
            total += value
            least = value < least ? value : least
            greatest = value > greatest ? value : greatest
            place &+= 1
        }
        (sum, heldSum, minimum, maximum) = (total, weighted, least, greatest)
        (heldSince, held, last) = (time, value, value)
        self.count &+= place &- start
        heldMilliseconds &+= time &- firstTime
        return place
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
