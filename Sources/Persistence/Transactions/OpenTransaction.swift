import PostgresClient
import Synchronization

/// One run of a transaction's body: its connection, what it leaves for its end, and its first fault.
final class OpenTransaction: Sendable {
    private let lease: PostgresLease
    let effects = TransactionEffects()
    private let fault = Mutex<PostgresError?>(nil)

    init(lease: PostgresLease) { self.lease = lease }

    /// The first fault of the database in this run. Whatever the body makes of it, it decides whether a second run makes
    /// sense; those after it only say that the transaction has failed.
    var firstFault: PostgresError? { fault.withLock { $0 } }

    func run(_ statements: [SQL]) async throws(PostgresError) -> [PostgresRows] {
        do throws(PostgresError) {
            return try await lease.run(statements)
        } catch {
            note(error)
            throw error
        }
    }

    func rows(_ sql: SQL) async throws(PostgresError) -> PostgresRows {
        guard let rows = try await run([sql]).first else { throw .misuse("a statement without a result") }
        return rows
    }

    func commit(with statements: [SQL]) async throws(PostgresError) {
        do throws(PostgresError) {
            try await lease.commit(with: statements)
        } catch {
            note(error)
            throw error
        }
    }

    func rollback() { lease.rollback() }

    private func note(_ error: PostgresError) { fault.withLock { if $0 == nil { $0 = error } } }
}

/// Tells the code below that a transaction is open in this task. A task that outlives the transaction is free again.
final class TransactionMark: Sendable {
    @TaskLocal static var current: TransactionMark?
    private let isClosed = Atomic(false)

    var isOpen: Bool { !isClosed.load(ordering: .acquiring) }
    func close() { isClosed.store(true, ordering: .releasing) }
}
