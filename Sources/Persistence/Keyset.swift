import Foundation
import JSON
import Kernel
import PostgresClient

/// Walking a list by key: the condition that continues behind a position, and the order that goes with it. An order by one
/// key, or by several in one direction, is served by a btree index on `(organization_id, column, …, id)`, which row-level
/// security leaves usable; others sort what the conditions leave.
package struct Keyset: Sendable {
    /// What a list is ordered by. Columns must be NOT NULL.
    package enum Column: Sendable {
        case text(SQL)
        case time(SQL)
        /// Ids of version 7 are in the order of their making.
        case id
    }

    private struct Part: Sendable {
        let column: SQL
        let isTime: Bool
        let descending: Bool
    }

    /// Those before the id, behind which no two rows are equal.
    private var parts: [Part] = []
    private let id: SQL
    private var idDescending = false

    /// In the order given, and then by id in the direction of the last.
    package init(_ columns: [(column: Column, descending: Bool)], id: SQL = "id") {
        self.id = id
        for (column, descending) in columns {
            idDescending = descending
            switch column {
            case .text(let sql): parts.append(Part(column: sql, isTime: false, descending: descending))
            case .time(let sql): parts.append(Part(column: sql, isTime: true, descending: descending))
            case .id: return
            }
        }
    }

    /// Ordered by id alone.
    package init(id: SQL = "id", descending: Bool) { self.init([(column: .id, descending: descending)], id: id) }

    /// `order by …`
    package var order: SQL {
        var sql: SQL = " order by "
        for part in parts { sql += part.descending ? "\(part.column) desc, " : "\(part.column), " }
        return sql + (idDescending ? "\(id) desc" : "\(id)")
    }

    /// `and …`, or nothing on the first page.
    /// - Throws: `invalid-parameter` for a position that was not made by a list in this order.
    package func after(_ position: PagePosition?) throws -> SQL {
        guard let position else { return .empty }
        guard let last = UUID(uuidString: position.id), position.keys.count >= parts.count else { throw Self.foreign }
        let values = try zip(parts, position.keys).map { part, key throws -> SQL in try Self.value(key, of: part) }
        let isUniform = parts.allSatisfy { $0.descending == idDescending }
        return isUniform ? uniform(values, last) : mixed(values, last)
    }

    /// One comparison of rows.
    private func uniform(_ values: [SQL], _ last: UUID) -> SQL {
        var (columns, bounds): (SQL, SQL) = (.empty, .empty)
        for (part, value) in zip(parts, values) {
            columns += "\(part.column), "
            bounds += "\(value), "
        }
        return idDescending
            ? " and (\(columns)\(id)) < (\(bounds)\(last))" : " and (\(columns)\(id)) > (\(bounds)\(last))"
    }

    /// Behind in the first column, or equal there and behind in the second, and so on. The first column's bound stands
    /// outside, where an index serves it.
    private func mixed(_ values: [SQL], _ last: UUID) -> SQL {
        var sql: SQL = .empty
        if let first = parts.first, let value = values.first {
            sql += first.descending ? " and \(first.column) <= \(value)" : " and \(first.column) >= \(value)"
        }
        sql += " and ("
        var equal: SQL = .empty
        for (part, value) in zip(parts, values) {
            sql += part.descending ? "\(equal)\(part.column) < \(value) or " : "\(equal)\(part.column) > \(value) or "
            equal += "\(part.column) = \(value) and "
        }
        return sql + (idDescending ? "\(equal)\(id) < \(last))" : "\(equal)\(id) > \(last))")
    }

    private static func value(_ key: JSONValue, of part: Part) throws -> SQL {
        switch (part.isTime, key) {
        case (false, .string(let text)): return "\(text)"
        case (true, .integer(let microseconds)): return "\(PostgresTimestamp(microseconds: microseconds))"
        default: throw foreign
        }
    }

    private static var foreign: ServiceError {
        .invalidParameters([FieldFault(pointer: "cursor", detail: "does not belong to this list")])
    }
}

extension PageRequest {
    /// How the list is walked.
    package func keyset(id: SQL = "id", _ column: (Sort) -> Keyset.Column) -> Keyset {
        Keyset(order.map { (column: column($0.sort), descending: $0.descending) }, id: id)
    }
}

extension PagePosition {
    /// In a list by id alone.
    package init<Subject>(_ id: TypedID<Subject>) { self.init(id: id.description) }
}
