import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient
import Secrets
import Synchronization
@_spi(ScopeMinting) import Tenancy
import TestStorage

@testable import Identity

/// Identity over a database of its own.
struct IdentityFixture: Sendable {
    /// Lends one and drops it afterwards.
    static func with(
        hashing: Argon2Parameters = Argon2Parameters(memory: 256, passes: 1, lanes: 1),
        _ body: (IdentityFixture) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            let databases = try database.databases()
            try await body(IdentityFixture(databases, hashing))
            await databases.shutdown()
        }
    }

    let tenants: TenantDatabase
    let system: SystemDatabase
    let auth: AuthDatabase
    let hasher: PasswordHasher
    let keys: SigningKeyRing
    let signIns: SignInService
    let sessions: SessionAuthenticator
    let apiKeys: APIKeyAuthenticator
    let members: MemberService
    let origin = RequestOrigin(address: "192.0.2.7", agent: "tests", requestID: "request-1")

    init(_ databases: Databases, _ hashing: Argon2Parameters) async throws {
        tenants = databases.tenant
        auth = databases.auth
        system = databases.system
        let keyring = SealingKeyring(current: try SealingKey(version: 1, bytes: [UInt8](repeating: 7, count: 32)))
        hasher = try PasswordHasher(parameters: hashing, concurrency: 1)
        keys = SigningKeyRing(
            system: system, keyring: keyring,
            policy: try AccessTokenPolicy(issuer: "https://rookery.test", audience: "rookery"))
        try await keys.refresh()
        signIns = SignInService(auth: auth, tenants: tenants, hasher: hasher, keys: keys, keyring: keyring)
        sessions = SessionAuthenticator(auth: auth, keys: keys)
        apiKeys = APIKeyAuthenticator(auth: auth, tenants: tenants)
        members = MemberService(hasher: hasher)
    }

    func organization(below parent: OrganizationID? = nil) async throws -> OrganizationID {
        let id = OrganizationID.make()
        try await system.withTransaction(.system("tests")) { (tx: borrowing SystemTransaction) async throws -> Void in
            try await tx.execute(
                "select app.organization_create(\(id), \(parent), 'customer', 'Org', \("org-\(id)"), 'standard')")
        }
        return id
    }

    func person(_ password: String, admin: Bool = false) async throws -> (id: UserID, email: String) {
        let email = "p\(UserID.make().description.suffix(12))@example.com"
        let accounts = PlatformAccounts(hasher: hasher)
        let id = try await system.withTransaction(.system("tests")) {
            (tx: borrowing SystemTransaction) async throws -> UserID in
            let id = try await accounts.ensure(tx, email: email, name: "Person", password: password)
            if admin { try await accounts.grantSuperadmin(tx, id, reason: "tests") }
            return id
        }
        return (id, email)
    }

    /// The first member of an organization is taken in by the platform.
    func join(_ organization: OrganizationID, _ email: String, _ roles: [String], password: String? = "unused password")
        async throws -> NewMember
    {
        let scope = TenantScope(organizationID: organization, actor: .system("tests"))
        let body: JSONValue = [
            "email": .string(email), "name": "Person", "roles": .array(roles.map { .string($0) }),
            "password": password.map { .string($0) } ?? .null,
        ]
        let draft = try MemberDraft(body: body)
        let principal = Principal(
            kind: .superadmin(.make(), .make()), permissions: Set(Permission.allCases), scope: scope,
            tier: TierName(rawValue: "standard"), actor: scope.actor)
        return try await tenants.withTransaction(scope, .readWrite) {
            (tx: borrowing TenantTransaction) async throws -> NewMember in
            try await members.add(tx, draft, by: principal)
        }
    }
}

/// What a refusal was, or nil when there was none.
func code<T>(_ body: () async throws -> T) async -> ErrorCode? {
    do {
        _ = try await body()
        return nil
    } catch { return (error as? ServiceError)?.code }
}
