extension SeriesChunk {
    /// This chunk with late points in it; see ``Series/merging(_:)`` for who wins.
    /// - Parameters:
    ///   - late: sorted; of equal times the last was written last.
    ///   - clock: the one that this chunk refers to, if it refers to one.
    ///   - newClock: what the result refers to; `nil` gives it times of its own.
    ///   - choice: of the series' last chunk.
    /// - Throws: ``ChunkError/wrongKind(_:)``, ``ChunkError/unsortedTimes``, ``ChunkError/unequalLengths``,
    ///   ``ChunkError/textMissing(_:)`` for the late points; ``ChunkError/countOutOfRange(_:)``,
    ///   ``ChunkError/timeNotInClock(_:)``, ``ChunkError/clockMismatch``, ``ChunkError/textTooLong``,
    ///   ``ChunkError/corrupt``.
    package func merging(
        _ late: Series, clock: SharedClock? = nil, newClock: SharedClock? = nil, choice: inout EncodingChoice
    ) throws(ChunkError) -> SeriesChunk {
        guard late.values.kind == kind else { throw .wrongKind(late.values.kind) }
        return try SeriesChunk(try decode(clock: clock).merging(late), clock: newClock, choice: &choice)
    }

    /// This chunk without the points with from ≤ time < until, with the same clock; `nil` if none are left.
    /// - Parameters:
    ///   - clock: the one that this chunk refers to, if it refers to one.
    ///   - choice: of the series' last chunk.
    /// - Throws: ``ChunkError/clockMismatch``, ``ChunkError/corrupt``.
    package func removing(
        from: Int64, until: Int64, clock: SharedClock? = nil, choice: inout EncodingChoice
    ) throws(ChunkError) -> SeriesChunk? {
        let series = try decode(clock: clock)
        let places = series.places(from: from, until: until)
        if places.isEmpty { return self }
        if places.count == series.count { return nil }
        return try SeriesChunk(
            series.removing(from: from, until: until), clock: refersToClock ? clock : nil, choice: &choice)
    }

    /// This chunk with its times in another clock, or in itself. The values are not touched: when a device's clock
    /// changes, its other series follow cheaply.
    /// - Parameters:
    ///   - clock: the one that this chunk refers to, if it refers to one.
    ///   - newClock: `nil` puts the times into the chunk.
    /// - Throws: ``ChunkError/timeNotInClock(_:)``, ``ChunkError/clockMismatch``, ``ChunkError/corrupt``.
    package func moved(from clock: SharedClock?, to newClock: SharedClock?) throws(ChunkError) -> SeriesChunk {
        let times = try times(clock: clock)
        var header = ChunkHeader(kind: kind, count: count)
        var choice: TimeChoice?
        header.times =
            if let newClock {
                try ClockReference.encode(times, in: newClock)
            } else {
                TimeEncoder.encode(times, choice: &choice)
            }
        header.nulls = layout.nulls.map { Array(bytes[$0]) }
        header.quality = layout.quality.map { Array(bytes[$0]) }
        return try SeriesChunk(bytes: try header.sealed(values: Array(bytes[layout.values])))
    }
}
