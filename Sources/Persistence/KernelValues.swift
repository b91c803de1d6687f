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

/// A `jsonb` column that holds an object.
extension JSONObject: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .jsonb }
    package func encode(into buffer: inout PostgresBuffer) { PostgresJSON(jsonBytes).encode(into: &buffer) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        guard case .object(let object) = try JSONValue(from: cell) else {
            throw PostgresCellFault("another JSON value where an object is expected")
        }
        self = object
    }
}

/// An enumeration that is stored as its text: `extension AlarmState: TextColumn {}`. A text that is none of the cases is a
/// fault of the row.
package protocol TextColumn: RawRepresentable<String>, PostgresEncodable, PostgresDecodable {}

extension TextColumn {
    package static var postgresType: PostgresType { .text }
    package func encode(into buffer: inout PostgresBuffer) { rawValue.encode(into: &buffer) }
    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        let text = try String(from: cell)
        guard let value = Self(rawValue: text) else { throw PostgresCellFault("\"\(text)\" is no \(Self.self)") }
        self = value
    }
}
