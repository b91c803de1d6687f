import Foundation
import Logging
import PostgresClient
import Testing

/// A migrated database of its own for one test: a clone of a template that every test of these SQL files shares.
struct PolicyDatabase: Sendable {
    let name: String

    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    static func server(database: String? = nil) throws -> PostgresConfiguration {
        let url = try #require(
            ProcessInfo.processInfo.environment["DATABASE_URL"], "DATABASE_URL must name a PostgreSQL to test against")
        var configuration = PostgresConfiguration(url: url)
        if let database { configuration.database = database }
        return configuration
    }

    /// A connection as one of the platform's roles; nil is the migrating role.
    func console(as role: Role? = nil) async throws -> PostgresConsole {
        var configuration = try Self.server(database: name)
        if let role { configuration = configuration.signedIn(as: role.rawValue, password: nil) }
        return try await PostgresConsole.open(configuration, logger: Self.quiet)
    }

    enum Role: String, CaseIterable, Sendable {
        case api = "rookery_api"
        case ingest = "rookery_ingest"
        case system = "rookery_system"
    }
}

/// Makes a database, lends it, drops it.
func withPolicyDatabase(_ body: (PolicyDatabase) async throws -> Void) async throws {
    let template = try await PolicyTemplate.shared.name()
    let name = "policy_test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
    let console = try await PostgresConsole.open(PolicyDatabase.server(), logger: PolicyDatabase.quiet)
    defer { console.close() }
    try await console.run(script: "create database \(name) template \(template)")
    do {
        try await body(PolicyDatabase(name: name))
    } catch {
        try await drop(name, console)
        throw error
    }
    try await drop(name, console)
}

/// Drops a database once its sessions have ended. The migrating role may not end those of other roles.
private func drop(_ name: String, _ console: PostgresConsole) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(10)
    while try await console.integer("select count(*)::int from pg_stat_activity where datname = \(name)") > 0,
        clock.now < deadline
    {
        try await clock.sleep(for: .milliseconds(5))
    }
    try await console.run(script: "drop database \(name)")
}

/// The database that tests are cloned from. Its name carries a hash of the SQL files, so that a changed file makes a new one
/// and an unchanged one serves many runs.
actor PolicyTemplate {
    static let shared = PolicyTemplate()
    private var made: Task<String, any Error>?

    func name() async throws -> String {
        let task = made ?? Task { try await Self.make() }
        made = task
        return try await task.value
    }

    private static func make() async throws -> String {
        let files = try SQLFiles.migrations() + SQLFiles.policies()
        let name = "policy_template_\(SQLFiles.fingerprint(of: files))"
        let server = try await PostgresConsole.open(PolicyDatabase.server(), logger: PolicyDatabase.quiet)
        defer { server.close() }
        // Another test process may be about to make the same one.
        try await server.query("select pg_advisory_lock(hashtextextended('policy_template', 0))")
        let exists = try await server.query("select from pg_database where datname = \(name)").count > 0
        if !exists {
            let draft = "\(name)_draft"
            try await server.run(script: "drop database if exists \(draft) with (force)")
            try await server.run(script: "create database \(draft)")
            try await SQLFiles.apply(files, to: draft)
            try await server.run(script: "alter database \(draft) rename to \(name)")
        }
        try await server.query("select pg_advisory_unlock(hashtextextended('policy_template', 0))")
        return name
    }
}

/// The SQL of the repository.
enum SQLFiles {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct File: Sendable {
        let name: String
        let script: String
    }

    static func migrations() throws -> [File] { try files(in: "Migrations") }
    static func policies() throws -> [File] { try files(in: "policies") }
    static func seed(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "Tests/PolicyTests/Seeds/\(name).sql"), encoding: .utf8)
    }

    private static func files(in folder: String) throws -> [File] {
        try FileManager.default.contentsOfDirectory(at: root.appending(path: folder), includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "sql" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { File(name: $0.lastPathComponent, script: try String(contentsOf: $0, encoding: .utf8)) }
    }

    /// Each file in one transaction, in the order given.
    static func apply(_ files: [File], to database: String) async throws {
        let console = try await PostgresConsole.open(
            PolicyDatabase.server(database: database), logger: PolicyDatabase.quiet)
        defer { console.close() }
        for file in files {
            do {
                try await console.run(script: "begin;\n\(file.script)\n;commit;")
            } catch {
                throw SQLFileError(file: file.name, reason: error)
            }
        }
    }

    /// FNV-1a over names and scripts.
    static func fingerprint(of files: [File]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in files.flatMap({ Array($0.name.utf8) + Array($0.script.utf8) }) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}

struct SQLFileError: Error, CustomStringConvertible {
    let file: String
    let reason: PostgresError
    var description: String { "\(file): \(reason)" }
}

extension PostgresConsole {
    func strings(_ sql: SQL) async throws -> [String] {
        try await query(sql).map { (row: inout RowReader) throws(PostgresError) -> String in try row.next() }
    }

    func integer(_ sql: SQL) async throws -> Int {
        try #require(
            try await query(sql).first { (row: inout RowReader) throws(PostgresError) -> Int in try row.next() })
    }

    func number(_ sql: SQL) async throws -> Int32 {
        try #require(
            try await query(sql).first { (row: inout RowReader) throws(PostgresError) -> Int32 in try row.next() })
    }

    func uuid(_ sql: SQL) async throws -> UUID {
        try #require(
            try await query(sql).first { (row: inout RowReader) throws(PostgresError) -> UUID in try row.next() })
    }

    /// The SQLSTATE that a script fails with; nil when it works.
    func fault(of script: String) async -> PostgresServerFault? {
        do {
            try await run(script: script)
            return nil
        } catch {
            try? await run(script: "rollback")
            return error.serverFault
        }
    }
}
