/// One column of a batch, encoded while it grows: the fast way to hand thousands of rows to a function or `unnest`.
///
/// Bind it with an interpolation like any value. Its bytes are copied once, into the statement.
package struct PostgresArrayBuilder<Element: PostgresEncodable>: Sendable {
    var buffer = PostgresBuffer()
    package private(set) var count = 0

    /// `capacity` in elements of up to 16 bytes.
    package init(of type: Element.Type = Element.self, capacity: Int = 0) {
        buffer.bytes.reserveCapacity(Self.headerSize + capacity * (4 + Swift.min(16, MemoryLayout<Element>.size)))
        buffer.appendArrayHeader(elementOID: Element.postgresType.oid, count: 1)
    }

    private static var headerSize: Int { 20 }

    /// What it will take on the wire.
    package var byteCount: Int { buffer.bytes.count }

    package mutating func append(_ value: Element) {
        count += 1
        if value.isPostgresNull {
            buffer.append(Int32(-1))
            buffer.bytes[7] = 1
        } else {
            buffer.appendSized { value.encode(into: &$0) }
        }
    }

    package mutating func appendNull() {
        count += 1
        buffer.append(Int32(-1))
        buffer.bytes[7] = 1
    }

    /// Empties it and keeps its memory.
    package mutating func removeAll() {
        buffer.bytes.removeAll(keepingCapacity: true)
        buffer.appendArrayHeader(elementOID: Element.postgresType.oid, count: 1)
        count = 0
    }

    /// The finished array.
    package func encoded() -> [UInt8] {
        var copy = buffer
        if count == 0 {
            copy.bytes.removeAll(keepingCapacity: true)
            copy.appendArrayHeader(elementOID: Element.postgresType.oid, count: 0)
        } else {
            copy.patch(Int32(count), at: 12)
        }
        return copy.bytes
    }
}

// The common columns once more without generics, which the callers' modules could not specialize.

extension PostgresArrayBuilder where Element: FixedWidthInteger {
    private mutating func appendInteger(_ value: Element) {
        count += 1
        buffer.append(Int32(MemoryLayout<Element>.size))
        buffer.append(value)
    }
}

extension PostgresArrayBuilder<Int16> {
    package mutating func append(_ value: Int16) { appendInteger(value) }
}

extension PostgresArrayBuilder<Int32> {
    package mutating func append(_ value: Int32) { appendInteger(value) }
}

extension PostgresArrayBuilder<Int64> {
    package mutating func append(_ value: Int64) { appendInteger(value) }
}

extension PostgresArrayBuilder<Double> {
    package mutating func append(_ value: Double) {
        count += 1
        buffer.append(Int32(8))
        buffer.append(value.bitPattern)
    }
}
