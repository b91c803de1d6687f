/// Writes and reads the dictionary of a text or JSON series:
///
///     number entries · for each: number shared start · number shared end · section rest
///
/// An entry shares its start and its end with the entry before it, which takes most of what JSON texts repeat.
enum TextDictionary {
    /// All entries together, so that a small chunk cannot ask for any amount of memory.
    static let maximumBytes = 16 << 20

    static func encode(_ column: TextColumn, entries: [Int], into bytes: inout [UInt8]) throws(ChunkError) {
        bytes.appendNumber(UInt64(entries.count))
        var total = 0
        var last = 0..<0
        for code in entries {
            let entry = column.range(of: code)
            total += entry.count
            guard total <= maximumBytes else { throw .textTooLong }
            let (start, end) = column.bytes.withUnsafeBufferPointer { shared($0, last, entry) }
            bytes.appendNumber(UInt64(start))
            bytes.appendNumber(UInt64(end))
            bytes.appendNumber(UInt64(entry.count - start - end))
            bytes.append(contentsOf: column.bytes[entry.dropFirst(start).dropLast(end)])
            last = entry
        }
    }

    /// How many bytes two entries have in common at their start, and behind that at their end.
    private static func shared(
        _ bytes: UnsafeBufferPointer<UInt8>, _ last: Range<Int>, _ entry: Range<Int>
    ) -> (start: Int, end: Int) {
        let limit = min(last.count, entry.count)
        var start = 0
        while start < limit, bytes[last.lowerBound + start] == bytes[entry.lowerBound + start] { start += 1 }
        var end = 0
        while end < limit - start, bytes[last.upperBound - 1 - end] == bytes[entry.upperBound - 1 - end] { end += 1 }
        return (start, end)
    }

    /// The entries' bytes and where each ends.
    static func decode(_ cursor: inout ByteCursor, limit: Int) throws(ChunkError) -> (bytes: [UInt8], ends: [Int]) {
        let count = try cursor.count(upTo: limit)
        var bytes: [UInt8] = []
        var ends: [Int] = []
        ends.reserveCapacity(count)
        var last = 0..<0
        for _ in 0..<count {
            let start = try cursor.count(upTo: last.count)
            let end = try cursor.count(upTo: last.count - start)
            let rest = try cursor.section()
            guard bytes.count + start + rest.count + end <= maximumBytes else { throw .corrupt }
            let begin = bytes.count
            bytes.repeatOwn(last.prefix(start))
            bytes.append(contentsOf: rest)
            bytes.repeatOwn(last.suffix(end))
            last = begin..<bytes.count
            ends.append(bytes.count)
        }
        return (bytes, ends)
    }
}

extension [UInt8] {
    /// Appends bytes that are there already. A slice of the array would share its memory, so that appending the slice
    /// copied everything.
    fileprivate mutating func repeatOwn(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let place = count
        append(contentsOf: repeatElement(0, count: range.count))
        withUnsafeMutableBytes { memory in
            let source = UnsafeRawBufferPointer(rebasing: memory[range])
            UnsafeMutableRawBufferPointer(rebasing: memory[place...]).copyMemory(from: source)
        }
    }
}
