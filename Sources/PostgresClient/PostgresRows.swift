import CPostgres

/// The result of one statement.
///
/// Unchecked: libpq's documentation allows reading a PGresult from several threads as long as nobody changes it, and after
/// `init` nobody does; it is freed once, with the last reference.
package final class PostgresRows: @unchecked Sendable {
    private let result: OpaquePointer
    package let count: Int
    package let columnCount: Int

    /// Takes over `result`.
    init(_ result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
        columnCount = Int(PQnfields(result))
    }

    deinit { PQclear(result) }

    /// How many rows INSERT, UPDATE, DELETE or SELECT touched; 0 for other commands.
    package var affected: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

    package func map<T, Failure: Error>(
        _ transform: (inout RowReader) throws(Failure) -> T
    ) throws(Failure) -> [T] {
        var values: [T] = []
        values.reserveCapacity(count)
        for index in 0..<count {
            var row = RowReader(result: result, row: Int32(index), columnCount: Int32(columnCount))
            values.append(try transform(&row))
        }
        return values
    }

    /// The first row, or nil without rows.
    package func first<T, Failure: Error>(
        _ transform: (inout RowReader) throws(Failure) -> T
    ) throws(Failure) -> T? {
        guard count > 0 else { return nil }
        var row = RowReader(result: result, row: 0, columnCount: Int32(columnCount))
        return try transform(&row)
    }

    package func decode<T: RowDecodable>(_ type: T.Type = T.self) throws -> [T] {
        try map { (row: inout RowReader) throws -> T in try T(from: &row) }
    }
}

/// A model that reads itself from a row, column by column in the order of the SELECT list.
package protocol RowDecodable {
    init(from row: inout RowReader) throws
}

/// Reads one row from left to right. It lives only as long as the closure it is lent to.
package struct RowReader: ~Copyable {
    private let result: OpaquePointer
    private let row: Int32
    private let columnCount: Int32
    private var column: Int32 = 0

    init(result: OpaquePointer, row: Int32, columnCount: Int32) {
        self.result = result
        self.row = row
        self.columnCount = columnCount
    }

    /// The next column. Its type in the database must fit `type` without loss.
    package mutating func next<T: PostgresDecodable>(_ type: T.Type = T.self) throws(PostgresError) -> T {
        let cell = try nextCell()
        do throws(PostgresCellFault) {
            return if let cell { try T(from: cell) } else { try T.fromNull() }
        } catch {
            throw fault(error)
        }
    }

    /// The next column, an array; NULL is nil. What `next` of the optional array reads, without looking up its type at run
    /// time, which took longer than the reading.
    package mutating func next<T: PostgresDecodable>(_ type: [T]?.Type = [T]?.self) throws(PostgresError) -> [T]? {
        guard let cell = try nextCell() else { return nil }
        do throws(PostgresCellFault) { return try T.array(from: cell) } catch { throw fault(error) }
    }

    /// Nil for NULL.
    private mutating func nextCell() throws(PostgresError) -> PostgresCell? {
        let current = column
        guard current >= 0, current < columnCount else {
            throw .decoding(column: Int(current), name: "", reason: "the row has only \(columnCount) columns")
        }
        column += 1
        if PQgetisnull(result, row, current) == 1 { return nil }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, current), count: Int(PQgetlength(result, row, current)))
        return PostgresCell(bytes: bytes, oid: PQftype(result, current))
    }

    /// What is wrong with the column that was read last.
    private func fault(_ fault: PostgresCellFault) -> PostgresError {
        let name = PQfname(result, column - 1).map { String(cString: $0) } ?? ""
        return .decoding(column: Int(column - 1), name: name, reason: fault.reason)
    }

    package mutating func skip(_ columns: Int = 1) { column += Int32(columns) }

    /// Whether the next column is NULL, without moving on.
    package var nextIsNull: Bool { column >= 0 && column < columnCount && PQgetisnull(result, row, column) == 1 }
}
