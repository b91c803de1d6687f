import Kernel
import Logging
import PostgresClient

/// Runs bodies in transactions: repeats those that met a conflict, refuses nesting, and says in the platform's own terms
/// what went wrong.
struct TransactionRunner: Sendable {
    let client: PostgresClient
    /// Nil: nothing is invalidated this way.
    let feed: InvalidationFeed?
    let logger: Logger
    private static let attempts = 5

    /// - Parameters:
    ///   - preamble: Runs in the round trip of the first statement, and makes a reader read only.
    ///   - closing: The statements that go out together with COMMIT.
    func run<Result: Sendable>(
        preamble: [SQL], readOnly: Bool, closing: (TransactionEffects) -> [SQL],
        _ body: (OpenTransaction) async throws -> Result
    ) async throws -> Result {
        // A second transaction inside of the first would wait for it for ever, or see half of it.
        if TransactionMark.current?.isOpen == true {
            throw translate(PostgresError.misuse("a transaction inside of a transaction: hand the open one down"))
        }
        var attempt = 1
        while true {
            let transaction = OpenTransaction(on: client, preamble: preamble, readOnly: readOnly)
            do {
                let result = try await once(transaction, readOnly: readOnly, closing: closing, body)
                let effects = transaction.effects.all
                for stale in effects.invalidations {
                    feed?.publish([.one(stale.kind, organizationID: stale.organizationID, subjectID: stale.subjectID)])
                }
                for effect in effects.afterCommit { effect() }
                return result
            } catch {
                transaction.rollback()
                guard let fault = transaction.firstFault, mayRunAgain(after: fault, readOnly: readOnly),
                    attempt < Self.attempts, !Task.isCancelled
                else { throw translate(error) }
                logger.debug("transaction runs again", metadata: ["reason": "\(fault)", "attempt": "\(attempt + 1)"])
                // Two that met once should not meet again.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...(4 << attempt))))
                attempt += 1
            }
        }
    }

    private func once<Result: Sendable>(
        _ transaction: OpenTransaction, readOnly: Bool, closing: (TransactionEffects) -> [SQL],
        _ body: (OpenTransaction) async throws -> Result
    ) async throws -> Result {
        let mark = TransactionMark()
        defer { mark.close() }
        let result = try await TransactionMark.$current.withValue(mark) { try await body(transaction) }
        let statements = closing(transaction.effects)
        if readOnly, !statements.isEmpty {
            throw PostgresError.misuse("a read-only transaction has nothing to record or to invalidate")
        }
        try await transaction.commit(with: statements)
        return result
    }

    /// Whether nothing of the run can have been committed, and another one may fare better.
    private func mayRunAgain(after fault: PostgresError, readOnly: Bool) -> Bool {
        if case .connectionLost(let sent) = fault { return !sent || readOnly }
        return fault.isRetryable
    }

    func translate(_ error: any Error) -> any Error {
        guard let fault = error as? PostgresError else { return error }
        switch fault {
        case .server(let refusal) where refusal.sqlState == "42501":
            logger.critical("PostgreSQL refused a statement of ours", metadata: ["error": "\(fault)"])
        case .misuse, .decoding, .misconfigured:
            logger.error("the database was used wrongly", metadata: ["error": "\(fault)"])
        default: break
        }
        return fault.asPlatformError
    }
}
