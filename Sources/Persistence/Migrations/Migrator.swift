import Logging
import PostgresClient

/// Brings a database to the state that the files describe, as the role of DATABASE_URL.
///
/// That role needs CREATEROLE and must be able to create schemas in the database; it is no superuser, and is not the role
/// that the server runs as.
package struct Migrator: Sendable {
    private let configuration: PostgresConfiguration
    private let files: SchemaFiles
    private let logger: Logger

    package init(configuration: PostgresConfiguration, files: SchemaFiles, logger: Logger) {
        var configuration = configuration
        // A migration may take long; it must not wait long for a lock that stops everybody behind it.
        configuration.statementTimeout = .zero
        configuration.idleInTransactionTimeout = .zero
        self.configuration = configuration
        self.files = files
        self.logger = logger
    }

    /// What was done.
    package struct Report: Sendable, Equatable {
        package var applied: [String]
        package var policiesApplied: Bool

        package init(applied: [String] = [], policiesApplied: Bool = false) {
            self.applied = applied
            self.policiesApplied = policiesApplied
        }
    }

    /// Applies pending migrations, each in a transaction, then all policies in one when any of them, or the schema, changed.
    /// One migrator at a time; others wait.
    package func migrate(lockWait: Duration = .seconds(300)) async throws -> Report {
        let console = try await PostgresConsole.open(configuration, logger: logger)
        defer { console.close() }
        try await lock(console, within: lockWait)
        let ledger = SchemaLedger(console: console)
        let status = try await ledger.compare(with: files)
        if !status.edited.isEmpty { throw SchemaError.edited(status.edited) }

        var report = Report()
        try await applyMigrations(status.pending, console, ledger, &report)
        if !report.applied.isEmpty || !status.changedPolicies.isEmpty {
            try await applyPolicies(console, ledger)
            report.policiesApplied = true
        }
        return report
    }

    /// What `migrate` would do; changes nothing.
    package func check() async throws -> SchemaStatus {
        let console = try await PostgresConsole.open(configuration, logger: logger)
        defer { console.close() }
        return try await SchemaLedger(console: console).compare(with: files)
    }

    /// Sets the passwords that the server's roles sign in with. Only a verifier travels to the server.
    package func setPasswords(_ passwords: [String: String]) async throws {
        let console = try await PostgresConsole.open(configuration, logger: logger)
        defer { console.close() }
        for (role, password) in passwords.sorted(by: { $0.key < $1.key }) {
            try await setPassword(password, of: role, console)
        }
    }

    private func setPassword(_ password: String, of role: String, _ console: PostgresConsole) async throws {
        for attempt in 1... {
            do throws(PostgresError) {
                return try await console.setPassword(password, ofRole: role)
            } catch {
                // "tuple concurrently updated": roles belong to the cluster, and another database's migrator was here.
                guard error.sqlState == "XX000", attempt < 20 else { throw error }
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 5...50)))
        }
    }

    // MARK: Steps

    /// A number of no meaning ("rookery" in ASCII) that all migrators agree on.
    private static let lockKey: Int64 = 0x72_6F6F_6B65_7279

    private func lock(_ console: PostgresConsole, within limit: Duration) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + limit
        while true {
            let isLocked = try await console.query("select pg_try_advisory_lock(\(Self.lockKey))")
                .first { (row: inout RowReader) throws -> Bool in try row.next() }
            if isLocked == true { return }
            if clock.now >= deadline { throw SchemaError.locked(seconds: Int(limit.components.seconds)) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func applyMigrations(
        _ names: [String], _ console: PostgresConsole, _ ledger: SchemaLedger, _ report: inout Report
    ) async throws {
        let pending = files.migrations.filter { names.contains($0.name) }
        // The first migrations make the table that they are recorded in: until it is there, they share a transaction.
        var unrecorded: [SchemaFiles.File] = []
        var isOpen = false
        for file in pending {
            logger.info("applying migration", metadata: ["file": "\(file.name)"])
            do {
                if file.isWithoutTransaction {
                    for statement in SQLScript.statements(in: file.text) { try await console.run(script: statement) }
                } else {
                    if !isOpen { try await console.run(script: "begin") }
                    isOpen = true
                    try await console.run(script: file.text)
                }
                unrecorded.append(file)
                guard try await ledger.exists() else { continue }
                if !isOpen { try await console.run(script: "begin") }
                try await ledger.record(unrecorded)
                try await console.run(script: "commit")
            } catch {
                try? await console.run(script: "rollback")
                throw SchemaError.failed(file: file.name, line: Self.line(of: error, in: file.text), cause: error)
            }
            report.applied += unrecorded.map(\.name)
            unrecorded = []
            isOpen = false
        }
        if isOpen {
            try await console.run(script: "rollback")
            throw SchemaError.failed(
                file: unrecorded.last?.name ?? "", line: nil,
                cause: PostgresError.misuse("no migration makes app.schema_migrations"))
        }
    }

    private func applyPolicies(_ console: PostgresConsole, _ ledger: SchemaLedger) async throws {
        try await console.run(script: "begin")
        for file in files.policies {
            do {
                try await console.run(script: file.text)
            } catch {
                try? await console.run(script: "rollback")
                throw SchemaError.failed(file: file.name, line: Self.line(of: error, in: file.text), cause: error)
            }
        }
        do {
            try await ledger.recordPolicies(files.policies)
            try await console.run(script: "commit")
        } catch {
            try? await console.run(script: "rollback")
            throw SchemaError.failed(file: "policies", line: nil, cause: error)
        }
        logger.info("policies applied", metadata: ["files": "\(files.policies.count)"])
    }

    private static func line(of error: any Error, in text: String) -> Int? {
        guard let position = (error as? PostgresError)?.serverFault?.position else { return nil }
        return text.unicodeScalars.prefix(max(0, position - 1)).count { $0 == "\n" } + 1
    }
}
