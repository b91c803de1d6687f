import JSON
import Kernel
import Persistence
import PostgresClient
import Secrets
import Synchronization
@_spi(ScopeMinting) import Tenancy

/// Turns an API key into a principal (S8). What it may do is what its scopes and its owner's present roles have in common.
package struct APIKeyAuthenticator: Sendable {
    private struct Standing: Sendable {
        let credential: ResolvedCredential
        let grant: APIKeyGrant
    }

    private let queries: AuthQueries
    private let tenants: TenantDatabase
    private let clock: any WallClock
    private let standings: ShortLivedCache<Digest256, Standing>
    private let rates = KeyRates()

    package init(
        auth: AuthDatabase, tenants: TenantDatabase, feed: InvalidationFeed? = nil,
        clock: any WallClock = SystemClock()
    ) {
        queries = AuthQueries(database: auth)
        self.tenants = tenants
        self.clock = clock
        standings = ShortLivedCache(limit: 16_384, feed: feed)
    }

    /// - Parameter text: as it stood in `X-API-Key`.
    /// - Throws: `unauthenticated` for a key that is not one of ours, revoked, expired or used from a foreign address;
    ///   `organization-suspended`.
    package func authenticate(_ text: String, from origin: RequestOrigin) async throws -> Principal {
        guard let token = SecretToken(parsing: text, as: .apiKey) else { throw Self.refused }
        let hash = token.lookupHash
        let standing = try await standings.value(for: hash) { try await load(hash, origin) }
        guard let standing else { throw Self.refused }
        let grant = standing.grant
        guard grant.ownerIsActive, grant.expiresAt.map({ $0 > clock.now() }) ?? true else { throw Self.refused }
        guard grant.addresses.isEmpty || AddressRange.contains(grant.addresses, origin.address) else {
            throw Self.refused
        }
        guard standing.credential.status == "active" else { throw SignInService.suspended }
        let actor = Actor(
            kind: .apiKey, id: grant.id.description, label: "\(grant.name) (\(grant.prefix))", address: origin.address,
            requestID: origin.requestID)
        return Principal(
            kind: .apiKey(grant.id), permissions: grant.permissions,
            scope: TenantScope(organizationID: standing.credential.organizationID, actor: actor),
            tier: standing.credential.tier,
            actor: actor)
    }

    /// The rate of a key's own, as it was when the key was last looked up; nil when it has none.
    package func rate(of key: APIKeyID) -> APIKeyRate? { rates[key] }

    /// Forgets one key, or all of an organization, or all.
    package func forget(key: APIKeyID? = nil, organization: OrganizationID? = nil) {
        standings.forget { _, standing in
            (key == nil || standing.grant.id == key)
                && (organization == nil || standing.credential.organizationID == organization)
        }
    }

    private static let refused = ServiceError(.unauthenticated, "The API key is not valid here.")

    private func load(_ hash: Digest256, _ origin: RequestOrigin) async throws -> Standing? {
        guard let credential = try await queries.resolve("api_key", hash) else { return nil }
        let id = APIKeyID(credential.subjectID)
        let scope = TenantScope(
            organizationID: credential.organizationID,
            actor: Actor(
                kind: .apiKey, id: id.description, label: "", address: origin.address, requestID: origin.requestID))
        let repository = APIKeyRepository()
        let grant = try await tenants.withTransaction(scope, .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> APIKeyGrant? in try await repository.findGrant(tx, id)
        }
        guard let grant else { return nil }
        let now = clock.now()
        if grant.usedAt.map({ now - $0 >= .seconds(60) }) ?? true {
            try await tenants.withTransaction(scope, .readWrite) {
                (tx: borrowing TenantTransaction) async throws -> Void in
                try await repository.markUsed(tx, id, at: now)
            }
        }
        rates.set(grant.rate, of: id)
        return Standing(credential: credential, grant: grant)
    }
}

/// A key as it authenticates.
struct APIKeyGrant: RowDecodable, Sendable {
    let id: APIKeyID
    let name: String
    let prefix: String
    let addresses: [String]
    let expiresAt: Timestamp?
    let usedAt: Timestamp?
    let ownerIsActive: Bool
    let permissions: Permissions
    let rate: APIKeyRate?

    init(from row: inout RowReader) throws {
        id = try row.next()
        name = try row.next()
        prefix = try row.next()
        addresses = try row.next([PostgresInet].self).map(\.text)
        expiresAt = try row.next()
        usedAt = try row.next()
        ownerIsActive = try row.next()
        permissions = Permissions(stored: try row.next()).intersection(Permissions(stored: try row.next()))
        rate = try row.next(JSONValue?.self).flatMap { APIKeyRate(stored: $0) }
    }
}

/// Keys with rates of their own: few, and read for every request.
private final class KeyRates: Sendable {
    private let rates = Mutex(TwoGenerationCache<APIKeyID, APIKeyRate>(limit: 65_536))

    subscript(key: APIKeyID) -> APIKeyRate? { rates.withLock { $0[key] } }

    func set(_ rate: APIKeyRate?, of key: APIKeyID) { rates.withLock { $0[key] = rate } }
}
