import Foundation
import JSON
import Kernel
import Logging
import Persistence
import Platform
import PostgresClient
import ServiceLifecycle
import TestStorage
import Testing
import WebAPI

/// A running platform with a database of its own, reached over HTTP as users reach it.
///
/// One is shared by all tests of a process: organizations keep them apart, which is what the platform is for. A test that
/// changes what is global (tiers, signing keys) or ends the server makes its own with ``with(_:)``.
package struct TestPlatform: Sendable {
    package let url: String
    package let database: TestDatabase
    package let databases: Databases
    /// Every route that the server serves.
    package let routes: RouteTable
    package let superadmin: TestClient
    private let serving: Task<Void, any Error>

    /// Nobody signed in, at an address of its own: limits of one address do not add up over tests.
    package var client: TestClient { Self.client(url) }

    private static func client(_ url: String) -> TestClient {
        let part = { Int.random(in: 1...254) }
        return TestClient(url: url, headers: [("X-Forwarded-For", "10.\(part()).\(part()).\(part())")])
    }

    package static var shared: TestPlatform { get async throws { try await sharedPlatform.value() } }

    private static let sharedPlatform = Shared()

    /// Lends a platform of its own to `body`.
    package static func with<Result>(_ body: (TestPlatform) async throws -> Result) async throws -> Result {
        let platform = try await start()
        do {
            let result = try await body(platform)
            try await platform.stop()
            return result
        } catch {
            try? await platform.stop()
            throw error
        }
    }

    /// The environment of a server on `database`, as the program reads it.
    package static func environment(_ database: TestDatabase) -> [String: String] {
        [
            "DATABASE_URL": database.configuration.url, "ROOKERY_DATABASE_ROLE_PASSWORD": TestDatabase.rolePassword,
            "ROOKERY_MASTER_KEY": String(repeating: "5a", count: 32), "ROOKERY_PORT": "0",
            "ROOKERY_PUBLIC_URL": "http://rookery.test", "ROOKERY_ROOT": TestDatabase.root, "ROOKERY_LANES": "2",
            "ROOKERY_SHUTDOWN_SECONDS": "5", "ROOKERY_TRUSTED_PROXIES": "127.0.0.1",
        ]
    }

    package static func start() async throws -> TestPlatform {
        let database = try await TestDatabase.make()
        var configuration = try Configuration(SettingValues(environment: environment(database)))
        configuration.databaseName = database.name
        var logger = Logger(label: "test-platform") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let `operator` = try await Operator(configuration, logger: logger)
        let (email, password) = ("root@platform.test", Self.password)
        _ = try await `operator`.makeSuperadmin(email: email, name: "Root", password: password)
        await `operator`.close()

        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let platform = try await Platform(configuration, logger: logger) { port.yield($0) }
        let serving = Task { try await platform.serve(signals: []) }
        guard let number = await ports.first(where: { _ in true }) else {
            throw TestDatabase.SetUpError(description: "the server did not begin to listen")
        }
        let url = "http://127.0.0.1:\(number)"
        let signedIn = try await client(url).post(
            "/auth/login", ["email": .string(email), "password": .string(password)])
        guard let token = signedIn.json["access_token"]?.string else {
            throw TestDatabase.SetUpError(description: "the superadmin cannot sign in: \(signedIn.text)")
        }
        return TestPlatform(
            url: url, database: database, databases: platform.databases, routes: platform.routes,
            superadmin: client(url).bearer(token), serving: serving)
    }

    /// Ends the server at once and drops the database.
    package func stop() async throws {
        serving.cancel()
        _ = try? await serving.value
        try await database.drop()
    }

    private actor Shared {
        private var starting: Task<TestPlatform, any Error>?

        func value() async throws -> TestPlatform {
            if let starting { return try await starting.value }
            let starting = Task { try await TestPlatform.start() }
            self.starting = starting
            return try await starting.value
        }
    }
}
