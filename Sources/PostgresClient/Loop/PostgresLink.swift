import CPostgres
import Glibc

/// A libpq connection without blocking: how it is made, watched and closed. What it is used for is a subclass's affair.
/// Not Sendable: confined to the loop's thread.
class PostgresLink {
    enum Phase {
        /// `PQconnectStartParams` runs on a thread of its own, because it may ask a name server.
        case starting
        case connecting(PostgresPollingStatusType)
        case ready
        case broken
    }

    let token: UInt64
    let connectsUntil: UInt64
    private(set) var phase = Phase.starting
    private(set) var connection: OpaquePointer?
    private(set) var breakReason = "closed"
    /// What epoll watches for us.
    var registered: (descriptor: Int32, events: UInt32) = (-1, 0)
    final private(set) var wantsWrite = false
    final var wantsRead = true
    private let notices: PostgresNotices

    init(token: UInt64, connectsUntil: UInt64, notices: PostgresNotices) {
        self.token = token
        self.connectsUntil = connectsUntil
        self.notices = notices
    }

    deinit { if let connection { PQfinish(connection) } }

    final var isReady: Bool { if case .ready = phase { true } else { false } }
    final var isBroken: Bool { if case .broken = phase { true } else { false } }
    final var isConnecting: Bool {
        switch phase {
        case .starting, .connecting: true
        case .ready, .broken: false
        }
    }
    final var descriptor: Int32 { connection.map { PQsocket($0) } ?? -1 }

    final var wantedEvents: UInt32 {
        switch phase {
        case .connecting(let poll):
            return poll == PGRES_POLLING_WRITING ? EPOLLOUT.rawValue : EPOLLIN.rawValue
        default:
            return (wantsRead ? EPOLLIN.rawValue : 0) | (wantsWrite ? EPOLLOUT.rawValue : 0)
        }
    }

    /// The helper thread has begun the connection.
    final func started(_ connection: OpaquePointer?) {
        self.connection = connection
        guard let connection, PQstatus(connection) != CONNECTION_BAD else { return fail() }
        PQsetNoticeReceiver(connection, PostgresNotices.receiver, Unmanaged.passUnretained(notices).toOpaque())
        phase = .connecting(PGRES_POLLING_WRITING)
    }

    /// The socket is ready for the next step of connecting.
    final func pollConnection() {
        guard let connection else { return fail() }
        let poll = PQconnectPoll(connection)
        switch poll {
        case PGRES_POLLING_OK:
            guard PQsetnonblocking(connection, 1) == 0 else { return fail() }
            phase = .ready
            if !didConnect() { fail() }
        case PGRES_POLLING_FAILED: fail()
        default: phase = .connecting(poll)
        }
    }

    final func fail(_ reason: String? = nil) {
        if isBroken { return }
        breakReason = reason ?? connection.map { PostgresLink.lastError($0) } ?? "out of memory"
        phase = .broken
    }

    /// Sends what libpq has buffered, as far as the socket takes it.
    final func flush() -> Bool {
        guard let connection else { return false }
        let answer = PQflush(connection)
        wantsWrite = answer == 1
        if answer < 0 { fail() }
        return answer >= 0
    }

    /// The socket is readable, or writable while `wantsWrite`.
    final func service() {
        guard let connection else { return fail() }
        guard PQconsumeInput(connection) == 1 else {
            // The server's last words (a FATAL error) may have arrived with the end of the connection.
            process()
            return fail()
        }
        if wantsWrite, !flush() { return }
        process()
    }

    /// Called once when the connection is usable. False breaks it.
    func didConnect() -> Bool { true }

    /// Called when there may be results to take.
    func process() {}

    static func lastError(_ connection: OpaquePointer) -> String {
        let text = String(cString: PQerrorMessage(connection))
        return String(text.split(separator: "\n").joined(separator: "; "))
    }
}

/// The C arrays of `PQconnectStartParams`, valid during `body`.
func withConnectionParameters<T>(
    _ parameters: [String: String],
    _ body: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>) -> T
) -> T {
    var keywords: [UnsafePointer<CChar>?] = []
    var values: [UnsafePointer<CChar>?] = []
    for (keyword, value) in parameters {
        keywords.append(UnsafePointer(strdup(keyword)))
        values.append(UnsafePointer(strdup(value)))
    }
    keywords.append(nil)
    values.append(nil)
    defer {
        for pointer in keywords + values { free(UnsafeMutableRawPointer(mutating: pointer)) }
    }
    return body(keywords, values)
}
