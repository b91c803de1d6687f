import Kernel
import Persistence
import PostgresClient
import Synchronization

/// The names behind key numbers, and the keys behind keyset numbers. Neither ever changes, so what was read once is kept.
package final class TelemetryDictionary: Sendable {
    private struct Book {
        var names: [Int16: String] = [:]
        var numbers: [String: Int16] = [:]
        var keysets: [Int32: [Int16]] = [:]
    }
    private let books = Mutex<[OrganizationID: Book]>([:])
    /// Beyond this many organizations everything is forgotten and read again.
    private static let keptBooks = 10_000

    package init() {}

    /// The numbers of names in the transaction's organization; a name that nothing was ever measured under has none.
    func numbers(_ tx: borrowing TenantTransaction, of names: [String]) async throws -> [String: Int16] {
        let organization = tx.organizationID
        var known = book(organization).numbers
        if names.contains(where: { known[$0] == nil }) {
            try await readNames(tx)
            known = book(organization).numbers
        }
        return known.filter { names.contains($0.key) }
    }

    /// Every name of the transaction's organization by its number.
    func names(_ tx: borrowing TenantTransaction, for numbers: some Sequence<Int16>) async throws -> [Int16: String] {
        let organization = tx.organizationID
        let known = book(organization).names
        if numbers.allSatisfy({ known[$0] != nil }) { return known }
        try await readNames(tx)
        return book(organization).names
    }

    /// The keys of these keysets, ascending.
    func keysets(_ tx: borrowing TenantTransaction, _ wanted: Set<Int32>) async throws -> [Int32: [Int16]] {
        let organization = tx.organizationID
        let known = book(organization).keysets
        let missing = wanted.filter { known[$0] == nil }
        if missing.isEmpty { return known }
        let sql: SQL = """
            select keyset_no, key_nos from app.telemetry_keysets where keyset_no = any(\(Array(missing)))
            /* telemetry_keysets.find */
            """
        let found = try await tx.all(sql) { row in (number: try row.next(Int32.self), keys: try row.next([Int16].self))
        }
        return change(organization) { book in
            for (number, keys) in found { book.keysets[number] = keys }
            return book.keysets
        }
    }

    private func readNames(_ tx: borrowing TenantTransaction) async throws {
        let found = try await tx.all("select key_no, name from app.telemetry_keys /* telemetry_keys.list */") { row in
            (number: try row.next(Int16.self), name: try row.next(String.self))
        }
        change(tx.organizationID) { book in
            for (number, name) in found {
                book.names[number] = name
                book.numbers[name] = number
            }
        }
    }

    private func book(_ organization: OrganizationID) -> Book { books.withLock { $0[organization] ?? Book() } }

    @discardableResult
    private func change<Result: Sendable>(_ organization: OrganizationID, _ body: (inout Book) -> Result) -> Result {
        books.withLock { books in
            if books.count >= Self.keptBooks, books[organization] == nil { books.removeAll() }
            var book = books[organization] ?? Book()
            defer { books[organization] = book }
            return body(&book)
        }
    }
}
