/// Where the parts of a chunk are. See ``ChunkHeader``.
struct ChunkLayout: Sendable {
    private static let checksumSize = 4

    /// `nil` for a clock.
    let kind: ValueKind?
    let count: Int
    let times: Range<Int>
    let nulls: Range<Int>?
    let quality: Range<Int>?
    let values: Range<Int>

    /// Verifies the checksum and the outermost lengths.
    init(_ bytes: UnsafeRawBufferPointer) throws(ChunkError) {
        guard let first = bytes.first else { throw .corrupt }
        guard first >> 4 == ChunkHeader.version else { throw .unknownVersion(first >> 4) }
        guard bytes.count > Self.checksumSize else { throw .corrupt }
        let content = UnsafeRawBufferPointer(rebasing: bytes.dropLast(Self.checksumSize))
        var end = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes.suffix(Self.checksumSize)))
        guard Checksum.of(content) == (try end.fixed32()) else { throw .checksumMismatch }

        var cursor = ByteCursor(content)
        let form = try cursor.byte() & 15
        kind = ValueKind(rawValue: form)
        let flags = try cursor.byte()
        guard kind != nil || form == 0, flags & ~(ChunkHeader.hasNulls | ChunkHeader.hasQuality) == 0 else {
            throw .corrupt
        }
        count = try cursor.count(upTo: SeriesChunk.maximumCount)
        guard count > 0 else { throw .corrupt }
        times = try Self.section(&cursor)
        nulls = flags & ChunkHeader.hasNulls == 0 ? nil : try Self.section(&cursor)
        quality = flags & ChunkHeader.hasQuality == 0 ? nil : try Self.section(&cursor)
        values = cursor.offset..<content.count
    }

    private static func section(_ cursor: inout ByteCursor) throws(ChunkError) -> Range<Int> {
        let length = try cursor.section().count
        return cursor.offset - length..<cursor.offset
    }

    func slice(_ range: Range<Int>, of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[range])
    }
}
