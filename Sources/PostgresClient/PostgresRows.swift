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
        try read { cell throws(PostgresCellFault) in
            guard let cell else { return try T.fromNull() }
            return try T(from: cell)
        }
    }

    /// The next column; NULL is nil. The same as `next` of the optional type, of which no more has to be known while reading.
    package mutating func next<T: PostgresDecodable>(_ type: T?.Type = T?.self) throws(PostgresError) -> T? {
        try read { cell throws(PostgresCellFault) in
            guard let cell else { return nil }
            return try T(from: cell)
        }
    }

    /// The next column, an array; NULL is nil.
    package mutating func next<T: PostgresDecodable>(_ type: [T]?.Type = [T]?.self) throws(PostgresError) -> [T]? {
        try read { cell throws(PostgresCellFault) in
            guard let cell else { return nil }
            return try T.array(from: cell)
        }
    }

    /// - Parameter decode: gets the cell, or nil for NULL.
    private mutating func read<T>(
        _ decode: (PostgresCell?) throws(PostgresCellFault) -> T
    ) throws(PostgresError) -> T {
        let current = column
        guard current >= 0, current < columnCount else {
            throw .decoding(column: Int(current), name: "", reason: "the row has only \(columnCount) columns")
        }
        column += 1
        do throws(PostgresCellFault) {
            if PQgetisnull(result, row, current) == 1 { return try decode(nil) }
            let bytes = UnsafeRawBufferPointer(
                start: PQgetvalue(result, row, current), count: Int(PQgetlength(result, row, current)))
            return try decode(PostgresCell(bytes: bytes, oid: PQftype(result, current)))
        } catch {
            let name = PQfname(result, current).map { String(cString: $0) } ?? ""
            throw .decoding(column: Int(current), name: name, reason: error.reason)
        }
    }

    package mutating func skip(_ columns: Int = 1) { column += Int32(columns) }

    /// Whether the next column is NULL, without moving on.
    package var nextIsNull: Bool { column >= 0 && column < columnCount && PQgetisnull(result, row, column) == 1 }
}
