import Kernel
import Logging
import PostgresClient

/// Runs bodies in transactions: repeats those that met a conflict, refuses nesting, and says in the platform's own terms
/// what went wrong.
struct TransactionRunner: Sendable {
    let client: PostgresClient
    let logger: Logger

    /// A second transaction inside of the first would wait for it for ever, or see half of it.
    @TaskLocal private static var isInside = false
    private static let attempts = 5

    /// - Parameters:
    ///   - preamble: Runs after BEGIN, in the round trip of the first statement.
    ///   - closing: The statements that go out together with COMMIT.
    func run<Result: Sendable>(
        preamble: [SQL], readOnly: Bool, closing: (TransactionEffects) -> [SQL],
        _ body: (PostgresLease, TransactionEffects) async throws -> Result
    ) async throws -> Result {
        precondition(!Self.isInside, "a transaction inside of a transaction")
        var attempt = 1
        while true {
            let lease = client.begin(preamble: preamble, readOnly: readOnly)
            let effects = TransactionEffects()
            do {
                let result = try await Self.$isInside.withValue(true) { try await body(lease, effects) }
                let statements = closing(effects)
                precondition(!readOnly || statements.isEmpty, "a read-only transaction has nothing to write")
                try await lease.commit(with: statements)
                effects.runAfterCommit()
                return result
            } catch {
                lease.rollback()
                guard let fault = error as? PostgresError, fault.isRetryable, attempt < Self.attempts else {
                    throw translate(error)
                }
                // Two that met once should not meet again.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...(4 << attempt))))
                attempt += 1
            }
        }
    }

    func translate(_ error: any Error) -> any Error {
        guard let fault = error as? PostgresError else { return error }
        if fault.sqlState == "42501" {
            logger.critical("PostgreSQL refused a statement of ours", metadata: ["error": "\(fault)"])
        }
        return fault.asPlatformError
    }
}
