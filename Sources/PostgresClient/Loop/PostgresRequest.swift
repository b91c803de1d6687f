import Synchronization

/// One unit of work on its way through the loop: the statements of a one-shot, or one step of a leased transaction.
///
/// Unchecked: `resultSets`, `failure`, `wire` and `used` belong to the loop's thread until `complete()`, which hands the
/// first two to the one who waits. `state` decides atomically who resumes: the loop, or the cancellation.
final class PostgresRequest: @unchecked Sendable {
    enum Kind {
        /// All statements in one implicit transaction.
        case oneShot
        /// Statements within a lease.
        case step
        /// Last statements of a lease, then COMMIT.
        case commit
        case rollback
    }

    typealias Outcome = Result<[PostgresRows], PostgresError>

    let kind: Kind
    /// What runs first and nobody asked for the rows of; a lease has its own.
    let preamble: [SQL]
    let statements: [SQL]
    let lease: PostgresLeaseState?

    // Confined to the loop.
    var resultSets: [PostgresRows] = []
    var failure: PostgresError?
    var waitsUntil: UInt64 = 0
    var attempts = 0
    weak var wire: PostgresWire?
    var used: [PreparedStatement] = []

    private enum State: UInt8, AtomicRepresentable { case new, waiting, finished, cancelled }
    private let state = Atomic<State>(.new)
    private var continuation: UnsafeContinuation<Void, Never>?
    private var callback: (@Sendable (Outcome) -> Void)?

    init(_ kind: Kind, _ statements: [SQL], preamble: [SQL] = [], lease: PostgresLeaseState? = nil) {
        self.kind = kind
        self.preamble = preamble
        self.statements = statements
        self.lease = lease
    }

    /// Nobody waits for it any more.
    var isAbandoned: Bool { state.load(ordering: .acquiring) == .cancelled }

    var outcome: Outcome {
        if isAbandoned { return .failure(.cancelled) }
        if let failure { return .failure(failure) }
        return .success(resultSets)
    }

    /// Suspends until the request is complete. A cancelled task resumes at once.
    func wait(on loop: PostgresLoop) async -> Outcome {
        await withTaskCancellationHandler {
            await suspended { loop.submit(self) }
        } onCancel: {
            cancel { loop.post(.cancel(self)) }
        }
        return outcome
    }

    /// Suspends until the request is complete, although the task is cancelled: COMMIT must have an answer.
    func waitUncancelled(on loop: PostgresLoop) async -> Outcome {
        await suspended { loop.submit(self) }
        return outcome
    }

    /// For those who do not suspend; `callback` runs on the loop's thread.
    func arm(_ callback: @escaping @Sendable (Outcome) -> Void) {
        self.callback = callback
        state.store(.waiting, ordering: .releasing)
    }

    private func suspended(_ submit: () -> Void) async {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            self.continuation = continuation
            if state.compareExchange(expected: .new, desired: .waiting, ordering: .acquiringAndReleasing).exchanged {
                submit()
            } else {
                continuation.resume()
            }
        }
    }

    /// `announce` runs before the caller goes on: what the caller then submits must find the cancellation ahead of it.
    private func cancel(_ announce: () -> Void) {
        if state.compareExchange(expected: .waiting, desired: .cancelled, ordering: .acquiringAndReleasing).exchanged {
            announce()
            continuation.take()?.resume()
        } else {
            _ = state.compareExchange(expected: .new, desired: .cancelled, ordering: .acquiringAndReleasing)
        }
    }

    /// Hands the outcome over, once. On the loop's thread.
    func complete() {
        guard state.compareExchange(expected: .waiting, desired: .finished, ordering: .acquiringAndReleasing).exchanged
        else { return }
        if let callback {
            self.callback = nil
            callback(outcome)
        } else {
            continuation.take()?.resume()
        }
    }

    func fail(_ error: PostgresError) {
        if failure == nil { failure = error }
        complete()
    }

    /// Back to before it was sent.
    func reset() {
        resultSets = []
        failure = nil
        used = []
        wire = nil
    }
}

/// The connection that a transaction holds: it takes one with its first statement. Confined to the loop.
final class PostgresLeaseState: @unchecked Sendable {
    // Unchecked: `phase` is touched only on the loop's thread, the preamble never changes.
    enum Phase {
        case unsent
        case active(PostgresWire)
        case ended
        case lost
    }

    let preamble: [SQL]
    var phase = Phase.unsent

    init(preamble: [SQL]) { self.preamble = preamble }
}
