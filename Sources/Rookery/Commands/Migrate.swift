import ArgumentParser
import Foundation
import Logging
import Persistence
import Platform
import PostgresClient

/// `rookery migrate`: the schema, the policies and the passwords of the server's roles.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the database to the present schema and policies.",
        discussion: """
            Runs as the role of DATABASE_URL, which needs CREATEROLE and must own the database or be able to create schemas \
            in it. Safe to run again and from several places at once.
            """)

    @Flag(help: "Only say what would be done; status 1 when there is something.")
    var check = false

    func run() async throws {
        let configuration = try Configuration.fromEnvironment()
        let log = configuration.startLogging()
        defer { log.flush() }
        let files = try SchemaFiles(root: configuration.root.path)
        let migrator = Migrator(
            configuration: PostgresConfiguration(url: configuration.databaseURL), files: files,
            logger: Logger(label: "migrate"))
        if check {
            let status = try await migrator.check()
            describe(status)
            guard status.isCurrent else { throw ExitCode.failure }
            return
        }
        let report = try await migrator.migrate()
        let roles = ["rookery_api", "rookery_ingest", "rookery_system"]
        try await migrator.setPasswords(
            Dictionary(uniqueKeysWithValues: roles.map { ($0, configuration.rolePassword) }))
        for name in report.applied { print("applied \(name)") }
        if report.policiesApplied { print("applied the policies") }
        print("The schema is current.")
    }

    private func describe(_ status: SchemaStatus) {
        for name in status.pending { print("pending: \(name)") }
        for name in status.edited { print("edited after it was applied: \(name)") }
        for name in status.unknown { print("applied, but unknown to this version: \(name)") }
        for name in status.changedPolicies { print("policy differs: \(name)") }
        print(status.isCurrent ? "The schema is current." : "Run `rookery migrate`.")
    }
}
