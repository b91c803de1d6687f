import Foundation
import Logging
import Persistence
import PostgresClient

/// A database of a test's own: a clone of a template that holds the current schema (some 0.1 s), on the server that
/// `DATABASE_URL` names.
package struct TestDatabase: Sendable {
    /// What is wrong with the surroundings of the tests, and what to do.
    package struct SetUpError: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    package let name: String
    /// As the role that migrates; the roles of the server sign in with ``rolePassword``.
    package let configuration: PostgresConfiguration

    /// The password of the three roles: they belong to the whole PostgreSQL server.
    package static var rolePassword: String {
        ProcessInfo.processInfo.environment["ROOKERY_DATABASE_ROLE_PASSWORD"] ?? "rookery-tests"
    }

    /// The checkout that the tests run in: its migrations, policies and description are what they prove.
    package static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    package static var server: PostgresConfiguration {
        get throws {
            guard let url = ProcessInfo.processInfo.environment["DATABASE_URL"] else {
                throw SetUpError(description: "DATABASE_URL is not set: deploy/test starts a server and sets it")
            }
            var configuration = PostgresConfiguration(url: url)
            configuration.connectTimeout = .seconds(10)
            return configuration
        }
    }

    /// Makes a database. Databases of ended test processes are dropped on the way.
    package static func make() async throws -> TestDatabase {
        let template = try await templates.name()
        let name = "rookery_test_\(ProcessInfo.processInfo.processIdentifier)_\(UInt32.random(in: 0 ... .max))"
        try await withConsole { console in
            try await console.run(script: "create database \(name) template \(template)")
        }
        return TestDatabase(name: name, configuration: try configuration(of: name))
    }

    /// Lends a database to `body` and drops it afterwards. One that sessions still hold on a busy machine is left to the
    /// next process: it says nothing of what was tested.
    package static func with<Result>(_ body: (TestDatabase) async throws -> Result) async throws -> Result {
        let database = try await make()
        do {
            let result = try await body(database)
            try? await database.drop()
            return result
        } catch {
            try? await database.drop()
            throw error
        }
    }

    /// Pools for the roles of the server.
    package func databases() throws -> Databases {
        try Databases(configuration: configuration, password: Self.rolePassword, logger: Logger(label: "test"))
    }

    package func drop() async throws {
        try await Self.withConsole { console in
            // The migrating role may not end the sessions of the others, which are closing now.
            let clock = ContinuousClock()
            let deadline = clock.now + .seconds(10)
            while try await console.query("select 1 from pg_stat_activity where datname = \(name)").count > 0,
                clock.now < deadline
            {
                try await clock.sleep(for: .milliseconds(5))
            }
            try await console.run(script: "drop database if exists \(name) with (force)")
        }
    }

    private static let templates = Templates()

    static func configuration(of database: String) throws -> PostgresConfiguration {
        var configuration = try server
        configuration.database = database
        return configuration
    }

    static func withConsole<Result>(_ body: (PostgresConsole) async throws -> Result) async throws -> Result {
        var server = try server
        server.statementTimeout = .seconds(120)
        let console = try await PostgresConsole.open(server, logger: Logger(label: "test"))
        defer { console.close() }
        return try await body(console)
    }
}

/// Makes the template once a process; processes agree by a lock on the server.
private actor Templates {
    private var making: Task<String, any Error>?

    func name() async throws -> String {
        if let making { return try await making.value }
        let making = Task { try await Self.make() }
        self.making = making
        return try await making.value
    }

    private static func make() async throws -> String {
        let files = try SchemaFiles(root: TestDatabase.root)
        // Other checkouts may use the same server: the name says what is inside.
        let hash = (files.migrations + files.policies).reduce(UInt64(5381)) { hash, file in
            file.hash.reduce(hash) { ($0 &* 33) ^ UInt64($1) }
        }
        let name = "rookery_template_" + String(hash, radix: 36)
        try await TestDatabase.withConsole { console in
            try await console.run(script: "select pg_advisory_lock(7262)")
            try await dropAbandoned(console)
            let exists = try await console.query("select 1 from pg_database where datname = \(name)").count > 0
            if !exists {
                let unfinished = name + "_unfinished"
                try await console.run(script: "drop database if exists \(unfinished) with (force)")
                try await console.run(script: "create database \(unfinished)")
                try await fill(unfinished, files)
                try await console.run(script: "alter database \(unfinished) rename to \(name)")
            }
            let migrator = Migrator(
                configuration: try TestDatabase.server, files: files, logger: Logger(label: "test"))
            let roles = ["rookery_api", "rookery_ingest", "rookery_system"]
            try await migrator.setPasswords(
                Dictionary(uniqueKeysWithValues: roles.map { ($0, TestDatabase.rolePassword) }))
            try await console.run(script: "select pg_advisory_unlock(7262)")
        }
        return name
    }

    private static func fill(_ database: String, _ files: SchemaFiles) async throws {
        let configuration = try TestDatabase.configuration(of: database)
        _ = try await Migrator(configuration: configuration, files: files, logger: Logger(label: "test")).migrate()
    }

    /// A test process that was killed leaves its databases behind; its number tells that it is gone.
    private static func dropAbandoned(_ console: PostgresConsole) async throws {
        let names = try await console.query(
            "select datname::text from pg_database where datname like 'rookery\\_test\\_%'"
        )
        .map { (row: inout RowReader) throws -> String in try row.next() }
        for name in names {
            let parts = name.split(separator: "_")
            guard parts.count == 4, let process = pid_t(parts[2]), kill(process, 0) != 0, errno == ESRCH else {
                continue
            }
            try? await console.run(script: "drop database if exists \(name) with (force)")
        }
    }
}
