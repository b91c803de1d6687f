import Foundation
import JSON
import Kernel
import Logging
import Persistence
import PostgresClient
@_spi(ScopeMinting) import Tenancy
import TestStorage
import Testing

/// A database of its own for one test, on the server of DATABASE_URL.
struct EmptyDatabase: Sendable {
    let configuration: PostgresConfiguration
    let name: String

    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// The project's own schema.
    static func schema() throws -> SchemaFiles {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try SchemaFiles(root: root.path)
    }

    func migrator(_ files: SchemaFiles) -> Migrator {
        Migrator(configuration: configuration, files: files, logger: Self.quiet)
    }

    func query<T: PostgresDecodable>(_ sql: SQL, as type: T.Type = T.self) async throws -> T? {
        let console = try await PostgresConsole.open(configuration, logger: Self.quiet)
        defer { console.close() }
        return try await console.query(sql).first { (row: inout RowReader) throws -> T in try row.next() }
    }
}

func withEmptyDatabase(_ body: (EmptyDatabase) async throws -> Void) async throws {
    let url = try #require(
        ProcessInfo.processInfo.environment["DATABASE_URL"], "DATABASE_URL must name a PostgreSQL to test against")
    var configuration = PostgresConfiguration(url: url)
    let name = "persistence_test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
    let server = try await PostgresConsole.open(configuration, logger: EmptyDatabase.quiet)
    defer { server.close() }
    try await server.run(script: "create database \(name)")
    configuration.database = name
    let outcome: Result<Void, any Error>
    do {
        outcome = .success(try await body(EmptyDatabase(configuration: configuration, name: name)))
    } catch {
        outcome = .failure(error)
    }
    // The migrating role may not end the sessions of other roles, and they end a moment after their clients.
    for attempt in 1... {
        do {
            try await server.run(script: "drop database \(name)")
            break
        } catch {
            guard attempt < 200 else { throw error }
            try await Task.sleep(for: .milliseconds(25))
        }
    }
    try outcome.get()
}

/// A migrated database with two organizations, and the server's ways into it.
struct Farm: Sendable {
    let database: EmptyDatabase
    let databases: Databases
    let north: TenantScope
    let south: TenantScope

    static func scope(_ organizationID: OrganizationID) -> TenantScope {
        TenantScope(
            organizationID: organizationID,
            actor: Actor(
                kind: .user, id: UserID.make().description, label: "ada@example.org", address: "192.0.2.7",
                requestID: "req-1"))
    }
}

func withFarm(_ body: (Farm) async throws -> Void) async throws {
    try await withEmptyDatabase { database in
        let migrator = database.migrator(try EmptyDatabase.schema())
        _ = try await migrator.migrate()
        let roles = ["rookery_api", "rookery_ingest", "rookery_system"]
        try await migrator.setPasswords(
            Dictionary(uniqueKeysWithValues: roles.map { ($0, TestDatabase.rolePassword) }))
        let databases = try Databases(
            configuration: database.configuration, password: TestDatabase.rolePassword, logger: EmptyDatabase.quiet)
        let outcome: Result<Void, any Error>
        do {
            let organizations = try await databases.system.withTransaction(.system("test")) {
                (tx: borrowing SystemTransaction) async throws -> [OrganizationID] in
                try await tx.execute("insert into app.tiers (name, limits) values ('tiny', '{\"sites\": 2}')")
                var made: [OrganizationID] = []
                for name in ["north", "south"] {
                    let id = try await tx.first(
                        "select app.organization_create(null, null, 'customer', \(name), \(name), 'tiny')"
                    ) { (row: inout RowReader) throws -> OrganizationID in try row.next() }
                    made.append(try #require(id))
                    tx.record(AuditRecord(action: "organization.create", resourceKind: "organization"), in: id)
                }
                return made
            }
            let farm = Farm(
                database: database, databases: databases, north: Farm.scope(organizations[0]),
                south: Farm.scope(organizations[1]))
            outcome = .success(try await body(farm))
        } catch {
            outcome = .failure(error)
        }
        await databases.shutdown()
        try outcome.get()
    }
}

/// Remembers what was logged.
final class LogRecorder: @unchecked Sendable {
    // Unchecked: guarded by `lock`.
    private let lock = NSLock()
    private var levels: [Logger.Level] = []

    var logger: Logger { Logger(label: "test", factory: { _ in Handler(recorder: self) }) }
    func count(_ level: Logger.Level) -> Int { lock.withLock { levels.count { $0 == level } } }
    private func add(_ level: Logger.Level) { lock.withLock { levels.append(level) } }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { recorder.add(event.level) }
    }
}
