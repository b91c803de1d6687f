import Kernel
import Persistence
import PostgresClient
import Secrets

/// The statements that run before an organization is known: calls of `auth.*`, each one answer to one question.
struct AuthQueries: Sendable {
    let database: AuthDatabase

    // MARK: Signing in

    func lockedUntil(_ buckets: [[UInt8]]) async throws -> Timestamp? {
        try await database.first("select auth.login_locked_until(\(buckets)) /* auth.locked_until */") {
            (row: inout RowReader) throws -> Timestamp? in try row.next()
        } ?? nil
    }

    func account(_ email: String) async throws -> LoginAccount? {
        try await database.first(
            """
            select user_id, email, name, password_hash, status, password_organization_id
            from auth.find_login(\(email)) /* auth.account */
            """
        ) { (row: inout RowReader) throws -> LoginAccount in try LoginAccount(from: &row) }
    }

    func record(_ failure: FailedSignIn) async throws {
        try await database.execute(
            """
            select auth.record_failure(
                \(failure.buckets), \(LoginThrottle.limits), \(Int32(LoginThrottle.windowSeconds)),
                \(Int32(LoginThrottle.lockSeconds)), \(failure.userID), \(failure.wanted), \(failure.actor.json),
                \(failure.reason.rawValue))
            /* auth.record_failure */
            """)
    }

    /// - Returns: the organization that the session acts in; nil when the person may sign in nowhere, or not in the wanted one.
    func recordLogin(_ login: NewSession) async throws -> OrganizationID? {
        try await database.first(
            """
            select auth.record_login(
                \(login.userID), \(login.wanted), \(login.sessionID), 'password', \(login.address), \(login.agent),
                \(login.expiresAt), \(login.refresh.lookupHash.bytes), \(login.forgiven), \(login.newHash))
            /* auth.record_login */
            """
        ) { (row: inout RowReader) throws -> OrganizationID? in try row.next() } ?? nil
    }

    /// What using the token would do: `live` when it would be rotated. A token that was used too long ago ends its session.
    func inspect(_ presented: SecretToken, graceSeconds: Int) async throws -> RefreshOutcome? {
        try await database.first(
            """
            select outcome, session_id, user_id, organization_id, successor_sealed
            from auth.rotate_refresh(\(presented.lookupHash.bytes), null, null, null, \(Int32(graceSeconds)))
            /* auth.inspect_refresh */
            """
        ) { (row: inout RowReader) throws -> RefreshOutcome in try RefreshOutcome(from: &row) }
    }

    func rotate(
        _ presented: SecretToken, to successor: SecretToken, sealed: [UInt8], expiresAt: Timestamp, graceSeconds: Int
    ) async throws -> RefreshOutcome? {
        try await database.first(
            """
            select outcome, session_id, user_id, organization_id, successor_sealed
            from auth.rotate_refresh(
                \(presented.lookupHash.bytes), \(successor.lookupHash.bytes), \(sealed), \(expiresAt), \(Int32(graceSeconds)))
            /* auth.rotate */
            """
        ) { (row: inout RowReader) throws -> RefreshOutcome in try RefreshOutcome(from: &row) }
    }

    // MARK: Sessions

    func session(_ id: SessionID) async throws -> SessionPerson? {
        try await database.first(
            """
            select user_id, email, name, locale, time_zone, user_status, organization_id, expires_at, revoked_at,
                is_platform_admin
            from auth.session(\(id)) /* auth.session */
            """
        ) { (row: inout RowReader) throws -> SessionPerson in try SessionPerson(from: &row) }
    }

    func right(of session: SessionID, in organization: OrganizationID) async throws -> SessionRight? {
        try await database.first(
            """
            select user_id, email, home_organization_id, depth, permissions, organization_status, tier_name
            from auth.may_act_in(\(session), \(organization)) /* auth.may_act_in */
            """
        ) { (row: inout RowReader) throws -> SessionRight in try SessionRight(from: &row) }
    }

    func memberships(of session: SessionID) async throws -> [SessionMembership] {
        try await database.all(
            """
            select organization_id, organization_name, organization_slug, organization_kind, organization_status
            from auth.memberships_of_session(\(session))
            where membership_status = 'active' /* auth.memberships */
            """
        ) { (row: inout RowReader) throws -> SessionMembership in try SessionMembership(from: &row) }
    }

    func sessions(ofSession session: SessionID) async throws -> [SessionSummary] {
        try await database.all(
            """
            select id, organization_id, method, ip, agent, created_at, seen_at, expires_at
            from auth.sessions_of_session(\(session)) /* auth.sessions */
            """
        ) { (row: inout RowReader) throws -> SessionSummary in try SessionSummary(from: &row) }
    }

    /// Ends one of the sessions of a live session's person.
    func end(_ ended: SessionID, by session: SessionID) async throws -> Bool {
        try await database.first("select auth.end_session_by(\(session), \(ended)) /* auth.end_session */") {
            (row: inout RowReader) throws -> Bool in try row.next()
        } ?? false
    }

    func endAll(of user: UserID) async throws -> Int {
        let count: Int32? = try await database.first("select auth.end_sessions_of(\(user)) /* auth.end_sessions */") {
            (row: inout RowReader) throws -> Int32 in try row.next()
        }
        return count.map(Int.init) ?? 0
    }

    // MARK: Credentials and keys

    func resolve(_ kind: String, _ hash: Digest256) async throws -> ResolvedCredential? {
        try await database.first(
            """
            select organization_id, organization_status, tier_name, subject_id
            from auth.resolve(\(kind), \(hash.bytes)) /* auth.resolve */
            """
        ) { (row: inout RowReader) throws -> ResolvedCredential in try ResolvedCredential(from: &row) }
    }

    func publicKeys() async throws -> [VerificationKey] {
        try await database.all("select public_jwk from auth.jwks() /* auth.jwks */") {
            (row: inout RowReader) throws -> VerificationKey in
            try VerificationKey(jsonWebKey: try row.next(PostgresJSON.self).text)
        }
    }
}
