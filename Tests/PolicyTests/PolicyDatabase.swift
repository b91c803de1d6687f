import Foundation
import Logging
import Persistence
import PostgresClient
import TestStorage
import Testing

/// A database of a test's own, spoken to in plain SQL as each of the platform's roles.
struct PolicyDatabase: Sendable {
    let database: TestDatabase

    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    enum Role: String, CaseIterable, Sendable {
        case api = "rookery_api"
        case ingest = "rookery_ingest"
        case system = "rookery_system"
    }

    /// A connection; without a role that of the migrating one.
    func console(as role: Role? = nil) async throws -> PostgresConsole {
        var configuration = database.configuration
        if let role {
            configuration = configuration.signedIn(as: role.rawValue, password: TestDatabase.rolePassword)
        }
        // 50 sessions at once wait for each other's locks.
        configuration.lockTimeout = .seconds(60)
        configuration.statementTimeout = .seconds(120)
        return try await PostgresConsole.open(configuration, logger: Self.quiet)
    }
}

/// Makes a database, lends it, drops it.
func withPolicyDatabase(_ body: (PolicyDatabase) async throws -> Void) async throws {
    try await TestDatabase.with { try await body(PolicyDatabase(database: $0)) }
}

/// The SQL of the repository.
enum SQLFiles {
    static let root = URL(filePath: TestDatabase.root)

    static func policies() throws -> [SchemaFiles.File] { try SchemaFiles(root: TestDatabase.root).policies }

    static func seed(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "Tests/PolicyTests/Seeds/\(name).sql"), encoding: .utf8)
    }
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
