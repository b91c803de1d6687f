/// Walks over foreign bytes with every step checked.
///
/// The memory must outlive the cursor and its slices: every use stands inside a `withUnsafeBytes`.
struct ByteCursor {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func byte() throws(ChunkError) -> UInt8 {
        guard offset < bytes.count else { throw .corrupt }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// A number in groups of seven bits, the lowest first; the high bit says that more follow.
    mutating func number() throws(ChunkError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            let next = try byte()
            value |= UInt64(next & 0x7f) &<< shift
            if next < 0x80 { return value }
            shift += 7
        }
        throw .corrupt
    }

    mutating func signedNumber() throws(ChunkError) -> Int64 { ZigZag.decode(try number()) }

    /// A number that counts something, at most `limit`.
    mutating func count(upTo limit: Int) throws(ChunkError) -> Int {
        let value = try number()
        guard value <= UInt64(limit) else { throw .corrupt }
        return Int(value)
    }

    mutating func fixed32() throws(ChunkError) -> UInt32 {
        let four = try slice(4)
        return UInt32(littleEndian: four.loadUnaligned(as: UInt32.self))
    }

    mutating func slice(_ count: Int) throws(ChunkError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= bytes.count - offset else { throw .corrupt }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// A slice that says its length first.
    mutating func section() throws(ChunkError) -> UnsafeRawBufferPointer {
        try slice(try count(upTo: bytes.count))
    }

    mutating func rest() throws(ChunkError) -> UnsafeRawBufferPointer { try slice(bytes.count - offset) }
}

/// Small numbers of either sign as small numbers: 0, −1, 1, −2, …
enum ZigZag {
    @inline(__always)
    static func encode(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)) }

    @inline(__always)
    static func decode(_ value: UInt64) -> Int64 { Int64(bitPattern: (value &>> 1) ^ (0 &- (value & 1))) }
}

extension [UInt8] {
    /// See ``ByteCursor/number()``.
    mutating func appendNumber(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func appendSigned(_ value: Int64) { appendNumber(ZigZag.encode(value)) }

    mutating func appendFixed32(_ value: UInt32) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// See ``ByteCursor/section()``.
    mutating func appendSection(_ section: [UInt8]) {
        appendNumber(UInt64(section.count))
        append(contentsOf: section)
    }
}
