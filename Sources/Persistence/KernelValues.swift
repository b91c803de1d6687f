import Foundation
import JSON
import Kernel
import PostgresClient

extension TypedID: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .uuid }
    package func encode(into buffer: inout PostgresBuffer) { uuid.encode(into: &buffer) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self.init(try UUID(from: cell)) }
}

extension Timestamp: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .timestamptz }
    package func encode(into buffer: inout PostgresBuffer) {
        PostgresTimestamp(microseconds: microseconds).encode(into: &buffer)
    }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        self.init(microseconds: try PostgresTimestamp(from: cell).microseconds)
    }
}

extension SourceNumber: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int4 }
    package func encode(into buffer: inout PostgresBuffer) { rawValue.encode(into: &buffer) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) { self.init(rawValue: try Int32(from: cell)) }
}

/// A `jsonb` column as a value. Columns that are only passed on are read as ``PostgresJSON``, which parses nothing.
extension JSONValue: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .jsonb }
    package func encode(into buffer: inout PostgresBuffer) { PostgresJSON(bytes).encode(into: &buffer) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        let text = try PostgresJSON(from: cell)
        do { self = try JSONValue(parsing: text.bytes) } catch { throw PostgresCellFault("a document: \(error)") }
    }
}

extension PostgresJSON: JSONWritable {
    package func write(to json: inout JSONWriter) { json.raw(bytes) }
}
