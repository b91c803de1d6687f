/// What points of a span of time have in common.
///
/// Numbers count that are neither null nor NaN, nor left out for their quality; booleans are 0 and 1. Sums are added up
/// in any order. An integer of more than 53 bits may be no double: then ``minimum`` and ``maximum`` are the next doubles
/// outside, so that no value lies beyond them, and the others are computed with the nearest.
package struct Bucket: Sendable {
    /// Milliseconds since 1970 UTC.
    package let start: Int64
    package internal(set) var count = 0
    /// These mean nothing while ``count`` is 0.
    package internal(set) var minimum = Double.infinity
    package internal(set) var maximum = -Double.infinity
    package internal(set) var sum = 0.0
    package internal(set) var first = 0.0
    package internal(set) var last = 0.0
    /// The sum of value × milliseconds for which it was held.
    package internal(set) var heldSum = 0.0
    /// For how many milliseconds of the bucket a value was held.
    package internal(set) var heldMilliseconds: Int64 = 0
    // Not optional, because optionals would make buckets a fifth larger. NaN is none.
    private var fiftieth = Double.nan
    private var ninetyFifth = Double.nan

    init(start: Int64) { self.start = start }

    /// By nearest rank; `nil` if it was not asked for or there are no points.
    package internal(set) var median: Double? {
        get { fiftieth.isNaN ? nil : fiftieth }
        set { fiftieth = newValue ?? .nan }
    }

    /// As ``median``.
    package internal(set) var percentile95: Double? {
        get { ninetyFifth.isNaN ? nil : ninetyFifth }
        set { ninetyFifth = newValue ?? .nan }
    }

    package var mean: Double? { count == 0 ? nil : sum / Double(count) }

    /// The mean of the values by the time for which each was held: until the next point, also over a bucket's border.
    package var timeWeightedMean: Double? { heldMilliseconds == 0 ? nil : heldSum / Double(heldMilliseconds) }
}
