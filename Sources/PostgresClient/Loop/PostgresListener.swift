import CPostgres

/// What a LISTEN brings.
package enum PostgresEvent: Sendable, Equatable {
    /// Listening from now on. `mayHaveMissed`: there was a gap before (a lost connection, or a reader too slow for its
    /// buffer), so the reader has to look at the tables.
    case listening(mayHaveMissed: Bool)
    /// The connection is lost: nothing is heard until ``listening(mayHaveMissed:)``.
    case lost
    case notification(channel: String, payload: String)
}

/// One call of `listen`, over all the connections it may need in its life.
/// Unchecked: the variables are touched only on the loop's thread.
final class PostgresSubscription: @unchecked Sendable {
    static let capacity = 1_024

    let channels: [String]
    private let continuation: AsyncStream<PostgresEvent>.Continuation
    var listener: PostgresListener?
    var failures = 0
    var reopensAt: UInt64 = 0
    private(set) var isEnded = false
    private var hasListened = false
    /// The reader's buffer was full, and it does not know yet.
    private var hasOverflowed = false

    init(channels: [String], continuation: AsyncStream<PostgresEvent>.Continuation) {
        self.channels = channels
        self.continuation = continuation
    }

    var needsAttention: Bool { listener == nil || hasOverflowed }

    func didListen() {
        failures = 0
        yield(.listening(mayHaveMissed: hasListened))
        hasListened = true
    }

    /// The connection broke. Nothing to tell while it has never been there.
    func didLose() {
        if hasListened { yield(.lost) }
    }

    func yield(_ event: PostgresEvent) {
        retryOverflow()
        if hasOverflowed { return }
        if case .dropped = continuation.yield(event) { hasOverflowed = true }
    }

    func retryOverflow() {
        guard hasOverflowed else { return }
        if case .enqueued = continuation.yield(.listening(mayHaveMissed: true)) { hasOverflowed = false }
    }

    func end() {
        isEnded = true
        continuation.finish()
    }
}

/// The connection of a subscription. It is not in pipeline mode.
final class PostgresListener: PostgresLink {
    let subscription: PostgresSubscription
    private var isListening = false

    init(subscription: PostgresSubscription, token: UInt64, connectsUntil: UInt64, notices: PostgresNotices) {
        self.subscription = subscription
        super.init(token: token, connectsUntil: connectsUntil, notices: notices)
    }

    override func didConnect() -> Bool {
        guard let connection else { return false }
        var commands = ""
        for channel in subscription.channels {
            guard let quoted = PQescapeIdentifier(connection, channel, channel.utf8.count) else { return false }
            commands += "listen \(String(cString: quoted));"
            PQfreemem(quoted)
        }
        return PQsendQuery(connection, commands) == 1 && flush()
    }

    override func process() {
        guard let connection else { return }
        while !isListening, PQisBusy(connection) == 0 {
            guard let result = PQgetResult(connection) else {
                isListening = true
                subscription.didListen()
                break
            }
            defer { PQclear(result) }
            if PQresultStatus(result) != PGRES_COMMAND_OK { return fail("\(PostgresServerFault(result))") }
        }
        while let notification = PQnotifies(connection) {
            let channel = String(cString: notification.pointee.relname)
            let payload = String(cString: notification.pointee.extra)
            PQfreemem(notification)
            subscription.yield(.notification(channel: channel, payload: payload))
        }
    }
}

extension PostgresLoop {
    func openListener(for subscription: PostgresSubscription) {
        let listener = PostgresListener(
            subscription: subscription, token: takeToken(), connectsUntil: connectDeadline, notices: notices)
        subscription.listener = listener
        begin(listener)
    }

    func closeListener(of subscription: PostgresSubscription) {
        subscriptions.removeAll { $0 === subscription }
        if let listener = subscription.listener { links[listener.token] = nil }
        subscription.listener = nil
        subscription.end()
    }

    /// Reconnects a subscription, or tells its reader about a gap.
    func attend(_ subscription: PostgresSubscription) {
        if subscription.listener == nil, now >= subscription.reopensAt { openListener(for: subscription) }
        subscription.retryOverflow()
    }
}
