import Foundation
import Kernel
import Persistence
import PostgresClient
import Secrets
import Tenancy

/// Staying signed in (S7).
extension SignInService {
    /// How long a client may repeat a refresh whose answer it lost.
    static let graceSeconds = 10

    /// Exchanges a refresh token for a new pair. Within ten seconds the same token gives the same successor again, for a
    /// client that lost the answer; later its use ends the session, because somebody else has it.
    /// - Parameter organization: where to act from now on; without it the session's own.
    /// - Throws: `invalid-credentials`; `not-found` for an organization where the person may not act and
    ///   `organization-suspended`, after which the presented token is as good as before.
    package func refresh(
        _ text: String, organization: OrganizationID?, from origin: RequestOrigin
    ) async throws -> IssuedTokens {
        guard let presented = SecretToken(parsing: text, as: .refreshToken) else { throw Self.invalidRefresh }
        let found = try await accepted(queries.inspect(presented, graceSeconds: Self.graceSeconds), origin)
        let target = try await authorized(session: found.session, home: organization ?? found.home)
        let successor = try SecretToken(generating: .refreshToken, from: SystemRandom())
        let context = SealingContext(
            organization: "platform", table: "refresh_tokens", row: presented.lookupHash.hexadecimal)
        let sealed = try keyring.seal(Array(successor.revealed.utf8), for: context, random: SystemRandom())
        let expiresAt = clock.now() + refreshLifetime
        let rotated = try await accepted(
            queries.rotate(
                presented, to: successor, sealed: sealed, expiresAt: expiresAt, graceSeconds: Self.graceSeconds), origin
        )
        var next = successor
        if rotated.isReplay {
            let opened = try rotated.successorSealed.map { try keyring.open($0, for: context) } ?? []
            guard let first = SecretToken(parsing: String(decoding: opened, as: UTF8.self), as: .refreshToken) else {
                throw Self.invalidRefresh
            }
            next = first
        }
        return try issue(
            session: rotated.session, user: rotated.user, organization: target, refresh: next, expiresAt: expiresAt)
    }

    private struct AcceptedRefresh {
        let session: SessionID
        let user: UserID
        let home: OrganizationID
        let isReplay: Bool
        let successorSealed: [UInt8]?
    }

    /// - Throws: `invalid-credentials` unless the token may be used; a token used again too late goes into the audit trail.
    private func accepted(_ outcome: RefreshOutcome?, _ origin: RequestOrigin) async throws -> AcceptedRefresh {
        guard let outcome, let session = outcome.sessionID, let user = outcome.userID, let home = outcome.organizationID
        else { throw Self.invalidRefresh }
        switch outcome.kind {
        case .live, .rotated, .replayed:
            return AcceptedRefresh(
                session: session, user: user, home: home, isReplay: outcome.kind == .replayed,
                successorSealed: outcome.successorSealed)
        case .reused:
            try await auditReuse(session: session, user: user, home: home, origin)
            throw Self.invalidRefresh
        case .expired, .revoked, .unknown: throw Self.invalidRefresh
        }
    }

    private func auditReuse(session: SessionID, user: UserID, home: OrganizationID, _ origin: RequestOrigin)
        async throws
    {
        let person = try await queries.session(session)
        let actor = Actor(
            kind: .user, id: user.description, label: person?.email ?? "", userID: user, sessionID: session,
            address: origin.address, requestID: origin.requestID)
        try await record("refresh_reused", session, actor, in: home)
    }

    private static let invalidRefresh = ServiceError(
        .invalidCredentials, "The refresh token is not valid; sign in again.")
}
