import Kernel
import PostgresClient

/// What a tenant's transaction and one of the platform have in common for reading.
package protocol ReadingTransaction: ~Copyable {
    func all<Row>(_ sql: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> [Row]
    func first<Row>(_ sql: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> Row?
}

extension TenantTransaction: ReadingTransaction {}
extension SystemTransaction: ReadingTransaction {}

extension ReadingTransaction where Self: ~Copyable {
    /// One page of a list, and how long the list is if that was asked for: `/* NAME.list */` and `/* NAME.count */`.
    ///
    /// - Parameters:
    ///   - columns: as `Row` reads them.
    ///   - source: `app.sites`, or tables joined.
    ///   - counted: what is counted instead of `source`, if joins are of no account for the number of rows.
    ///   - conditions: what follows `where`.
    /// - Throws: `invalid-parameter` for a cursor of another order.
    package func page<Sort: RowSort>(
        _ name: SQL, select columns: SQL, from source: SQL, counting counted: SQL? = nil, where conditions: SQL,
        _ page: PageRequest<Sort>
    ) async throws -> Page<Sort.Row> where Sort.Row: RowDecodable {
        let keyset = Keyset(page.order)
        let list: SQL = """
            select \(columns) from \(source) where \(conditions)\(try keyset.after(page.after))\(keyset.order)
            limit \(page.limit + 1) /* \(name).list */
            """
        let rows = try await all(list) { (row: inout RowReader) throws -> Sort.Row in try Sort.Row(from: &row) }
        var total: Int?
        if page.includesTotal {
            let count: SQL = "select count(*) from \(counted ?? source) where \(conditions) /* \(name).count */"
            total = try await first(count) { (row: inout RowReader) throws -> Int in try row.next() }
        }
        return Page(rows: rows, limit: page.limit, total: total, position: keyset.position)
    }
}
