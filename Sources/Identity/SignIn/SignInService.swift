import Audit
import Foundation
import Kernel
import Persistence
import PostgresClient
import Secrets
@_spi(ScopeMinting) import Tenancy

/// From where a request comes: for throttling, the audit trail and the list of sessions.
package struct RequestOrigin: Hashable, Sendable {
    package let address: String
    package let agent: String?
    package let requestID: String

    package init(address: String, agent: String? = nil, requestID: String) {
        self.address = address
        self.agent = agent
        self.requestID = requestID
    }
}

/// What signing in or refreshing gives.
package struct IssuedTokens: Sendable {
    package let accessToken: String
    /// Seconds from now.
    package let expiresIn: Int
    package let refreshToken: SecretToken
    package let refreshExpiresAt: Timestamp
    package let sessionID: SessionID
    package let userID: UserID
    /// Nil for a platform administrator, who acts in none.
    package let organizationID: OrganizationID?
}

/// Signing in with a password and staying signed in (IAM-1, S5 to S7).
package struct SignInService: Sendable {
    let queries: AuthQueries
    let tenants: TenantDatabase
    let hasher: PasswordHasher
    let keys: SigningKeyRing
    let keyring: SealingKeyring
    let throttle: LoginThrottle
    let clock: any WallClock
    let refreshLifetime: Duration

    /// - Parameter refreshLifetime: how long a session lives without use.
    package init(
        auth: AuthDatabase, tenants: TenantDatabase, hasher: PasswordHasher, keys: SigningKeyRing,
        keyring: SealingKeyring,
        refreshLifetime: Duration = .seconds(30 * 86_400), clock: any WallClock = SystemClock()
    ) {
        queries = AuthQueries(database: auth)
        self.tenants = tenants
        self.hasher = hasher
        self.keys = keys
        self.keyring = keyring
        throttle = LoginThrottle(key: keyring.derivedKey(for: "login throttle"))
        self.clock = clock
        self.refreshLifetime = refreshLifetime
    }

    /// Signs in. An unknown account, a wrong password and an account that may not sign in get one answer after the same
    /// work. All of them go into an audit trail: of the person's organization, or of the platform.
    /// - Parameter organization: where to act; without it the person's default.
    /// - Throws: `invalid-credentials`, `too-many-requests`, `forbidden` (right password, but not a member there),
    ///   `unavailable` when too many sign in at once.
    package func signIn(
        email: String, password: String, organization: OrganizationID?, from origin: RequestOrigin
    ) async throws -> IssuedTokens {
        let buckets = throttle.buckets(email: email, address: origin.address)
        try await refuseWhileLocked(buckets)
        let account = try await queries.account(email.lowercased())
        let mayTry = account.map {
            $0.status == "active" || ($0.status == "unverified" && $0.passwordOrganizationID != nil)
        }
        let stored = mayTry == true ? account?.passwordHash.flatMap { try? PasswordHash(stored: $0) } : nil
        let verdict = try await verify(password, stored)
        guard case .matches(let needsRehash) = verdict, let account else {
            let reason: FailedSignIn.Reason =
                account == nil ? .unknownAccount : stored == nil ? .accountClosed : .wrongPassword
            try await queries.record(
                FailedSignIn(
                    reason, email: email, account: account, wanted: organization, from: origin, buckets: buckets))
            throw ServiceError(.invalidCredentials, "The e-mail address or the password is wrong.")
        }
        let refresh = try SecretToken(generating: .refreshToken, from: SystemRandom())
        let login = NewSession(
            userID: account.userID, wanted: organization, sessionID: .make(), address: PostgresInet(origin.address),
            agent: origin.agent, refresh: refresh, expiresAt: clock.now() + refreshLifetime,
            forgiven: throttle.forgiven(buckets),
            newHash: needsRehash ? try? await hasher.hash(password).stored : nil)
        guard let home = try await queries.recordLogin(login) else {
            try await queries.record(
                FailedSignIn(
                    .notAMember, email: email, account: account, wanted: organization, from: origin, buckets: buckets))
            throw ServiceError(.forbidden, "This account is not a member of an organization where it may sign in.")
        }
        let tokens = try issue(
            session: login.sessionID, user: account.userID,
            organization: try await authorized(session: login.sessionID, home: home), refresh: refresh,
            expiresAt: login.expiresAt)
        try await audit("login", tokens, in: home, email: account.email, origin)
        return tokens
    }

    /// Ends the caller's session, or every session of the person.
    package func signOut(_ principal: Principal, everywhere: Bool) async throws {
        guard let user = principal.actor.userID, let session = principal.actor.sessionID else {
            throw ServiceError(.forbidden, "Only a signed-in person can sign out; a key is deleted instead.")
        }
        let home = try await queries.session(session)?.organizationID
        if everywhere {
            _ = try await queries.endAll(of: user)
        } else {
            _ = try await queries.end(session, by: session)
        }
        // A platform administrator acts in no organization; the trail is the platform's, where the session began.
        guard let organization = principal.scope?.organizationID ?? home else { return }
        let scope = TenantScope(organizationID: organization, actor: principal.actor)
        try await tenants.withTransaction(scope, .readWrite) { (tx: borrowing TenantTransaction) async throws -> Void in
            tx.recordChange(
                everywhere ? "logout_everywhere" : "logout", of: "session", session.uuid, from: nil, to: nil)
        }
    }

    /// Sessions of the caller, wherever they act.
    package func sessions(of principal: Principal) async throws -> [SessionSummary] {
        guard let session = principal.actor.sessionID else { return [] }
        return try await queries.sessions(ofSession: session)
    }

    /// Ends one of the caller's own sessions.
    /// - Throws: `not-found` also for another person's.
    package func endSession(_ id: SessionID, of principal: Principal) async throws {
        guard let session = principal.actor.sessionID, try await queries.end(id, by: session) else {
            throw ServiceError.notFound("session")
        }
    }

    /// Gives a token that acts in another organization: one that the person is a member of, or one below an organization
    /// that the person administers. Audited on both sides (ORG-2).
    /// - Throws: `not-found` for every other organization, existing or not.
    package func switchOrganization(
        _ principal: Principal, to organization: OrganizationID, from origin: RequestOrigin
    ) async throws -> (token: String, expiresIn: Int) {
        guard let user = principal.actor.userID, let session = principal.actor.sessionID,
            let right = try await queries.right(of: session, in: organization), right.mayAct
        else { throw ServiceError.notFound("organization") }
        if right.status != "active" { throw Self.suspended }
        let issued = try keys.issue(subject: user, session: session, organization: organization, at: clock.now())
        var actor = principal.actor
        actor.requestID = origin.requestID
        for side in [right.homeOrganizationID, organization] where right.depth > 0 {
            let scope = TenantScope(organizationID: side, actor: actor)
            try await tenants.withTransaction(scope, .readWrite) {
                (tx: borrowing TenantTransaction) async throws -> Void in
                tx.recordChange(
                    side == organization ? "enter" : "switch", of: "organization", organization.uuid, from: nil, to: nil
                )
            }
        }
        return issued
    }

    /// Who the caller is and where else they may act.
    package func account(of principal: Principal) async throws -> SignedInAccount? {
        guard let session = principal.actor.sessionID, let person = try await queries.session(session) else {
            return nil
        }
        return SignedInAccount(
            userID: person.userID, email: person.email, name: person.name, locale: person.locale,
            timeZone: person.timeZone,
            isPlatformAdmin: person.isPlatformAdmin, memberships: try await queries.memberships(of: session))
    }

    // MARK: -

    static let suspended = ServiceError(.organizationSuspended, "The organization is suspended; ask its administrator.")
    private func refuseWhileLocked(_ buckets: [[UInt8]]) async throws {
        guard let until = try await queries.lockedUntil(buckets) else { return }
        let seconds = max(1, Int((until.microseconds - clock.now().microseconds + 999_999) / 1_000_000))
        throw ServiceError(
            .tooManyRequests, "Too many failed sign-ins; try again in \(seconds) seconds.", retryAfter: seconds)
    }

    private func verify(_ password: String, _ stored: PasswordHash?) async throws -> PasswordHasher.Verdict {
        do throws(SecretsError) {
            return try await hasher.verify(password, against: stored)
        } catch {
            throw error.asServiceError
        }
    }

    /// The organization that a session acts in when it wants to act in this one; nil for a platform administrator's home.
    /// - Throws: `not-found`, `organization-suspended`.
    func authorized(session: SessionID, home: OrganizationID) async throws -> OrganizationID? {
        if let right = try await queries.right(of: session, in: home) {
            guard right.mayAct else { throw ServiceError.notFound("organization") }
            if right.status != "active" { throw Self.suspended }
            return home
        }
        guard let person = try await queries.session(session), person.isPlatformAdmin, person.organizationID == home
        else {
            throw ServiceError.notFound("organization")
        }
        return nil
    }

    func issue(
        session: SessionID, user: UserID, organization: OrganizationID?, refresh: SecretToken, expiresAt: Timestamp
    ) throws -> IssuedTokens {
        let issued = try keys.issue(subject: user, session: session, organization: organization, at: clock.now())
        return IssuedTokens(
            accessToken: issued.token, expiresIn: issued.expiresIn, refreshToken: refresh, refreshExpiresAt: expiresAt,
            sessionID: session, userID: user, organizationID: organization)
    }

    private func audit(
        _ action: String, _ tokens: IssuedTokens, in home: OrganizationID, email: String, _ origin: RequestOrigin
    ) async throws {
        let actor = Actor(
            kind: tokens.organizationID == nil ? .superadmin : .user, id: tokens.userID.description, label: email,
            userID: tokens.userID, sessionID: tokens.sessionID,
            address: origin.address, requestID: origin.requestID)
        try await record(action, tokens.sessionID, actor, in: home)
    }

    func record(_ action: String, _ session: SessionID, _ actor: Actor, in organization: OrganizationID)
        async throws
    {
        let scope = TenantScope(organizationID: organization, actor: actor)
        try await tenants.withTransaction(scope, .readWrite) { (tx: borrowing TenantTransaction) async throws -> Void in
            tx.recordChange(action, of: "session", session.uuid, from: nil, to: nil)
        }
    }
}

/// The person behind a session.
package struct SignedInAccount: Sendable {
    package let userID: UserID
    package let email: String
    package let name: String
    package let locale: String
    package let timeZone: String
    package let isPlatformAdmin: Bool
    package let memberships: [SessionMembership]
}

extension SessionRight {
    /// Members act as what they are; from above only who administers the organization above.
    var mayAct: Bool { depth == 0 || permissions.contains(.organizationsWrite) }
}

extension SecretsError {
    var asServiceError: ServiceError {
        switch self {
        case .overloaded:
            ServiceError(.unavailable, "Too many passwords are being checked at once.", retryAfter: 2, cause: self)
        default: ServiceError(.internalError, "The password could not be checked.", cause: self)
        }
    }
}
