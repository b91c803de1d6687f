/// Everything that can go wrong between a caller and PostgreSQL.
package enum PostgresError: Error, Sendable {
    /// PostgreSQL refused a statement. The transaction it stood in is rolled back, or waits for ROLLBACK in a lease.
    indirect case server(PostgresServerFault)
    /// The connection broke. `sent`: what was in flight may or may not have been committed, repeat only what is
    /// idempotent. Otherwise it is certain that nothing was committed.
    case connectionLost(sent: Bool)
    /// No connection could be made within the waiting time.
    case notConnected(reason: String)
    /// The waiting queue is full, or the request waited too long in it. Nothing was sent.
    case overloaded(retryAfterSeconds: Int)
    /// `statement_timeout` or a silent server. The transaction was not committed.
    case timeout
    /// The task was cancelled. What was in flight may or may not have been committed.
    case cancelled
    /// COMMIT was answered with ROLLBACK, because an earlier error in the transaction had been swallowed.
    case rolledBack
    /// The client is shut down.
    case shutdown
    /// A column did not hold what the reader asked for. `column` counts from 0.
    indirect case decoding(column: Int, name: String, reason: String)
    /// The caller broke the contract of the interface, for example by using a transaction after its end.
    case misuse(String)
    /// The connection settings cannot be understood.
    case misconfigured(String)
}

/// The fields of an ErrorResponse (PostgreSQL manual, "Error and Notice Message Fields").
package struct PostgresServerFault: Error, Sendable, Equatable {
    /// Five characters, never translated.
    package var sqlState: String
    package var severity: String
    package var message: String
    package var detail: String?
    package var hint: String?
    package var context: String?
    package var schema: String?
    package var table: String?
    package var column: String?
    package var constraint: String?
    /// The C function that raised the error: tells faults apart that share an SQLSTATE.
    package var routine: String?
    /// Where in the statement, in characters, from 1.
    package var position: Int?

    package init(sqlState: String, message: String, severity: String = "ERROR") {
        self.sqlState = sqlState
        self.message = message
        self.severity = severity
    }

    /// A prepared statement vanished, or a schema change altered its result type. Preparing it anew cures it.
    package var isStaleStatement: Bool {
        sqlState == "26000" || (sqlState == "0A000" && routine == "RevalidateCachedQuery")
    }

    /// Two transactions were in each other's way: the whole transaction may be run again.
    package var isConflict: Bool { sqlState == "40001" || sqlState == "40P01" }

    /// The session is over: the server ended it, or libpq found the connection gone and made up an error without a code.
    var endsSession: Bool {
        sqlState.isEmpty || severity == "FATAL" || severity == "PANIC" || sqlState == "57P01" || sqlState == "57P02"
    }
}

extension PostgresError {
    /// The five characters of a server fault.
    package var sqlState: String? {
        if case .server(let fault) = self { fault.sqlState } else { nil }
    }

    /// The fault that PostgreSQL reported.
    package var serverFault: PostgresServerFault? {
        if case .server(let fault) = self { fault } else { nil }
    }

    /// Running the whole transaction again may succeed, and the failed run left nothing behind.
    package var isRetryable: Bool {
        guard let fault = serverFault else { return false }
        return fault.isConflict || fault.isStaleStatement
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .server(let fault): return fault.description
        case .connectionLost(let sent):
            return sent ? "connection lost, the outcome is unknown" : "connection lost, nothing was sent"
        case .notConnected(let reason): return "no connection to PostgreSQL: \(reason)"
        case .overloaded(let seconds): return "too many requests wait for a connection, retry after \(seconds) s"
        case .timeout: return "the statement took too long"
        case .cancelled: return "cancelled"
        case .rolledBack: return "COMMIT was answered with ROLLBACK"
        case .shutdown: return "the PostgreSQL client is shut down"
        case .decoding(let column, let name, let reason): return "column \(column) (\(name)): \(reason)"
        case .misuse(let what): return "misuse of the PostgreSQL client: \(what)"
        case .misconfigured(let what): return "bad PostgreSQL settings: \(what)"
        }
    }
}

extension PostgresServerFault: CustomStringConvertible {
    package var description: String {
        var text = "\(sqlState): \(message)"
        if let detail { text += " (\(detail))" }
        if let constraint { text += " [\(constraint)]" }
        if let context { text += " in \(context)" }
        return text
    }
}
