import JSON
import Kernel
import PostgresClient

/// Walking a list by key: the order, the condition that continues behind a position, and the position of a row.
///
/// An order that goes one way in all of its columns is continued by a comparison of rows, which one btree index on
/// `(organization_id, columns …)` answers; row-level security leaves that usable. In a mixed order the first column bounds
/// what is read. NULL counts as larger than every value, as PostgreSQL sorts it.
package struct Keyset<Row>: Sendable {
    private let columns: [(column: SortColumn<Row>, descending: Bool)]

    /// `order`, made total by the list's unique column, which goes the way of the column before it.
    package init<Sort: RowSort>(_ order: [SortKey<Sort>]) where Sort.Row == Row {
        var columns: [(column: SortColumn<Row>, descending: Bool)] = []
        for key in order {
            columns.append((column: key.sort.column, descending: key.descending))
            if key.sort.column.isUnique { break }
        }
        if columns.last?.column.isUnique != true {
            columns.append((column: Sort.unique, descending: columns.last?.descending ?? false))
        }
        self.columns = columns
    }

    /// `order by …`
    package var order: SQL {
        " order by " + Self.joined(columns.map { $0.column.sql + ($0.descending ? " desc" : .empty) })
    }

    package func position(_ row: Row) -> PagePosition { PagePosition(columns.map { $0.column.key(row) }) }

    /// `and …`, or nothing on the first page.
    /// - Throws: `invalid-parameter` for a position that was not made by a list in this order.
    package func after(_ position: PagePosition?) throws(ServiceError) -> SQL {
        guard let position else { return .empty }
        guard position.keys.count == columns.count else { throw Self.foreign }
        var bounds: [Bound] = []
        for ((column, descending), key) in zip(columns, position.keys) {
            let value = column.bind(key)
            guard value != nil || (key.isNull && column.isNullable) else { throw Self.foreign }
            bounds.append(
                Bound(column: column.sql, isNullable: column.isNullable, descending: descending, value: value))
        }
        let descending = bounds.first?.descending
        if bounds.allSatisfy({ !$0.isNullable && $0.descending == descending }) {
            let (names, values) = (Self.joined(bounds.map(\.column)), Self.joined(bounds.compactMap(\.value)))
            let comparison: SQL = descending == true ? ") < (" : ") > ("
            return " and (" + names + comparison + values + ")"
        }
        return (bounds.first?.enclosing ?? .empty) + " and " + Self.beyond(bounds[...])
    }

    /// `(a > 1 or (a = 1 and (b < 2 or (b = 2 and id > 3))))`
    private static func beyond(_ bounds: ArraySlice<Bound>) -> SQL {
        guard let first = bounds.first else { return "false" }
        let rest = bounds.dropFirst()
        let tied: SQL? = rest.isEmpty ? nil : "(" + first.tied + " and " + beyond(rest) + ")"
        return switch (first.beyond, tied) {
        case (let beyond?, let tied?): "(" + beyond + " or " + tied + ")"
        case (let only?, nil), (nil, let only?): only
        case (nil, nil): "false"
        }
    }

    private static func joined(_ parts: [SQL]) -> SQL {
        parts.dropFirst().reduce(parts.first ?? .empty) { $0 + ", " + $1 }
    }

    private static var foreign: ServiceError {
        .invalidParameters([FieldFault(pointer: "cursor", detail: "does not belong to this list")])
    }
}

/// What the last row of a page had in one column.
private struct Bound {
    let column: SQL
    let isNullable: Bool
    let descending: Bool
    /// Nil: it was NULL.
    let value: SQL?

    /// What comes later by this column alone; nil when nothing can.
    var beyond: SQL? {
        switch (value, descending) {
        case (let value?, true): "\(column) < \(value)"
        case (let value?, false): isNullable ? "(\(column) > \(value) or \(column) is null)" : "\(column) > \(value)"
        case (nil, true): "\(column) is not null"
        case (nil, false): nil
        }
    }

    var tied: SQL { value.map { "\(column) = \($0)" } ?? "\(column) is null" }

    /// What holds for all that comes later, so that an index on the column need not begin at its end.
    var enclosing: SQL {
        switch (value, descending) {
        case (let value?, true): " and \(column) <= \(value)"
        case (let value?, false) where !isNullable: " and \(column) >= \(value)"
        default: .empty
        }
    }
}
