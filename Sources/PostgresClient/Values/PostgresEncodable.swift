/// A value that can be bound to a statement in PostgreSQL's binary format.
package protocol PostgresEncodable: Sendable {
    static var postgresType: PostgresType { get }
    /// Whether this value is NULL; `encode` is then not called.
    var isPostgresNull: Bool { get }
    func encode(into buffer: inout PostgresBuffer)

    /// The type of a Swift array of this. `[UInt8]` is one `bytea`, all others are arrays.
    static var postgresArrayType: PostgresType { get }
    static func encodeArray(_ values: [Self], into buffer: inout PostgresBuffer)
}

extension PostgresEncodable {
    package var isPostgresNull: Bool { false }

    package static var postgresArrayType: PostgresType {
        let element = Self.postgresType
        precondition(element.arrayOID != 0, "PostgreSQL arrays of \(Self.self) are not supported")
        return PostgresType(oid: element.arrayOID)
    }

    package static func encodeArray(_ values: [Self], into buffer: inout PostgresBuffer) {
        let start = buffer.bytes.count
        buffer.appendArrayHeader(elementOID: Self.postgresType.oid, count: values.count)
        for value in values {
            if value.isPostgresNull {
                buffer.append(Int32(-1))
                buffer.bytes[start + 7] = 1
            } else {
                buffer.appendSized { value.encode(into: &$0) }
            }
        }
    }
}

/// Bytes in network order, as they go into a Bind message.
package struct PostgresBuffer: Sendable {
    package var bytes: [UInt8]

    package init() { bytes = [] }

    package mutating func append<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Writes what `body` writes with its length (Int32) in front.
    package mutating func appendSized(_ body: (inout PostgresBuffer) -> Void) {
        let start = bytes.count
        append(Int32(0))
        body(&self)
        patch(Int32(bytes.count - start - 4), at: start)
    }

    package mutating func patch(_ value: Int32, at offset: Int) {
        withUnsafeBytes(of: value.bigEndian) { source in
            for index in 0..<4 { bytes[offset + index] = source[index] }
        }
    }

    /// The header of an array without NULLs: dimensions, flags, element type, then the size and lower bound of the one
    /// dimension. An empty array has no dimension.
    package mutating func appendArrayHeader(elementOID: UInt32, count: Int) {
        append(Int32(count == 0 ? 0 : 1))
        append(Int32(0))
        append(elementOID)
        if count > 0 {
            append(Int32(count))
            append(Int32(1))
        }
    }
}

/// The parameters of one statement, encoded where they are written: one flat buffer, no allocation for each value.
package struct PostgresBinds: Sendable {
    package var buffer = PostgresBuffer()
    /// −1: NULL.
    package private(set) var lengths: [Int32] = []
    package private(set) var oids: [UInt32] = []

    package init() {}

    package var count: Int { lengths.count }

    mutating func reserve(_ count: Int) {
        lengths.reserveCapacity(count)
        oids.reserveCapacity(count)
        buffer.bytes.reserveCapacity(16 * count)
    }

    package mutating func append<T: PostgresEncodable>(_ value: T) {
        oids.append(T.postgresType.oid)
        if value.isPostgresNull {
            lengths.append(-1)
        } else {
            let start = buffer.bytes.count
            value.encode(into: &buffer)
            lengths.append(Int32(buffer.bytes.count - start))
        }
    }

    /// A value that is encoded already.
    package mutating func append(encoded bytes: [UInt8], oid: UInt32) {
        oids.append(oid)
        lengths.append(Int32(bytes.count))
        buffer.bytes.append(contentsOf: bytes)
    }

    mutating func append(_ others: PostgresBinds) {
        oids.append(contentsOf: others.oids)
        lengths.append(contentsOf: others.lengths)
        buffer.bytes.append(contentsOf: others.buffer.bytes)
    }
}
