import Synchronization

/// A transaction that holds a connection from its first statement to COMMIT or ROLLBACK. Dropping it rolls back.
///
/// After an error, `cancelled` included, only `rollback` is left to do; everything else fails with 25P02.
package final class PostgresLease: Sendable {
    private let loop: PostgresLoop
    private let state: PostgresLeaseState
    private let hasEnded = Atomic<Bool>(false)

    init(loop: PostgresLoop, state: PostgresLeaseState) {
        self.loop = loop
        self.state = state
    }

    deinit { rollback() }

    /// Runs the statements in one round trip and answers the rows of each.
    package func run(_ statements: [SQL]) async throws(PostgresError) -> [PostgresRows] {
        if statements.isEmpty { return [] }
        return try await PostgresRequest(.step, statements, lease: state).wait(on: loop).get()
    }

    /// Runs the last statements and COMMIT in one round trip. Waits for the answer even in a cancelled task. Throws
    /// `rolledBack` when an earlier error had been swallowed, or the error of a deferred constraint.
    @discardableResult
    package func commit(with statements: [SQL] = []) async throws(PostgresError) -> [PostgresRows] {
        guard end() else { throw .misuse("the transaction has ended") }
        let request = PostgresRequest(.commit, statements, lease: state)
        return try await request.waitUncancelled(on: loop).get()
    }

    /// Gives the connection back with ROLLBACK, without waiting. Does nothing after COMMIT.
    package func rollback() {
        guard end() else { return }
        let request = PostgresRequest(.rollback, [], lease: state)
        request.arm { _ in }
        loop.submit(request)
    }

    private func end() -> Bool { !hasEnded.exchange(true, ordering: .acquiringAndReleasing) }
}
