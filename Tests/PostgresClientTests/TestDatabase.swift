import Foundation
import Logging
import PostgresClient
import Testing

/// A database of its own for one test, on the server of DATABASE_URL.
struct TestDatabase: Sendable {
    let url: String
    let name: String

    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    static func serverURL() throws -> String {
        try #require(
            ProcessInfo.processInfo.environment["DATABASE_URL"], "DATABASE_URL must name a PostgreSQL to test against")
    }

    var configuration: PostgresConfiguration {
        var configuration = PostgresConfiguration(url: url)
        configuration.database = name
        return configuration
    }

    func client(_ change: (inout PostgresConfiguration) -> Void = { _ in }) throws -> PostgresClient {
        var configuration = configuration
        change(&configuration)
        return try PostgresClient(configuration: configuration, logger: Self.quiet)
    }

    func run(script: String) async throws {
        let console = try await PostgresConsole.open(configuration, logger: Self.quiet)
        defer { console.close() }
        try await console.run(script: script)
    }
}

/// Makes a database, lends it, drops it.
func withDatabase(_ body: (TestDatabase) async throws -> Void) async throws {
    let url = try TestDatabase.serverURL()
    let name = "client_test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
    let console = try await PostgresConsole.open(PostgresConfiguration(url: url), logger: TestDatabase.quiet)
    defer { console.close() }
    try await console.run(script: "create database \(name)")
    let outcome: Result<Void, any Error>
    do {
        outcome = .success(try await body(TestDatabase(url: url, name: name)))
    } catch {
        outcome = .failure(error)
    }
    // Only a superuser may end an autovacuum worker that has just looked in.
    for attempt in 1... {
        do {
            try await console.run(script: "drop database \(name) with (force)")
            break
        } catch {
            guard attempt < 200 else { throw error }
            try await Task.sleep(for: .milliseconds(25))
        }
    }
    try outcome.get()
}

/// Waits for a condition that another process brings about.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(10), _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    while clock.now < deadline {
        if try await condition() { return }
        try await clock.sleep(for: .milliseconds(5))
    }
    Issue.record(what)
}

/// The error of an operation that must fail.
func failure<T>(of operation: () async throws(PostgresError) -> T) async -> PostgresError? {
    do throws(PostgresError) {
        _ = try await operation()
        return nil
    } catch {
        return error
    }
}

extension PostgresClient {
    func integers(_ sql: SQL) async throws -> [Int] {
        try await execute(sql).map { (row: inout RowReader) throws(PostgresError) -> Int in try row.next() }
    }

    func strings(_ sql: SQL) async throws -> [String] {
        try await execute(sql).map { (row: inout RowReader) throws(PostgresError) -> String in try row.next() }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
