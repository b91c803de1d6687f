/// Points of one series, in columns.
package struct Series: Sendable {
    /// Milliseconds since 1970 UTC, sorted; several points may have the same.
    package var times: [Int64]
    package var values: SeriesValues
    /// Which points have no value; `nil` if all have one.
    package var nulls: [Bool]?
    /// The points' quality codes, 0 is good; `nil` if all are good.
    package var quality: [UInt16]?

    package init(times: [Int64], values: SeriesValues, nulls: [Bool]? = nil, quality: [UInt16]? = nil) {
        (self.times, self.values, self.nulls, self.quality) = (times, values, nulls, quality)
    }

    package init(empty kind: ValueKind) { self.init(times: [], values: SeriesValues(empty: kind)) }

    /// Of the points, nulls included.
    package var count: Int { times.count }
    package var isEmpty: Bool { times.isEmpty }

    package func isNull(at place: Int) -> Bool { nulls?[place] ?? false }

    /// - Throws: ``ChunkError/unequalLengths``, ``ChunkError/unsortedTimes``, ``ChunkError/textMissing(_:)``.
    func check() throws(ChunkError) {
        guard values.count == count, nulls.map({ $0.count == count }) ?? true,
            quality.map({ $0.count == count }) ?? true
        else { throw .unequalLengths }
        guard Self.areSorted(times) else { throw .unsortedTimes }
        switch values {
        case .text(let column), .json(let column):
            for (place, code) in column.codes.enumerated() where code < 0 && !isNull(at: place) {
                throw .textMissing(place)
            }
        case .float64, .float32, .integer, .boolean: break
        }
    }

    static func areSorted(_ times: [Int64]) -> Bool { times.withUnsafeBufferPointer(areSorted) }

    static func areSorted(_ times: UnsafeBufferPointer<Int64>) -> Bool {
        guard let first = times.baseAddress, times.count > 1 else { return true }
        // The sign of a difference tells the order of numbers whose two highest bits are alike; these loops are done
        // several numbers at a time, a comparison is not.
        var (far, falling) = (first[0] ^ (first[0] &<< 1), Int64(0))
        for place in 1..<times.count {
            far |= first[place] ^ (first[place] &<< 1)
            falling |= first[place] &- first[place &- 1]
        }
        if far >= 0 { return falling >= 0 }
        for place in 1..<times.count where first[place] < first[place &- 1] { return false }
        return true
    }

    /// Appends points of another series of the same kind.
    mutating func append(_ other: Series, _ range: Range<Int>) throws(ChunkError) {
        guard !range.isEmpty else { return }
        let before = count
        try values.append(other.values, range)
        times.append(contentsOf: other.times[range])
        Self.append(&nulls, other.nulls, range, before: before, filler: false)
        Self.append(&quality, other.quality, range, before: before, filler: 0)
    }

    private static func append<Element>(
        _ own: inout [Element]?, _ other: [Element]?, _ range: Range<Int>, before: Int, filler: Element
    ) {
        if own == nil {
            guard other != nil else { return }
            own = [Element](repeating: filler, count: before)
        }
        if let other {
            own?.append(contentsOf: other[range])
        } else {
            own?.append(contentsOf: repeatElement(filler, count: range.count))
        }
    }

    /// The places of the points with from ≤ time < until. The times have to be sorted.
    package func places(from: Int64, until: Int64) -> Range<Int> {
        let start = times.firstPlace(notBefore: from)
        return start..<max(start, times.firstPlace(notBefore: until))
    }
}

extension [Int64] {
    /// In a sorted array, the first place from `start` on whose number is at least `limit`.
    func firstPlace(notBefore limit: Int64, from start: Int = 0) -> Int {
        var (low, high) = (start, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < limit { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
