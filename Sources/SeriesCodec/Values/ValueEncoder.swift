/// Writes the values of a series that are not null.
enum ValueEncoder {
    static func encode(_ series: Series, choice: inout NumberChoice?) throws(ChunkError) -> [UInt8] {
        switch series.values {
        case .float64(let values):
            return dense(values, series.nulls).withUnsafeBufferPointer { NumberEncoder.encode($0, choice: &choice) }
        case .float32(let values):
            return dense(values, series.nulls).withUnsafeBufferPointer { NumberEncoder.encode($0, choice: &choice) }
        case .integer(let values):
            return NumberEncoder.encode(dense(values, series.nulls), choice: &choice)
        case .boolean(let values):
            return NumberEncoder.encode(dense(values, series.nulls).map { $0 ? 1 : 0 }, choice: &choice)
        case .text(let column), .json(let column):
            return try encode(column, codes: dense(column.codes, series.nulls), choice: &choice)
        }
    }

    private static func dense<Element>(_ values: [Element], _ nulls: [Bool]?) -> [Element] {
        guard let nulls else { return values }
        return zip(values, nulls).compactMap { $1 ? nil : $0 }
    }

    /// The entries that are used, in the order of their first use, and the codes.
    private static func encode(
        _ column: TextColumn, codes: [Int64], choice: inout NumberChoice?
    ) throws(ChunkError) -> [UInt8] {
        var entries: [Int] = []
        var places = [Int64](repeating: -1, count: column.entryCount)
        let codes = codes.map { code in
            if places[Int(code)] < 0 {
                places[Int(code)] = Int64(entries.count)
                entries.append(Int(code))
            }
            return places[Int(code)]
        }
        var bytes: [UInt8] = []
        try TextDictionary.encode(column, entries: entries, into: &bytes)
        return bytes + NumberEncoder.encode(codes, choice: &choice)
    }
}
