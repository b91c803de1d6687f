import JSON
import Kernel
import PostgresClient

/// Which state of a row this is. The triggers of the table keep all three.
package struct Revision: Sendable, Hashable {
    /// Counts the changes from 1; it is the row's ETag.
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package static let columns: SQL = "version, created_at, updated_at"

    package init(from row: inout RowReader) throws {
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("version", version)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
    }
}
