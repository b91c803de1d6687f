/// A JSON document for a `jsonb` (or from a `json`) column, as UTF-8 text. Validity is PostgreSQL's to check (22P02).
package struct PostgresJSON: Sendable, Hashable {
    package let bytes: [UInt8]
    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { bytes = [UInt8](text.utf8) }
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension PostgresJSON: PostgresEncodable, PostgresDecodable {
    private static let version: UInt8 = 1

    package static var postgresType: PostgresType { .jsonb }
    package func encode(into buffer: inout PostgresBuffer) {
        buffer.bytes.append(Self.version)
        buffer.bytes.append(contentsOf: bytes)
    }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        if cell.oid == PostgresType.json.oid {
            bytes = [UInt8](cell.bytes)
        } else {
            try cell.require(.jsonb)
            guard cell.bytes.first == Self.version else { throw PostgresCellFault("an unknown jsonb version") }
            bytes = [UInt8](cell.bytes.dropFirst())
        }
    }
}
