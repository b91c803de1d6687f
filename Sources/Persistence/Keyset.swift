import Foundation
import JSON
import Kernel
import PostgresClient

/// Walking a list by key: the condition that continues behind a position, and the order that goes with it. Both use one
/// btree index on `(organization_id, column, id)` (or on `(organization_id, id)`), which row-level security leaves usable.
package struct Keyset: Sendable {
    /// How a position's key is bound.
    package enum Kind: Sendable { case text, time, integer }

    private let column: SQL
    private let id: SQL
    private let kind: Kind?
    private let descending: Bool

    /// Ordered by `column` and then by id. `column` must be NOT NULL.
    package init(_ column: SQL, _ kind: Kind, id: SQL = "id", descending: Bool) {
        (self.column, self.kind, self.id, self.descending) = (column, kind, id, descending)
    }

    /// Ordered by id alone: ids of version 7 are in the order of their making.
    package init(id: SQL = "id", descending: Bool) {
        (column, kind, self.id, self.descending) = ("", nil, id, descending)
    }

    /// `order by …`
    package var order: SQL {
        switch (kind, descending) {
        case (nil, false): " order by \(id)"
        case (nil, true): " order by \(id) desc"
        case (_, false): " order by \(column), \(id)"
        case (_, true): " order by \(column) desc, \(id) desc"
        }
    }

    /// `and …`, or nothing on the first page.
    /// - Throws: `invalid-parameter` for a position that was not made by a list in this order.
    package func after(_ position: PagePosition?) throws -> SQL {
        guard let position else { return .empty }
        guard let last = UUID(uuidString: position.id) else { throw Self.foreign }
        guard let kind else { return descending ? " and \(id) < \(last)" : " and \(id) > \(last)" }
        let key: SQL
        switch (kind, position.key) {
        case (.text, .string(let text)): key = "\(text)"
        case (.time, .integer(let microseconds)): key = "\(PostgresTimestamp(microseconds: microseconds))"
        case (.integer, .integer(let number)): key = "\(number)"
        default: throw Self.foreign
        }
        return descending
            ? " and (\(column), \(id)) < (\(key), \(last))" : " and (\(column), \(id)) > (\(key), \(last))"
    }

    private static var foreign: ServiceError {
        .invalidParameters([FieldFault(pointer: "cursor", detail: "does not belong to this list")])
    }
}

extension PagePosition {
    package init<Subject>(_ id: TypedID<Subject>) { self.init(key: .null, id: id.description) }
    package init<Subject>(_ text: String, _ id: TypedID<Subject>) { self.init(key: .string(text), id: id.description) }
    package init<Subject>(_ time: Timestamp, _ id: TypedID<Subject>) {
        self.init(key: .integer(time.microseconds), id: id.description)
    }
}
