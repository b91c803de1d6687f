/// Texts by dictionary: each different text once, in the order of first appearance, and a code for each point. Texts are
/// told apart by their bytes, not by what Unicode calls equal.
package struct TextColumn: Sendable {
    /// What a point without a text has as its code.
    static let placeholder: Int64 = -1

    /// For each point the place of its text in the dictionary; −1 for a point without a text.
    package private(set) var codes: [Int64] = []
    private(set) var bytes: [UInt8] = []
    /// Where each entry ends in `bytes`.
    private(set) var ends: [Int] = []
    /// Entries by hash, open addressing; empty until something is appended.
    private var slots: [Int32] = []

    package init() {}

    package init(_ texts: some Sequence<String>) {
        for text in texts { append(text) }
    }

    /// - Parameter codes: each less than `ends.count`, or ``placeholder``.
    init(codes: [Int64], bytes: [UInt8], ends: [Int]) {
        (self.codes, self.bytes, self.ends) = (codes, bytes, ends)
    }

    package var count: Int { codes.count }
    /// Of the dictionary.
    package var entryCount: Int { ends.count }

    /// The text of a point; empty for a point without a text.
    package subscript(place: Int) -> String { codes[place] < 0 ? "" : entry(Int(codes[place])) }

    /// An entry of the dictionary; bytes that are no UTF-8 are shown as U+FFFD.
    package func entry(_ code: Int) -> String { String(decoding: bytes[range(of: code)], as: UTF8.self) }

    /// The bytes of an entry of the dictionary.
    package func entryBytes(_ code: Int) -> ArraySlice<UInt8> { bytes[range(of: code)] }

    func range(of code: Int) -> Range<Int> { (code == 0 ? 0 : ends[code - 1])..<ends[code] }

    package mutating func append(_ text: String) {
        var text = text
        let code = text.withUTF8 { self.code(of: UnsafeRawBufferPointer($0)) }
        codes.append(code)
    }

    /// A point without a text. It has to be null: see ``ChunkError/textMissing(_:)``.
    package mutating func appendPlaceholder() { codes.append(Self.placeholder) }

    /// Points of another column, whose entries come over as they are first used.
    mutating func append(_ other: TextColumn, _ range: Range<Int>) {
        var known = [Int64](repeating: -1, count: other.entryCount)
        for code in other.codes[range] {
            guard code >= 0 else {
                codes.append(Self.placeholder)
                continue
            }
            let place = Int(code)
            if known[place] < 0 {
                known[place] = other.bytes[other.range(of: place)].withUnsafeBytes { self.code(of: $0) }
            }
            codes.append(known[place])
        }
    }

    /// This column with points of another in it. The dictionary keeps its order, and the other's entries follow as they
    /// are first used; entries that are no longer used stay.
    func merging(_ late: TextColumn, _ plan: MergePlan) -> TextColumn {
        var merged = self
        var known = [Int64](repeating: -1, count: late.entryCount)
        merged.codes = plan.merge(codes, late.codes) { code in
            guard code >= 0 else { return Self.placeholder }
            let place = Int(code)
            if known[place] < 0 {
                known[place] = late.bytes[late.range(of: place)].withUnsafeBytes { merged.code(of: $0) }
            }
            return known[place]
        }
        return merged
    }

    /// The dictionary keeps entries that are no longer used; an encoder leaves them out.
    mutating func removeSubrange(_ places: Range<Int>) { codes.removeSubrange(places) }

    private mutating func code(of text: UnsafeRawBufferPointer) -> Int64 {
        if 2 * (ends.count + 1) > slots.count { grow() }
        var slot = Self.hash(text) & (slots.count - 1)
        while slots[slot] >= 0 {
            let candidate = Int(slots[slot])
            if bytes[range(of: candidate)].elementsEqual(text) { return Int64(candidate) }
            slot = (slot + 1) & (slots.count - 1)
        }
        slots[slot] = Int32(ends.count)
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        return Int64(ends.count - 1)
    }

    /// With the seed of this process: nobody can send many texts that meet in one slot.
    private static func hash(_ text: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: text)
        return hasher.finalize()
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: max(16, 2 * slots.count, (4 * ends.count).nextPowerOfTwo))
        for code in ends.indices {
            var slot = bytes[range(of: code)].withUnsafeBytes {
                Self.hash($0) & (slots.count - 1)
            }
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(code)
        }
    }
}

extension Int {
    fileprivate var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
