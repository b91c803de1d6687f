import FoundationEssentials

extension Bool: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .bool }
    package func encode(into buffer: inout PostgresBuffer) { buffer.bytes.append(self ? 1 : 0) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        try cell.require(.bool)
        self = try cell.whole(as: UInt8.self) != 0
    }
}

/// A byte alone is a `smallint`; an array of bytes is a `bytea`.
extension UInt8: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int2 }
    package func encode(into buffer: inout PostgresBuffer) { buffer.append(Int16(self)) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self = try integer(cell) }

    package static var postgresArrayType: PostgresType { .bytea }
    package static func encodeArray(_ values: [UInt8], into buffer: inout PostgresBuffer) {
        buffer.bytes.append(contentsOf: values)
    }
    package static func array(from cell: PostgresCell) throws(PostgresCellFault) -> [UInt8] {
        try cell.require(.bytea)
        return [UInt8](cell.bytes)
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int2 }
    package func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self = try integer(cell) }
    package static func array(from cell: PostgresCell) throws(PostgresCellFault) -> [Int16] {
        try numbers(cell, of: .int2, as: Int16.self) { $0 }
    }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int4 }
    package func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self = try integer(cell) }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int8 }
    package func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self = try cell.anyInteger() }
    package static func array(from cell: PostgresCell) throws(PostgresCellFault) -> [Int64] {
        try numbers(cell, of: .int8, as: Int64.self) { $0 }
    }
}

/// `bigint`. To bind an `integer` or `smallint` (function arguments, array elements), use Int32 or Int16.
extension Int: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int8 }
    package func encode(into buffer: inout PostgresBuffer) { buffer.append(Int64(self)) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self = try integer(cell) }
}

private func integer<T: FixedWidthInteger>(_ cell: PostgresCell) throws(PostgresCellFault) -> T {
    let wide = try cell.anyInteger()
    guard let value = T(exactly: wide) else { throw PostgresCellFault("\(wide) does not fit \(T.self)") }
    return value
}

extension Float: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .float4 }
    package func encode(into buffer: inout PostgresBuffer) { buffer.append(bitPattern) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        try cell.require(.float4)
        self = Float(bitPattern: try cell.whole(as: UInt32.self))
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .float8 }
    package func encode(into buffer: inout PostgresBuffer) { buffer.append(bitPattern) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        if cell.oid == PostgresType.float4.oid {
            self = Double(Float(bitPattern: try cell.whole(as: UInt32.self)))
        } else {
            try cell.require(.float8)
            self = Double(bitPattern: try cell.whole(as: UInt64.self))
        }
    }
    package static func array(from cell: PostgresCell) throws(PostgresCellFault) -> [Double] {
        try numbers(cell, of: .float8, as: UInt64.self) { Double(bitPattern: $0) }
    }
}

/// `text`, and what is read like it. NUL cannot be stored in `text`: the server answers 22021.
/// `numeric` and `interval` are read with a cast: `select total::text`.
extension String: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .text }
    package func encode(into buffer: inout PostgresBuffer) { buffer.bytes.append(contentsOf: utf8) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        switch cell.oid {
        case PostgresType.text.oid, PostgresType.varchar.oid, PostgresType.name.oid, PostgresType.bpchar.oid,
            PostgresType.char.oid, PostgresType.unknown.oid:
            self = cell.text
        default: throw cell.mismatch("text")
        }
    }
}

extension UUID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .uuid }
    package func encode(into buffer: inout PostgresBuffer) {
        withUnsafeBytes(of: uuid) { buffer.bytes.append(contentsOf: $0) }
    }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        try cell.require(.uuid)
        guard cell.bytes.count == 16 else { throw PostgresCellFault("\(cell.bytes.count) bytes for uuid") }
        self.init(uuid: cell.bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }
    package var isPostgresNull: Bool { if case .none = self { true } else { false } }
    package func encode(into buffer: inout PostgresBuffer) { self?.encode(into: &buffer) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self = .some(try Wrapped(from: cell)) }
    package static func fromNull() throws(PostgresCellFault) -> Wrapped? { nil }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    package static var postgresType: PostgresType { Element.postgresArrayType }
    package func encode(into buffer: inout PostgresBuffer) { Element.encodeArray(self, into: &buffer) }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self = try Element.array(from: cell) }
}
