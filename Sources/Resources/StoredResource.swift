import Kernel
import Persistence
import PostgresClient

/// A resource that is one row of one table.
///
/// `init(from:)` reads `id`, the columns of ``ResourceTable/columns`` in their order, and the ``Revision``.
package protocol StoredResource: Resource, RowDecodable
where Fields: StoredFields, Sort: RowSort, Sort.Row == Self, Filter: RowFilter {
    static var table: ResourceTable { get }
}

/// Fields that are columns.
package protocol StoredFields: EditableFields {
    init(from row: inout RowReader) throws
    /// Says what stands in which column. Columns that are computed of others may be among them.
    func writeColumns(to row: inout ColumnValues)
}

/// A filter that PostgreSQL applies.
package protocol RowFilter: ListFilter {
    /// Begins with ` and ` or is empty. Only comparisons that a btree index answers below row-level security.
    var conditions: SQL { get }
}

extension RowFilter {
    package var conditions: SQL { .empty }
}

extension RowSort where Row: Resource {
    package static var unique: SortColumn<Row> { .id { $0.id } }
}

/// Where the rows of a kind of resource are and what can be wrong with them.
package struct ResourceTable: Sendable {
    /// In the schema `app`. Statements are named after it: `/* sites.find */`.
    let name: SQL
    let columns: SQL
    let condition: SQL
    let parent: ParentTable?
    let isReadBack: Bool
    let writeFaults: KnownConstraints
    let deleteFaults: KnownConstraints

    /// - Parameters:
    ///   - columns: between `id` and `version`, in the order in which the resource reads them.
    ///   - condition: which rows of the table are meant; the others do not exist for this kind of resource.
    ///   - isReadBack: whether a row must be read again after it was written, because a column shows what the statement
    ///     itself made in another table.
    ///   - writeFaults: what constraints mean when a row is inserted or updated, in the words of who sent it.
    ///   - deleteFaults: the same when a row is deleted.
    package init(
        _ name: SQL, columns: SQL, where condition: SQL = "true", partOf parent: ParentTable? = nil,
        isReadBack: Bool = false, writeFaults: KnownConstraints = [:], deleteFaults: KnownConstraints = [:]
    ) {
        self.name = name
        self.columns = columns
        self.condition = condition
        self.parent = parent
        self.isReadBack = isReadBack
        self.writeFaults = writeFaults
        self.deleteFaults = deleteFaults
    }
}

/// The table of what a resource is a part of.
package struct ParentTable: Sendable {
    let name: SQL
    /// The column that refers to it.
    let column: SQL

    package init(_ name: SQL, column: SQL) { (self.name, self.column) = (name, column) }
}

/// What a row is to hold, column by column.
package struct ColumnValues {
    private var columns: [(name: SQL, value: SQL)] = []

    package init() {}

    /// A value becomes a parameter; nil is NULL.
    package mutating func set<Value: PostgresEncodable>(_ column: SQL, _ value: Value?) {
        columns.append((name: column, value: "\(value)"))
    }

    /// A value that PostgreSQL computes.
    package mutating func set(_ column: SQL, computed expression: SQL) {
        columns.append((name: column, value: expression))
    }

    /// `a, b`
    package var names: SQL { joined { $0.name } }
    /// `$1, $2`
    package var values: SQL { joined { $0.value } }
    /// `a = $1, b = $2`
    package var assignments: SQL { joined { $0.name + " = " + $0.value } }

    private func joined(_ part: ((name: SQL, value: SQL)) -> SQL) -> SQL {
        var sql = SQL.empty
        for (index, column) in columns.enumerated() {
            if index > 0 { sql += ", " }
            sql += part(column)
        }
        return sql
    }
}
