import CPostgres

/// Where PostgreSQL is, who we are there, and the limits of the client.
package struct PostgresConfiguration: Sendable {
    /// `postgres://user@host:port/database?sslmode=verify-full&sslrootcert=/path`, or libpq's `key=value` form.
    package var url: String
    /// Replaces the user of the URL.
    package var user: String?
    /// Replaces the password of the URL.
    package var password: String?
    /// Replaces the database of the URL.
    package var database: String?
    package var applicationName = "rookery"

    /// Connections that serve requests; a LISTEN and each COPY have one more of their own.
    package var maxConnections = 8
    /// One-shot requests in flight on one connection.
    package var pipelineDepth = 16
    /// Requests that may wait for a connection; one more is refused as `overloaded`.
    package var maxWaiting = 1_024
    /// How long a request may wait for a connection.
    package var maxWaitingTime: Duration = .seconds(3)
    package var maxCopies = 4
    package var statementCacheSize = 256

    package var connectTimeout: Duration = .seconds(5)
    /// `statement_timeout` of every session; zero is none.
    package var statementTimeout: Duration = .seconds(30)
    /// `lock_timeout`; zero is none.
    package var lockTimeout: Duration = .seconds(10)
    /// `idle_in_transaction_session_timeout`; zero is none.
    package var idleInTransactionTimeout: Duration = .seconds(60)
    /// The whole time that one COPY may take.
    package var copyTimeout: Duration = .seconds(3_600)

    package init(url: String) { self.url = url }

    /// The same server for another login.
    package func signedIn(as user: String, password: String?) -> PostgresConfiguration {
        var copy = self
        copy.user = user
        copy.password = password
        return copy
    }

    /// libpq's keywords and values. `statementTimeout` replaces the configured one.
    func parameters(statementTimeout: Duration? = nil) throws(PostgresError) -> [String: String] {
        var parameters = try parsedURL()
        if let user {
            parameters["user"] = user
            // The URL's password belongs to the URL's user.
            parameters["password"] = password
        } else if let password {
            parameters["password"] = password
        }
        if let database { parameters["dbname"] = database }
        parameters["application_name"] = parameters["application_name"] ?? applicationName
        parameters["client_encoding"] = "UTF8"
        // Bounds the blocking calls of a console; the loop keeps its own clock.
        parameters["connect_timeout"] = "\(max(1, connectTimeout.milliseconds / 1_000))"
        let defaults = [
            "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "30000",
        ]
        parameters.merge(defaults) { given, _ in given }
        let settings = [
            "statement_timeout=\((statementTimeout ?? self.statementTimeout).milliseconds)",
            "lock_timeout=\(lockTimeout.milliseconds)",
            "idle_in_transaction_session_timeout=\(idleInTransactionTimeout.milliseconds)",
        ]
        let options = settings.map { "-c \($0)" }.joined(separator: " ")
        parameters["options"] = parameters["options"].map { "\(options) \($0)" } ?? options
        return parameters
    }

    private func parsedURL() throws(PostgresError) -> [String: String] {
        var message: UnsafeMutablePointer<CChar>?
        guard let parsed = PQconninfoParse(url, &message) else {
            // libpq quotes the offending text, which may hold the password.
            PQfreemem(message)
            throw .misconfigured("the database URL cannot be parsed")
        }
        defer { PQconninfoFree(parsed) }
        var parameters: [String: String] = [:]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { parameters[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        return parameters
    }

    /// Checks the URL without connecting.
    package func validate() throws(PostgresError) { _ = try parameters() }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
