/// Why bytes are no chunk, or a chunk does not fit the question.
package enum ChunkError: Error, Equatable, Sendable {
    /// The version in the first byte is none that this code reads.
    case unknownVersion(UInt8)
    /// The checksum does not match: the bytes were changed or cut.
    case checksumMismatch
    /// The checksum matches and the contents contradict themselves: an encoder's fault, or forged bytes.
    case corrupt
    /// A chunk holds at least one point and at most ``SeriesChunk/maximumCount``.
    case countOutOfRange(Int)
    /// Times are not sorted.
    case unsortedTimes
    /// Columns of one series have different lengths.
    case unequalLengths
    /// The chunk refers to a shared clock and was given none, or not that one.
    case clockMismatch
    /// A shared clock does not have a time of the series.
    case timeNotInClock(Int64)
    /// The point at this place is not null and has no text.
    case textMissing(Int)
    /// The texts of a chunk together have more bytes than ``TextDictionary/maximumBytes``.
    case textTooLong
    /// A range ends before it begins or lies outside of ±2^61, or the width of its buckets is not above 0.
    case invalidRange
    /// A range has more buckets than ``BucketAggregator/maximumCount``.
    case tooManyBuckets
    /// The values are of another kind than the operation needs.
    case wrongKind(ValueKind)
}
