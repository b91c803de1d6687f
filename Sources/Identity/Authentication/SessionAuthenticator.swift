import Kernel
import Persistence
import Secrets
@_spi(ScopeMinting) import Tenancy

/// Turns an access token into a principal. A valid signature is not enough: the session must be alive and the person still
/// a member, as the database said a moment ago (see ``ShortLivedCache``).
package struct SessionAuthenticator: Sendable {
    private struct Key: Hashable, Sendable {
        let session: SessionID
        let organization: OrganizationID?
    }

    private enum Standing: Sendable {
        case member(SessionRight)
        case superadmin(SessionPerson)
    }

    private let queries: AuthQueries
    private let keys: SigningKeyRing
    private let clock: any WallClock
    private let standings: ShortLivedCache<Key, Standing>

    package init(
        auth: AuthDatabase, keys: SigningKeyRing, feed: InvalidationFeed? = nil,
        clock: any WallClock = SystemClock()
    ) {
        queries = AuthQueries(database: auth)
        self.keys = keys
        self.clock = clock
        standings = ShortLivedCache(limit: 16_384, feed: feed)
    }

    /// - Parameters:
    ///   - token: as it stood behind `Bearer`.
    ///   - selected: `X-Organization-Id`: another organization that the person is a member of.
    /// - Throws: `unauthenticated`; `forbidden` for a selected organization where the person is no member, existing or not;
    ///   `organization-suspended`.
    package func authenticate(_ token: String, selected: OrganizationID?, from origin: RequestOrigin) async throws
        -> Principal
    {
        let claims: AccessTokenClaims
        do throws(AccessTokenFault) {
            claims = try keys.verifier.verify(token, at: clock.now().microseconds / 1_000_000)
        } catch {
            throw ServiceError(.unauthenticated, "The access token is not valid or has expired.", cause: error)
        }
        guard let session = SessionID(claims.session), let user = UserID(claims.subject) else { throw Self.refused }
        let home = claims.organization.flatMap { OrganizationID($0) }
        let key = Key(session: session, organization: selected ?? home)
        let standing = try await standings.value(for: key) { try await load(key) }
        switch standing {
        case nil where selected != nil && selected != home: throw Self.foreign
        case nil: throw Self.refused
        case .superadmin(let person):
            guard person.userID == user, person.isLive(at: clock.now()) else { throw Self.refused }
            let actor = actor(.superadmin, user, session, person.email, origin)
            return Principal(
                kind: .superadmin(user, session), permissions: [], scope: nil, tier: TierName(rawValue: "enterprise"),
                actor: actor)
        case .member(let right):
            guard right.userID == user, right.mayAct else { throw Self.refused }
            // Selecting is for one's own organizations; entering one below is a switch, which is audited.
            guard selected == nil || selected == home || right.depth == 0 else {
                throw Self.foreign
            }
            guard right.status == "active", let organization = key.organization else { throw SignInService.suspended }
            let actor = actor(.user, user, session, right.email, origin)
            return Principal(
                kind: .user(user, session), permissions: right.permissions,
                scope: TenantScope(organizationID: organization, actor: actor), tier: right.tier, actor: actor)
        }
    }

    /// Forgets what is known of a session, or of all.
    package func forget(session: SessionID? = nil) {
        standings.forget { key, _ in session == nil || key.session == session }
    }

    /// Forgets every session of a person.
    package func forget(user: UserID) {
        standings.forget { _, standing in
            switch standing {
            case .member(let right): right.userID == user
            case .superadmin(let person): person.userID == user
            }
        }
    }

    private static let foreign = ServiceError(.forbidden, "X-Organization-Id names no organization of yours.")
    private static let refused = ServiceError(.unauthenticated, "The session has ended; sign in again.")

    private func load(_ key: Key) async throws -> Standing? {
        if let organization = key.organization {
            return try await queries.right(of: key.session, in: organization).map { .member($0) }
        }
        guard let person = try await queries.session(key.session), person.isPlatformAdmin,
            person.isLive(at: clock.now())
        else { return nil }
        return .superadmin(person)
    }

    private func actor(
        _ kind: Actor.Kind, _ user: UserID, _ session: SessionID, _ email: String, _ origin: RequestOrigin
    ) -> Actor {
        Actor(
            kind: kind, id: user.description, label: email, userID: user, sessionID: session, address: origin.address,
            requestID: origin.requestID)
    }
}
