extension Series {
    /// This series with late points in it. At each time of the batch there is one point afterwards: the batch's last
    /// one. Points at other times stay, also where several have one time.
    /// - Parameter late: of the same kind, sorted; of equal times the last was written last.
    /// - Throws: ``ChunkError/wrongKind(_:)``, ``ChunkError/unsortedTimes``, ``ChunkError/unequalLengths``.
    package func merging(_ late: Series) throws(ChunkError) -> Series {
        try late.check()
        guard late.values.kind == values.kind else { throw .wrongKind(late.values.kind) }
        var merged = Series(empty: values.kind)
        merged.times.reserveCapacity(count + late.count)
        var place = 0
        var next = 0
        while next < late.count {
            let time = late.times[next]
            var last = next
            while last + 1 < late.count, late.times[last + 1] == time { last += 1 }
            let start = place
            while place < count, times[place] < time { place += 1 }
            try merged.append(self, start..<place)
            try merged.append(late, last..<last + 1)
            while place < count, times[place] == time { place += 1 }
            next = last + 1
        }
        try merged.append(self, place..<count)
        return merged
    }

    /// This series without the points with from ≤ time < until.
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
