/// A checked chunk: up to ``maximumCount`` points of one series, compressed without loss.
///
/// The points have times of their own or refer to a ``SharedClock``; then every operation needs that clock.
package struct SeriesChunk: Sendable {
    /// Some thousands are best: fewer waste the fixed cost of a row, more make every read and late point dearer.
    package static let maximumCount = 65_536

    package let bytes: [UInt8]
    package let kind: ValueKind
    let layout: ChunkLayout

    package var count: Int { layout.count }

    /// How many of the bytes are the values', without times, nulls, quality, header and checksum.
    package var valueByteCount: Int { layout.values.count }

    /// Whether the times are in a shared clock.
    package var refersToClock: Bool { bytes[layout.times.lowerBound] == TimeForm.sharedClock.rawValue }

    /// - Throws: ``ChunkError/unknownVersion(_:)``, ``ChunkError/checksumMismatch``, ``ChunkError/corrupt``. What is
    ///   inside of the sections is looked at when it is decoded.
    package init(bytes: [UInt8]) throws(ChunkError) {
        let layout = try bytes.withRawBytes { (raw) throws(ChunkError) in try ChunkLayout(raw) }
        guard let kind = layout.kind, !layout.times.isEmpty else { throw .corrupt }
        (self.bytes, self.kind, self.layout) = (bytes, kind, layout)
    }

    /// Compresses a series.
    /// - Parameters:
    ///   - clock: has all times of the series; `nil` puts them into the chunk.
    ///   - choice: of the series' last chunk; holds this chunk's afterwards.
    /// - Throws: ``ChunkError/countOutOfRange(_:)``, ``ChunkError/unequalLengths``, ``ChunkError/unsortedTimes``,
    ///   ``ChunkError/timeNotInClock(_:)``, ``ChunkError/textMissing(_:)``, ``ChunkError/textTooLong``.
    package init(
        _ series: Series, clock: SharedClock? = nil, choice: inout EncodingChoice
    ) throws(ChunkError) {
        try series.check()
        guard 1...Self.maximumCount ~= series.count else { throw .countOutOfRange(series.count) }
        var header = ChunkHeader(kind: series.values.kind, count: series.count)
        if let clock {
            header.times = try ClockReference.encode(series.times, in: clock)
        } else {
            header.times = TimeEncoder.encode(series.times, choice: &choice.times)
        }
        var series = series
        if let nulls = series.nulls {
            if nulls.contains(true) {
                header.nulls = IntegerStreamEncoder.encode(nulls.map { $0 ? 1 : 0 }, choice: &choice.nulls)
            } else {
                series.nulls = nil
            }
        }
        if let quality = series.quality, quality.contains(where: { $0 != 0 }) {
            header.quality = IntegerStreamEncoder.encode(quality.map { Int64($0) }, choice: &choice.quality)
        }
        try self.init(bytes: try header.sealed(values: try ValueEncoder.encode(series, choice: &choice.numbers)))
    }

    /// Compresses a series, with everything tried; throws the same.
    package init(_ series: Series, clock: SharedClock? = nil) throws(ChunkError) {
        var choice = EncodingChoice()
        try self.init(series, clock: clock, choice: &choice)
    }
}
