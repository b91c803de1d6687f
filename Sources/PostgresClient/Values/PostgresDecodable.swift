import Glibc

/// A value that can be read from a result column in PostgreSQL's binary format.
package protocol PostgresDecodable: Sendable {
    init(from cell: PostgresCell) throws(PostgresCellFault)
    /// What NULL becomes; refused by all but optionals.
    static func fromNull() throws(PostgresCellFault) -> Self
    /// What a Swift array of this is read from: `bytea` for `UInt8`, an array for all others.
    static func array(from cell: PostgresCell) throws(PostgresCellFault) -> [Self]
}

/// Why a cell could not be read.
package struct PostgresCellFault: Error, Sendable {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
}

extension PostgresDecodable {
    package static func fromNull() throws(PostgresCellFault) -> Self {
        throw PostgresCellFault("NULL where \(Self.self) is expected")
    }

    package static func array(from cell: PostgresCell) throws(PostgresCellFault) -> [Self] { try elements(of: cell) }

    /// An array of any type, element by element.
    static func elements(of cell: PostgresCell) throws(PostgresCellFault) -> [Self] {
        guard let (elementOID, count) = try cell.arrayHeader() else { return [] }
        var offset = PostgresCell.arrayHeaderBytes
        var values: [Self] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try cell.integer(at: offset, as: Int32.self))
            offset += 4
            if length < 0 {
                values.append(try Self.fromNull())
            } else {
                guard offset + length <= cell.bytes.count else { throw PostgresCellFault("a damaged array") }
                let element = UnsafeRawBufferPointer(rebasing: cell.bytes[offset..<offset + length])
                values.append(try Self(from: PostgresCell(bytes: element, oid: elementOID)))
                offset += length
            }
        }
        return values
    }
}

extension PostgresDecodable {
    /// `array(from:)` for the numbers of measurements, which are read by the thousand: what all elements share is looked at
    /// once, not with each of them. Elements of another type, and NULL, are read like any array's.
    static func numbers<Stored: FixedWidthInteger>(
        _ cell: PostgresCell, of type: PostgresType, as: Stored.Type, _ value: (Stored) -> Self
    ) throws(PostgresCellFault) -> [Self] {
        guard let (elementOID, count) = try cell.arrayHeader() else { return [] }
        let stride = 4 + MemoryLayout<Stored>.size
        // A NULL among them has a length of −1 and no bytes: then the size is another.
        guard elementOID == type.oid, cell.bytes.count == PostgresCell.arrayHeaderBytes + count * stride else {
            return try elements(of: cell)
        }
        var values: [Self] = []
        values.reserveCapacity(count)
        for offset in Swift.stride(from: PostgresCell.arrayHeaderBytes + 4, to: cell.bytes.count, by: stride) {
            let stored = cell.bytes.loadUnaligned(fromByteOffset: offset, as: Stored.self)
            values.append(value(Stored(bigEndian: stored)))
        }
        return values
    }
}

/// One field of one row. Valid only while the row is being read; every access is checked against its size.
package struct PostgresCell {
    package let bytes: UnsafeRawBufferPointer
    package let oid: UInt32

    package init(bytes: UnsafeRawBufferPointer, oid: UInt32) {
        self.bytes = bytes
        self.oid = oid
    }

    static let arrayHeaderBytes = 20

    /// The type and the number of an array's elements; nil when it is empty.
    func arrayHeader() throws(PostgresCellFault) -> (elementOID: UInt32, count: Int)? {
        let dimensions = try integer(at: 0, as: Int32.self)
        let elementOID = try integer(at: 8, as: UInt32.self)
        guard dimensions > 0 else { return nil }
        guard dimensions == 1 else { throw PostgresCellFault("an array of \(dimensions) dimensions") }
        let count = Int(try integer(at: 12, as: Int32.self))
        // Each element has at least a length of four bytes: a false count cannot make us reserve much.
        guard count >= 0, count <= (bytes.count - Self.arrayHeaderBytes) / 4 else {
            throw PostgresCellFault("a damaged array")
        }
        return (elementOID, count)
    }

    /// A big-endian integer at `offset`.
    package func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type) throws(PostgresCellFault) -> T {
        guard offset >= 0, offset + MemoryLayout<T>.size <= bytes.count else {
            throw PostgresCellFault("\(bytes.count) bytes are too few for \(PostgresType.name(ofOID: oid))")
        }
        return T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The whole field as one integer of exactly this width.
    package func whole<T: FixedWidthInteger>(as type: T.Type) throws(PostgresCellFault) -> T {
        guard bytes.count == MemoryLayout<T>.size else {
            throw PostgresCellFault("\(bytes.count) bytes for \(PostgresType.name(ofOID: oid))")
        }
        return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }

    /// Any of PostgreSQL's integer types, widened.
    package func anyInteger() throws(PostgresCellFault) -> Int64 {
        switch oid {
        case PostgresType.int8.oid: return try whole(as: Int64.self)
        case PostgresType.int4.oid: return Int64(try whole(as: Int32.self))
        case PostgresType.int2.oid: return Int64(try whole(as: Int16.self))
        case PostgresType.objectID.oid: return Int64(try whole(as: UInt32.self))
        case PostgresType.xid8.oid: return Int64(truncatingIfNeeded: try whole(as: UInt64.self))
        default: throw mismatch("an integer")
        }
    }

    package func require(_ type: PostgresType) throws(PostgresCellFault) {
        if oid != type.oid { throw mismatch(PostgresType.name(ofOID: type.oid)) }
    }

    package func mismatch(_ expected: String) -> PostgresCellFault {
        PostgresCellFault("\(PostgresType.name(ofOID: oid)) where \(expected) is expected")
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }
}
