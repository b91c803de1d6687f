extension SeriesChunk {
    /// All points.
    /// - Parameter clock: the one that the chunk refers to, if it refers to one.
    /// - Throws: ``ChunkError/clockMismatch``, ``ChunkError/corrupt``.
    package func decode(clock: SharedClock? = nil) throws(ChunkError) -> Series {
        try bytes.withRawBytes { (raw) throws(ChunkError) in
            let times = try times(raw, clock: clock)
            return try series(raw, times: times, places: 0..<count)
        }
    }

    /// The points with from ≤ time < until. Values behind the range are not decoded.
    /// - Parameter clock: the one that the chunk refers to, if it refers to one.
    /// - Throws: ``ChunkError/clockMismatch``, ``ChunkError/corrupt``.
    package func decode(from: Int64, until: Int64, clock: SharedClock? = nil) throws(ChunkError) -> Series {
        try bytes.withRawBytes { (raw) throws(ChunkError) in
            let times = try times(raw, clock: clock)
            let start = times.firstPlace(notBefore: from)
            let places = start..<max(start, times.firstPlace(notBefore: until))
            return try series(raw, times: times, places: places)
        }
    }

    /// The times of all points.
    /// - Parameter clock: the one that the chunk refers to, if it refers to one.
    /// - Throws: ``ChunkError/clockMismatch``, ``ChunkError/corrupt``.
    package func times(clock: SharedClock? = nil) throws(ChunkError) -> [Int64] {
        try bytes.withRawBytes { (raw) throws(ChunkError) in try times(raw, clock: clock) }
    }

    private func times(_ raw: UnsafeRawBufferPointer, clock: SharedClock?) throws(ChunkError) -> [Int64] {
        var decoder = try TimeDecoder(layout.slice(layout.times, of: raw), count: count, clock: clock)
        let times = try [Int64](filling: count) { (target) throws(ChunkError) in
            decoder.decode(into: target)
            try decoder.finish()
        }
        guard refersToClock || decoder.isSorted(count: count) || Series.areSorted(times) else { throw .corrupt }
        return times
    }

    private func series(
        _ raw: UnsafeRawBufferPointer, times: [Int64], places: Range<Int>
    ) throws(ChunkError) -> Series {
        var series = Series(empty: kind)
        guard !places.isEmpty else { return series }
        let end = places.upperBound
        let nulls = try flags(layout.nulls, raw, count: end)?.map { $0 != 0 }
        let quality = try flags(layout.quality, raw, count: end)?.map { UInt16(truncatingIfNeeded: $0) }
        let values = try ValueDecoder.decode(
            layout.slice(layout.values, of: raw), kind: kind, count: end, total: count, nulls: nulls)
        let decoded = Series(
            times: end == times.count ? times : Array(times[..<end]), values: values, nulls: nulls, quality: quality)
        guard places.lowerBound > 0 else { return decoded }
        try series.append(decoded, places)
        return series
    }

    private func flags(
        _ section: Range<Int>?, _ raw: UnsafeRawBufferPointer, count: Int
    ) throws(ChunkError) -> [Int64]? {
        guard let section else { return nil }
        var decoder = try IntegerStreamDecoder(layout.slice(section, of: raw))
        return try [Int64](filling: count) { (target) throws(ChunkError) in
            decoder.decode(into: target)
            try decoder.finish()
        }
    }
}
