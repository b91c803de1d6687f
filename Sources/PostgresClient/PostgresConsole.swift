import CPostgres
import Logging
import Synchronization

/// One connection for an operator's work: scripts of several statements, session locks, passwords. Its calls block, but
/// only a thread of its own; they run one after the other.
package final class PostgresConsole: Sendable {
    private let thread: PostgresConsoleThread

    private init(thread: PostgresConsoleThread) { self.thread = thread }

    deinit { thread.stop() }

    /// Connects. Session settings such as timeouts are those of `configuration`.
    package static func open(
        _ configuration: PostgresConfiguration, logger: Logger
    ) async throws(PostgresError) -> PostgresConsole {
        let parameters = try configuration.parameters()
        let thread = PostgresConsoleThread(notices: PostgresNotices(logger: logger))
        guard thread.start() else { throw .notConnected(reason: "no thread to connect on") }
        let console = PostgresConsole(thread: thread)
        try await thread.perform { session throws(PostgresError) in try session.connect(parameters) }
        return console
    }

    /// Runs a script in the simple protocol: several statements, and `begin` and `commit` among them. It stops at the first
    /// error; without `begin` the whole script is one transaction.
    package func run(script: String) async throws(PostgresError) {
        try await thread.perform { session throws(PostgresError) in try session.run(script) }
    }

    @discardableResult
    package func query(_ statement: SQL) async throws(PostgresError) -> PostgresRows {
        try await thread.perform { session throws(PostgresError) in try session.query(statement) }
    }

    /// ALTER ROLE … PASSWORD with a SCRAM-SHA-256 verifier made here: the server and its log never see the password.
    package func setPassword(_ password: String, ofRole role: String) async throws(PostgresError) {
        try await thread.perform { session throws(PostgresError) in try session.setPassword(password, role: role) }
    }

    /// Closes the connection after the calls made so far.
    package func close() { thread.stop() }
}

/// The blocking side of a console. Not Sendable: confined to the console's thread.
final class PostgresConsoleSession {
    private var connection: OpaquePointer?
    private let notices: PostgresNotices
    private var arrays = ParameterArrays()

    init(notices: PostgresNotices) { self.notices = notices }

    deinit { if let connection { PQfinish(connection) } }

    func connect(_ parameters: [String: String]) throws(PostgresError) {
        guard let new = withConnectionParameters(parameters, { PQconnectdbParams($0, $1, 0) }) else {
            throw .notConnected(reason: "out of memory")
        }
        connection = new
        guard PQstatus(new) == CONNECTION_OK else { throw .notConnected(reason: PostgresLink.lastError(new)) }
        PQsetNoticeReceiver(new, PostgresNotices.receiver, Unmanaged.passUnretained(notices).toOpaque())
    }

    func run(_ script: String) throws(PostgresError) {
        let result = PQexec(try usable(), script)
        defer { PQclear(result) }
        try check(result)
    }

    func query(_ sql: SQL) throws(PostgresError) -> PostgresRows {
        let connection = try usable()
        let result = arrays.with(sql.binds) { count, values, lengths, formats in
            PQexecParams(connection, sql.text, count, sql.binds.oids, values, lengths, formats, 1)
        }
        do throws(PostgresError) {
            try check(result)
        } catch {
            PQclear(result)
            throw error
        }
        guard let result else { throw .connectionLost(sent: true) }
        return PostgresRows(result)
    }

    func setPassword(_ password: String, role: String) throws(PostgresError) {
        let connection = try usable()
        guard let verifier = PQencryptPasswordConn(connection, password, role, "scram-sha-256") else {
            throw .misuse("the password cannot be hashed: \(PostgresLink.lastError(connection))")
        }
        defer { PQfreemem(verifier) }
        let length = String(cString: verifier).utf8.count
        guard let literal = PQescapeLiteral(connection, verifier, length),
            let identifier = PQescapeIdentifier(connection, role, role.utf8.count)
        else { throw .misuse("the role's name cannot be quoted") }
        defer {
            PQfreemem(literal)
            PQfreemem(identifier)
        }
        try run("alter role \(String(cString: identifier)) password \(String(cString: literal))")
    }

    private func usable() throws(PostgresError) -> OpaquePointer {
        guard let connection, PQstatus(connection) == CONNECTION_OK else { throw .connectionLost(sent: false) }
        return connection
    }

    private func check(_ result: OpaquePointer?) throws(PostgresError) {
        guard let result else { throw .connectionLost(sent: true) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
        case PGRES_FATAL_ERROR: throw PostgresError(PostgresServerFault(result), mayBeCommitted: true)
        default: throw .misuse("COPY cannot run in a console")
        }
    }
}

/// The thread of a console and its queue.
final class PostgresConsoleThread: Sendable {
    typealias Job = @Sendable (PostgresConsoleSession) -> Void

    private struct Queue {
        var jobs: [Job] = []
        var isStopped = false
    }

    private let queue = Mutex(Queue())
    private let available = PostgresSemaphore()
    private let notices: PostgresNotices

    init(notices: PostgresNotices) { self.notices = notices }

    func start() -> Bool {
        detachThread { [self] in
            let session = PostgresConsoleSession(notices: notices)
            while true {
                available.wait()
                let (jobs, isStopped) = queue.withLock { queue in
                    defer { queue.jobs = [] }
                    return (queue.jobs, queue.isStopped)
                }
                for job in jobs { job(session) }
                if isStopped { return }
            }
        }
    }

    func stop() {
        queue.withLock { $0.isStopped = true }
        available.signal()
    }

    /// Runs `body` on the thread and waits for it without blocking.
    func perform<T: Sendable>(
        _ body: @escaping @Sendable (PostgresConsoleSession) throws(PostgresError) -> T
    ) async throws(PostgresError) -> T {
        let outcome = await withUnsafeContinuation {
            (continuation: UnsafeContinuation<Result<T, PostgresError>, Never>) in
            let isAccepted = queue.withLock { queue in
                guard !queue.isStopped else { return false }
                queue.jobs.append { session in
                    do throws(PostgresError) {
                        continuation.resume(returning: .success(try body(session)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
                return true
            }
            if isAccepted { available.signal() } else { continuation.resume(returning: .failure(.shutdown)) }
        }
        return try outcome.get()
    }
}
