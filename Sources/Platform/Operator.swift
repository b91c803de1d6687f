import Fleet
import Foundation
import Identity
import Kernel
import Logging
import Persistence
import Secrets
import Tenancy

/// What the command line does to a database without serving it.
package struct Operator: Sendable {
    private let databases: Databases
    private let hasher: PasswordHasher

    package init(_ configuration: Configuration, logger: Logger) async throws {
        databases = try configuration.makeDatabases(logger: logger)
        try await databases.verify(against: SchemaFiles(root: configuration.root.path))
        hasher = try PasswordHasher(concurrency: Configuration.passwordHashesAtOnce)
    }

    package func close() async { await databases.shutdown() }

    /// Two demo organizations with tiers, users of every role, sites, models, rules and devices; see ``FleetCredentials``.
    package func seedDemo(report: @escaping @Sendable (String) -> Void) async throws -> FleetCredentials {
        try await DemoSeed(
            databases: databases, accounts: PlatformAccounts(hasher: hasher), members: MemberService(hasher: hasher),
            makePassword: Self.password, report: report
        ).run()
    }

    /// Makes somebody a superadmin: the account is made, or given the password anew.
    /// - Returns: the password, when it was generated.
    package func makeSuperadmin(email: String, name: String, password: String?) async throws -> String? {
        let accounts = PlatformAccounts(hasher: hasher)
        let chosen = try password ?? Self.password()
        try await databases.system.withTransaction(.system("rookery superadmin")) {
            (tx: borrowing SystemTransaction) async throws in
            let user = try await accounts.ensure(tx, email: email, name: name, password: chosen)
            try await accounts.grantSuperadmin(tx, user, reason: "command line")
            tx.record(
                AuditRecord(action: "superadmin.grant", resourceKind: "user", resourceID: user.uuid), in: nil)
        }
        return password == nil ? chosen : nil
    }

    /// 120 random bits.
    private static func password() throws -> String { Base64URL.encode(try SystemRandom().bytes(15)) }
}
