extension Series {
    /// This series with late points in it. At each time of the batch there is one point afterwards: the batch's last
    /// one. Points at other times stay, also where several have one time.
    /// - Parameter late: of the same kind, sorted; of equal times the last was written last.
    /// - Throws: ``ChunkError/wrongKind(_:)`` with the kind of `late`; ``ChunkError/unequalLengths``,
    ///   ``ChunkError/unsortedTimes``, ``ChunkError/textMissing(_:)`` for either series.
    package func merging(_ late: Series) throws(ChunkError) -> Series {
        guard late.values.kind == values.kind else { throw .wrongKind(late.values.kind) }
        try check()
        try late.check()
        let plan = MergePlan(times, late.times)
        let counts = (own: count, late: late.count)
        return Series(
            times: plan.merge(times, late.times), values: try values.merging(late.values, plan),
            nulls: plan.merge(nulls, late.nulls, counts: counts, filler: false),
            quality: plan.merge(quality, late.quality, counts: counts, filler: 0))
    }

    /// This series without the points with from ≤ time < until. The times have to be sorted.
    package func removing(from: Int64, until: Int64) -> Series {
        let places = places(from: from, until: until)
        guard !places.isEmpty else { return self }
        var rest = self
        rest.removeSubrange(places)
        return rest
    }

    private mutating func removeSubrange(_ places: Range<Int>) {
        times.removeSubrange(places)
        nulls?.removeSubrange(places)
        quality?.removeSubrange(places)
        values.removeSubrange(places)
    }
}
