import Foundation
import Kernel
import Persistence
import PostgresClient
import Secrets
import Tenancy

struct LoginAccount: RowDecodable, Sendable {
    let userID: UserID
    let email: String
    let name: String
    let passwordHash: String?
    let status: String
    /// Whose administrator chose the password; nil when it is the person's own.
    let passwordOrganizationID: OrganizationID?

    init(from row: inout RowReader) throws {
        userID = try row.next()
        email = try row.next()
        name = try row.next()
        passwordHash = try row.next()
        status = try row.next()
        passwordOrganizationID = try row.next()
    }
}

/// What a failed sign-in writes: a count for the throttle, a line for the audit trail.
struct FailedSignIn: Sendable {
    enum Reason: String {
        case unknownAccount = "unknown_account"
        case wrongPassword = "wrong_password"
        /// The person may not sign in at all: locked, or without a password yet.
        case accountClosed = "account_closed"
        /// The password was right; the person may not act in the wanted organization, or in none.
        case notAMember = "not_a_member"
    }

    let buckets: [[UInt8]]
    /// Nil for a name that nobody has.
    let userID: UserID?
    let wanted: OrganizationID?
    let reason: Reason
    let actor: Actor

    init(
        _ reason: Reason, email: String, account: LoginAccount?, wanted: OrganizationID?, from origin: RequestOrigin,
        buckets: [[UInt8]]
    ) {
        self.buckets = buckets
        self.wanted = wanted
        self.reason = reason
        userID = account?.userID
        // What is no address may be a password that was typed into the wrong field: it is not kept.
        let tried = account?.email ?? EmailAddress(email)?.text ?? ""
        actor = Actor(
            kind: .anonymous, id: nil, label: tried, address: origin.address, requestID: origin.requestID)
    }
}

/// What a successful sign-in writes.
struct NewSession: Sendable {
    let userID: UserID
    let wanted: OrganizationID?
    let sessionID: SessionID
    let address: PostgresInet?
    let agent: String?
    let refresh: SecretToken
    let expiresAt: Timestamp
    let forgiven: [[UInt8]]
    let newHash: String?
}

struct RefreshOutcome: RowDecodable, Sendable {
    enum Kind: String { case live, rotated, replayed, reused, expired, revoked, unknown }

    let kind: Kind
    let sessionID: SessionID?
    let userID: UserID?
    let organizationID: OrganizationID?
    let successorSealed: [UInt8]?

    init(from row: inout RowReader) throws {
        kind = Kind(rawValue: try row.next()) ?? .unknown
        sessionID = try row.next()
        userID = try row.next()
        organizationID = try row.next()
        successorSealed = try row.next()
    }
}

/// A session and whose it is.
struct SessionPerson: RowDecodable, Sendable {
    let userID: UserID
    let email: String
    let name: String
    let locale: String
    let timeZone: String
    let status: String
    let organizationID: OrganizationID
    let expiresAt: Timestamp
    let revokedAt: Timestamp?
    let isPlatformAdmin: Bool

    init(from row: inout RowReader) throws {
        userID = try row.next()
        email = try row.next()
        name = try row.next()
        locale = try row.next()
        timeZone = try row.next()
        status = try row.next()
        organizationID = try row.next()
        expiresAt = try row.next()
        revokedAt = try row.next()
        isPlatformAdmin = try row.next()
    }

    func isLive(at now: Timestamp) -> Bool { revokedAt == nil && expiresAt > now && status != "locked" }
}

/// As what a session acts in an organization.
struct SessionRight: RowDecodable, Sendable {
    let userID: UserID
    let email: String
    let homeOrganizationID: OrganizationID
    /// 0: a member; more: so many levels above.
    let depth: Int
    let permissions: Permissions
    let status: String
    let tier: TierName

    init(from row: inout RowReader) throws {
        userID = try row.next()
        email = try row.next()
        homeOrganizationID = try row.next()
        depth = Int(try row.next(Int32.self))
        permissions = Permissions(stored: try row.next())
        status = try row.next()
        tier = TierName(rawValue: try row.next())
    }
}

extension Permissions {
    /// Names that this version does not know grant nothing.
    init(stored: [String]) { self = Set(stored.compactMap { Permission(rawValue: $0) }) }
}

struct ResolvedCredential: RowDecodable, Sendable {
    let organizationID: OrganizationID
    let status: String
    let tier: TierName
    let subjectID: UUID

    init(from row: inout RowReader) throws {
        organizationID = try row.next()
        status = try row.next()
        tier = TierName(rawValue: try row.next())
        subjectID = try row.next()
    }
}

/// An organization that a person may choose.
package struct SessionMembership: RowDecodable, Sendable {
    package let organizationID: OrganizationID
    package let name: String
    package let slug: String
    package let kind: String
    package let status: String

    package init(from row: inout RowReader) throws {
        organizationID = try row.next()
        name = try row.next()
        slug = try row.next()
        kind = try row.next()
        status = try row.next()
    }
}

/// A live session, as its person or an administrator sees it.
package struct SessionSummary: RowDecodable, Sendable {
    package let id: SessionID
    package let organizationID: OrganizationID
    package let method: String
    package let address: String?
    package let agent: String?
    package let createdAt: Timestamp
    package let seenAt: Timestamp
    package let expiresAt: Timestamp

    package init(from row: inout RowReader) throws {
        id = try row.next()
        organizationID = try row.next()
        method = try row.next()
        address = try row.next(PostgresInet?.self)?.text
        agent = try row.next()
        createdAt = try row.next()
        seenAt = try row.next()
        expiresAt = try row.next()
    }
}
