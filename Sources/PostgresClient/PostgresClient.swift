import Logging

/// A pool of pipelined connections to one PostgreSQL database under one login.
///
/// Connections are made when they are needed, and again after a loss. No caller's thread ever blocks: a call suspends until
/// the answer is there, the waiting time is over, or its task is cancelled.
package final class PostgresClient: Sendable {
    private let loop: PostgresLoop

    /// Throws `misconfigured` for settings that libpq cannot parse. Nothing is connected yet.
    package init(configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) {
        try configuration.validate()
        loop = PostgresLoop(configuration: configuration, logger: logger)
    }

    deinit { loop.post(.shutdown(grace: 0, {})) }

    /// Makes the first connection ahead of the first request.
    package func start() { loop.post(.warmUp) }

    /// Refuses new work, waits up to `grace` for what is in flight, and closes all connections.
    package func shutdown(grace: Duration = .seconds(5)) async {
        let milliseconds = UInt64(max(0, grace.milliseconds))
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            if !loop.post(.shutdown(grace: milliseconds, { continuation.resume() })) { continuation.resume() }
        }
    }

    /// Runs the statements in one implicit transaction, in one round trip, and answers the rows of each. All are undone when
    /// one fails. Other callers' requests share the connection.
    ///
    /// `preamble` (statements such as `set_config(…, true)`) runs before them; its rows are not answered. A failure that
    /// preparing anew cures is cured silently; a cancelled write may have been committed all the same.
    package func execute(
        preamble: [SQL] = [], _ statements: [SQL]
    ) async throws(PostgresError) -> [PostgresRows] {
        if statements.isEmpty { return [] }
        return try await PostgresRequest(.oneShot, statements, preamble: preamble).wait(on: loop).get()
    }

    /// The same for one statement.
    @discardableResult
    package func execute(_ statement: SQL) async throws(PostgresError) -> PostgresRows {
        let rows = try await execute([statement])
        guard let first = rows.first else { throw .misuse("a statement without a result") }
        return first
    }

    /// `execute` for those who do not suspend: `completion` runs on the client's thread and must be brief.
    package func submit(
        _ statements: [SQL], completion: @escaping @Sendable (Result<[PostgresRows], PostgresError>) -> Void
    ) {
        let request = PostgresRequest(.oneShot, statements)
        request.arm(completion)
        loop.submit(request)
    }

    /// A transaction of several steps. It takes a connection with its first statement, and `preamble` (statements such as
    /// `set_config(…, true)`) runs between BEGIN and that statement, in the same round trip.
    package func begin(preamble: [SQL] = []) -> PostgresLease {
        PostgresLease(loop: loop, state: PostgresLeaseState(preamble: preamble))
    }

    /// Listens to channels on a connection of its own, until the stream is dropped or the client shut down.
    package func listen(to channels: [String]) -> AsyncStream<PostgresEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: PostgresEvent.self, bufferingPolicy: .bufferingOldest(PostgresSubscription.capacity))
        let subscription = PostgresSubscription(channels: channels, continuation: continuation)
        continuation.onTermination = { [loop] _ in loop.post(.unlisten(subscription)) }
        if !loop.post(.listen(subscription)) { subscription.end() }
        return stream
    }

    /// Streams the result of `COPY (…) TO STDOUT` from a connection of its own, in a read-only transaction that begins with
    /// `preamble`. The server is stopped while the reader lags behind.
    ///
    /// COPY takes no parameters: pass values by `set_config` in the preamble and `current_setting` in the query.
    package func copyOut(_ statement: SQL, preamble: [SQL] = []) throws(PostgresError) -> PostgresCopyStream {
        guard statement.binds.count == 0 else { throw .misuse("COPY takes no parameters") }
        let channel = PostgresCopyChannel(statement: statement, preamble: preamble, loop: loop)
        if !loop.post(.copy(channel)) { throw .shutdown }
        return PostgresCopyStream(channel)
    }

    package var statistics: PostgresStatistics { loop.statistics.snapshot }
}
