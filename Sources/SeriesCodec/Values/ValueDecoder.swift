/// Reads the values of a chunk into columns.
enum ValueDecoder {
    /// The first `nulls.count` or `count` values.
    /// - Parameters:
    ///   - bytes: the chunk's values.
    ///   - count: of the values that are wanted, nulls included.
    ///   - total: of the values that the chunk has.
    ///   - nulls: which of the wanted ones are null.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, kind: ValueKind, count: Int, total: Int, nulls: [Bool]?
    ) throws(ChunkError) -> SeriesValues {
        let dense = nulls.map { $0.reduce(count) { $0 - ($1 ? 1 : 0) } } ?? count
        switch kind {
        case .float64:
            var decoder = try NumberDecoder(bytes, kind: kind, count: total)
            return .float64(
                try [Double](filling: count) { (target) throws(ChunkError) in
                    decoder.decode(into: UnsafeMutableBufferPointer(rebasing: target[..<dense]))
                    try decoder.finish()
                    spread(target, dense: dense, nulls: nulls, filler: 0)
                })
        case .float32:
            var decoder = try NumberDecoder(bytes, kind: kind, count: total)
            return .float32(
                try [Float](filling: count) { (target) throws(ChunkError) in
                    decoder.decode(into: UnsafeMutableBufferPointer(rebasing: target[..<dense]))
                    try decoder.finish()
                    spread(target, dense: dense, nulls: nulls, filler: 0)
                })
        case .integer:
            return .integer(try integers(bytes, kind: kind, count: count, total: total, dense: dense, nulls: nulls))
        case .boolean:
            let integers = try integers(bytes, kind: kind, count: count, total: total, dense: dense, nulls: nulls)
            return .boolean(integers.map { $0 != 0 })
        case .text, .json:
            var cursor = ByteCursor(bytes)
            let (texts, ends) = try TextDictionary.decode(&cursor, limit: total)
            let codes = try integers(
                try cursor.rest(), kind: kind, count: count, total: total, dense: dense, nulls: nulls,
                filler: TextColumn.placeholder, allowed: 0..<Int64(ends.count))
            let column = TextColumn(codes: codes, bytes: texts, ends: ends)
            return kind == .text ? .text(column) : .json(column)
        }
    }

    private static func integers(
        _ bytes: UnsafeRawBufferPointer, kind: ValueKind, count: Int, total: Int, dense: Int, nulls: [Bool]?,
        filler: Int64 = 0, allowed: Range<Int64>? = nil
    ) throws(ChunkError) -> [Int64] {
        var decoder = try NumberDecoder(bytes, kind: kind, count: total)
        return try [Int64](filling: count) { (target) throws(ChunkError) in
            let integers = UnsafeMutableBufferPointer(rebasing: target[..<dense])
            decoder.decode(into: integers)
            try decoder.finish()
            if let allowed { guard integers.allSatisfy({ allowed ~= $0 }) else { throw .corrupt } }
            spread(target, dense: dense, nulls: nulls, filler: filler)
        }
    }

    /// Moves the values that stand at the start of `target` to the places that are not null.
    static func spread<Element: BitwiseCopyable>(
        _ target: UnsafeMutableBufferPointer<Element>, dense: Int, nulls: [Bool]?, filler: Element
    ) {
        guard let nulls else { return }
        // Whether there is a value is hard to foresee, so one is read in any case.
        var from = dense
        for place in target.indices.reversed() {
            let isNull = nulls[place]
            from &-= isNull ? 0 : 1
            let value = target[from]
            target[place] = isNull ? filler : value
        }
    }
}
