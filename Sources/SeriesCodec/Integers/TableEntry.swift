/// What a state of a ``TableDecoder`` means, in one word, so that the word itself is a number of places to shift by: 8 bits
/// that tell how many bits choose among the next states, 8 of the number of plain bits, 16 that stand above the plain bits,
/// 16 that stand above the bits that choose.
enum TableEntry {
    static let payloadPlace: UInt64 = 8
    static let leadPlace: UInt64 = 16
    static let nextPlace: UInt64 = 48

    @inline(__always) static func payloadWidth(_ entry: UInt64) -> UInt64 { (entry &>> payloadPlace) & 63 }
    @inline(__always) static func lead(_ entry: UInt64) -> UInt64 { (entry &>> leadPlace) & 0xffff }

    /// The next state; its bits are taken off the word.
    @inline(__always)
    static func next(_ entry: UInt64, _ word: inout UInt64) -> UInt64 {
        taken(from: &word, entry, below: entry &>> nextPlace)
    }

    /// The residual; its plain bits are taken off the word.
    @inline(__always)
    static func residual(_ entry: UInt64, _ word: inout UInt64) -> UInt64 {
        taken(from: &word, entry &>> payloadPlace, below: lead(entry))
    }

    /// The low bits of a word, as many as the low six bits of `count` tell, and `high` above them.
    @inline(__always)
    private static func taken(from word: inout UInt64, _ count: UInt64, below high: UInt64) -> UInt64 {
        let rest = word &>> count
        let value = word ^ ((rest ^ high) &<< count)
        word = rest
        return value
    }
}

typealias FourEntries = (UInt64, UInt64, UInt64, UInt64)

/// How the plain bits of four residuals are read: the wider they may be, the more looks into the stream they take.
protocol PayloadReader {
    static var exist: Bool { get }
    /// - Parameters:
    ///   - bits: at the plain bits.
    ///   - look: gives the next 57 bits.
    static func residuals(
        _ bits: BitReader, _ entries: FourEntries, _ look: (BitReader) -> UInt64
    ) -> (UInt64, UInt64, UInt64, UInt64)
}

extension PayloadReader {
    @inline(__always) static var exist: Bool { true }
}

enum NoPayloads: PayloadReader {
    @inline(__always) static var exist: Bool { false }

    @inline(__always)
    static func residuals(
        _ bits: BitReader, _ entries: FourEntries, _ look: (BitReader) -> UInt64
    ) -> (UInt64, UInt64, UInt64, UInt64) {
        let (first, second) = (TableEntry.lead(entries.0), TableEntry.lead(entries.1))
        return (first, second, TableEntry.lead(entries.2), TableEntry.lead(entries.3))
    }
}

enum PayloadsInOneLook: PayloadReader {
    @inline(__always)
    static func residuals(
        _ bits: BitReader, _ entries: FourEntries, _ look: (BitReader) -> UInt64
    ) -> (UInt64, UInt64, UInt64, UInt64) {
        var word = look(bits)
        let first = TableEntry.residual(entries.0, &word)
        let second = TableEntry.residual(entries.1, &word)
        let third = TableEntry.residual(entries.2, &word)
        return (first, second, third, TableEntry.residual(entries.3, &word))
    }
}

enum PayloadsInTwoLooks: PayloadReader {
    @inline(__always)
    static func residuals(
        _ bits: BitReader, _ entries: FourEntries, _ look: (BitReader) -> UInt64
    ) -> (UInt64, UInt64, UInt64, UInt64) {
        var bits = bits
        let (first, second) = two(&bits, entries.0, entries.1, look)
        let (third, fourth) = two(&bits, entries.2, entries.3, look)
        return (first, second, third, fourth)
    }

    @inline(__always)
    private static func two(
        _ bits: inout BitReader, _ one: UInt64, _ other: UInt64, _ look: (BitReader) -> UInt64
    ) -> (UInt64, UInt64) {
        var word = look(bits)
        let width = TableEntry.payloadWidth(one) &+ TableEntry.payloadWidth(other)
        bits.position &+= Int(truncatingIfNeeded: width)
        let first = TableEntry.residual(one, &word)
        return (first, TableEntry.residual(other, &word))
    }
}

enum PayloadsInFourLooks: PayloadReader {
    @inline(__always)
    static func residuals(
        _ bits: BitReader, _ entries: FourEntries, _ look: (BitReader) -> UInt64
    ) -> (UInt64, UInt64, UInt64, UInt64) {
        var bits = bits
        let (first, second) = (one(&bits, entries.0, look), one(&bits, entries.1, look))
        return (first, second, one(&bits, entries.2, look), one(&bits, entries.3, look))
    }

    @inline(__always)
    private static func one(_ bits: inout BitReader, _ entry: UInt64, _ look: (BitReader) -> UInt64) -> UInt64 {
        var word = look(bits)
        bits.position &+= Int(truncatingIfNeeded: TableEntry.payloadWidth(entry))
        return TableEntry.residual(entry, &word)
    }
}

/// Any width.
enum WidePayloads: PayloadReader {
    @inline(__always)
    static func residuals(
        _ bits: BitReader, _ entries: FourEntries, _ look: (BitReader) -> UInt64
    ) -> (UInt64, UInt64, UInt64, UInt64) {
        var bits = bits
        let (first, second) = (one(&bits, entries.0), one(&bits, entries.1))
        return (first, second, one(&bits, entries.2), one(&bits, entries.3))
    }

    private static func one(_ bits: inout BitReader, _ entry: UInt64) -> UInt64 {
        let width = TableEntry.payloadWidth(entry)
        return TableEntry.lead(entry) &<< width | bits.take(Int(truncatingIfNeeded: width))
    }
}
