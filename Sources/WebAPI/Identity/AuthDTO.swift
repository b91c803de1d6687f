import Identity
import JSON
import Kernel
import Secrets
import Tenancy

extension IssuedTokens: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("access_token", accessToken)
            json.field("token_type", "Bearer")
            json.field("expires_in", expiresIn)
            json.field("refresh_token", refreshToken.revealed)
            json.field("refresh_expires_at", refreshExpiresAt)
            json.field("session_id", sessionID)
            json.field("user_id", userID)
            json.field("organization_id", organizationID)
        }
    }
}

/// A token that acts in another organization; the session and its refresh token stay the same.
struct SwitchView: JSONWritable {
    let token: String
    let expiresIn: Int
    let organizationID: OrganizationID

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("access_token", token)
            json.field("token_type", "Bearer")
            json.field("expires_in", expiresIn)
            json.field("organization_id", organizationID)
        }
    }
}

/// Who the caller is and what they may do here.
struct CallerView: JSONWritable {
    let principal: Principal
    let account: SignedInAccount?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("kind", principal.actor.kind.rawValue)
            json.field("id", principal.actor.id)
            json.field("label", principal.actor.label)
            json.field("organization_id", principal.scope?.organizationID)
            json.field("permissions", principal.permissions.map(\.rawValue).sorted())
            json.field("session_id", principal.actor.sessionID)
            json.field("user", account.map { UserView(account: $0) })
            json.field("memberships", account?.memberships.map { MembershipView(membership: $0) } ?? [])
        }
    }
}

private struct UserView: JSONWritable {
    let account: SignedInAccount

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", account.userID)
            json.field("email", account.email)
            json.field("name", account.name)
            json.field("locale", account.locale)
            json.field("time_zone", account.timeZone)
            json.field("is_superadmin", account.isPlatformAdmin)
        }
    }
}

private struct MembershipView: JSONWritable {
    let membership: SessionMembership

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("organization_id", membership.organizationID)
            json.field("name", membership.name)
            json.field("slug", membership.slug)
            json.field("kind", membership.kind)
            json.field("status", membership.status)
        }
    }
}

/// A live session.
struct SessionView: JSONWritable {
    let session: SessionSummary
    let isCurrent: Bool

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", session.id)
            json.field("organization_id", session.organizationID)
            json.field("method", session.method)
            json.field("ip", session.address)
            json.field("agent", session.agent)
            json.field("created_at", session.createdAt)
            json.field("seen_at", session.seenAt)
            json.field("expires_at", session.expiresAt)
            json.field("is_current", isCurrent)
        }
    }
}
