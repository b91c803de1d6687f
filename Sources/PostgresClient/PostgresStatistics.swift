import Synchronization

/// A look at the client from outside, for metrics.
package struct PostgresStatistics: Sendable {
    /// Connections that are ready.
    package var open: Int
    /// Of those, held by a transaction.
    package var leased: Int
    /// Requests in the waiting queue.
    package var waiting: Int
    package var inFlight: Int
    /// Since the start: connections made, connections lost or not made, requests refused because the queue was full.
    package var connects: Int
    package var failures: Int
    package var refusals: Int
}

final class PostgresCounters: Sendable {
    let open = Atomic<Int>(0)
    let leased = Atomic<Int>(0)
    let waiting = Atomic<Int>(0)
    let inFlight = Atomic<Int>(0)
    let connects = Atomic<Int>(0)
    let failures = Atomic<Int>(0)
    let refusals = Atomic<Int>(0)

    var snapshot: PostgresStatistics {
        PostgresStatistics(
            open: open.load(ordering: .relaxed), leased: leased.load(ordering: .relaxed),
            waiting: waiting.load(ordering: .relaxed), inFlight: inFlight.load(ordering: .relaxed),
            connects: connects.load(ordering: .relaxed), failures: failures.load(ordering: .relaxed),
            refusals: refusals.load(ordering: .relaxed))
    }
}
