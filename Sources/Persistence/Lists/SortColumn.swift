import Foundation
import JSON
import Kernel
import PostgresClient

/// The orders of a list that PostgreSQL sorts.
package protocol RowSort: ListSort {
    associatedtype Row: Sendable
    var column: SortColumn<Row> { get }
    /// What tells rows apart that are equal in all else.
    static var unique: SortColumn<Row> { get }
}

/// A column that a list can be ordered by, and what of a row a cursor keeps for it.
package struct SortColumn<Row>: Sendable {
    private enum Kind { case text, time, id }

    let sql: SQL
    let isNullable: Bool
    let key: @Sendable (Row) -> JSONValue
    private let kind: Kind
    var isUnique: Bool { kind == .id }

    private init(
        _ sql: SQL, _ kind: Kind, isNullable: Bool = false, _ key: @escaping @Sendable (Row) -> JSONValue
    ) {
        (self.sql, self.kind, self.isNullable, self.key) = (sql, kind, isNullable, key)
    }

    /// A column of text, NOT NULL. Its collation must be "C", by the table or in `sql`.
    package static func text(_ sql: SQL, _ value: @escaping @Sendable (Row) -> String) -> SortColumn {
        SortColumn(sql, .text) { .string(value($0)) }
    }

    /// A column of text that may be NULL.
    package static func optionalText(_ sql: SQL, _ value: @escaping @Sendable (Row) -> String?) -> SortColumn {
        SortColumn(sql, .text, isNullable: true) { value($0).map { .string($0) } ?? .null }
    }

    /// A column of time, NOT NULL.
    package static func time(_ sql: SQL, _ value: @escaping @Sendable (Row) -> Timestamp) -> SortColumn {
        SortColumn(sql, .time) { .integer(value($0).microseconds) }
    }

    /// The key. Ids of version 7 are in the order of their making, so this is the order by `created_at`, too.
    package static func id<Subject>(
        _ sql: SQL = "id", _ value: @escaping @Sendable (Row) -> TypedID<Subject>
    ) -> SortColumn {
        SortColumn(sql, .id) { .string(value($0).description) }
    }

    /// A cursor's value as a parameter; nil for what this column did not put there.
    func bind(_ key: JSONValue) -> SQL? {
        switch (kind, key) {
        case (.text, .string(let text)): "\(text)"
        case (.time, .integer(let microseconds)): "\(PostgresTimestamp(microseconds: microseconds))"
        case (.id, .string(let text)): UUID(uuidString: text).map { "\($0)" }
        default: nil
        }
    }
}
