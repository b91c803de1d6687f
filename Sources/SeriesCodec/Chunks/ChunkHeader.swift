/// A chunk before it is written:
///
///     u8 version (high four bits) and kind (low; 0 is a clock) · u8 flags: 1 nulls, 2 quality · number count
///     · section times · section nulls, if any · section quality, if any · values · fixed32 checksum of all before it
struct ChunkHeader {
    static let version: UInt8 = 1
    static let hasNulls: UInt8 = 1
    static let hasQuality: UInt8 = 2

    /// `nil` for a clock.
    let kind: ValueKind?
    let count: Int
    var times: [UInt8] = []
    var nulls: [UInt8]?
    var quality: [UInt8]?

    init(kind: ValueKind?, count: Int) { (self.kind, self.count) = (kind, count) }

    /// - Throws: ``ChunkError/countOutOfRange(_:)``.
    func sealed(values: [UInt8]) throws(ChunkError) -> [UInt8] {
        guard 1...SeriesChunk.maximumCount ~= count else { throw .countOutOfRange(count) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24 + times.count + values.count + (nulls?.count ?? 0) + (quality?.count ?? 0))
        bytes.append(Self.version << 4 | (kind?.rawValue ?? 0))
        bytes.append((nulls == nil ? 0 : Self.hasNulls) | (quality == nil ? 0 : Self.hasQuality))
        bytes.appendNumber(UInt64(count))
        bytes.appendSection(times)
        if let nulls { bytes.appendSection(nulls) }
        if let quality { bytes.appendSection(quality) }
        bytes += values
        bytes.appendFixed32(bytes.withUnsafeBytes(Checksum.of))
        return bytes
    }

    /// The last four bytes of a chunk.
    static func checksum(of chunk: [UInt8]) -> UInt32 {
        chunk.suffix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}
