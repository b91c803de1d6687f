import PostgresClient
import Synchronization

/// One run of a transaction's body: its way to the database, what it leaves for its end, and its first fault.
final class OpenTransaction: Sendable {
    /// How the steps of a transaction reach the database.
    private enum Way: Sendable {
        /// Each step is an implicit transaction of its own on any connection. Under READ COMMITTED every statement sees
        /// its own snapshot anyhow, so that a reader loses nothing, and needs neither BEGIN, COMMIT nor a connection
        /// that waits for it between its steps.
        case reading(PostgresClient, preamble: [SQL])
        /// One connection from the first step to COMMIT.
        case writing(PostgresLease)
    }

    private let way: Way
    let effects = TransactionEffects()
    private let fault = Mutex<PostgresError?>(nil)

    /// - Parameter preamble: Runs in the round trip of the first statement; for a reader, of every statement.
    init(on client: PostgresClient, preamble: [SQL], readOnly: Bool) {
        way = readOnly ? .reading(client, preamble: preamble) : .writing(client.begin(preamble: preamble))
    }

    /// The first fault of the database in this run. Whatever the body makes of it, it decides whether a second run makes
    /// sense; those after it only say that the transaction has failed.
    var firstFault: PostgresError? { fault.withLock { $0 } }

    func run(_ statements: [SQL]) async throws(PostgresError) -> [PostgresRows] {
        do throws(PostgresError) {
            switch way {
            case .reading(let client, let preamble): return try await client.execute(preamble: preamble, statements)
            case .writing(let lease): return try await lease.run(statements)
            }
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
        guard case .writing(let lease) = way else { return }
        do throws(PostgresError) {
            try await lease.commit(with: statements)
        } catch {
            note(error)
            throw error
        }
    }

    func rollback() { if case .writing(let lease) = way { lease.rollback() } }

    private func note(_ error: PostgresError) { fault.withLock { if $0 == nil { $0 = error } } }
}

/// Tells the code below that a transaction is open in this task. A task that outlives the transaction is free again.
final class TransactionMark: Sendable {
    @TaskLocal static var current: TransactionMark?
    private let isClosed = Atomic(false)

    var isOpen: Bool { !isClosed.load(ordering: .acquiring) }
    func close() { isClosed.store(true, ordering: .releasing) }
}
