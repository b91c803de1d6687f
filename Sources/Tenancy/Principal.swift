import Kernel

/// Who sent a request, as an authenticator found it.
package struct Principal: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case user(UserID, SessionID)
        case apiKey(APIKeyID)
        case device(DeviceID, SourceNumber)
        /// A platform administrator's session; belongs to no organization.
        case superadmin(UserID, SessionID)
    }

    package let kind: Kind
    package let permissions: Permissions
    /// Nil for a superadmin, and for a user who belongs to no organization.
    package let scope: TenantScope?
    /// The tier that sets the organization's rates.
    package let tier: TierName
    package let actor: Actor

    package init(kind: Kind, permissions: Permissions, scope: TenantScope?, tier: TierName, actor: Actor) {
        self.kind = kind
        self.permissions = permissions
        self.scope = scope
        self.tier = tier
        self.actor = actor
    }
}

/// A row of `tiers` by its name: `free`, `standard`, `pro`, `enterprise`, or one that the operator added.
package struct TierName: RawRepresentable, Hashable, Sendable {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }
}
