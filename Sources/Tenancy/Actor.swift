import Kernel

/// Who acts: what the audit trail says of every change.
public struct Actor: Hashable, Sendable {
    /// What kind of caller it is: `actor_kind` of the audit trail.
    public enum Kind: String, Sendable, CaseIterable {
        case user, device, superadmin, system
        case apiKey = "api_key"
        /// Somebody who could not sign in: the label is the name that was tried.
        case anonymous
    }

    package var kind: Kind
    /// The user, key or device, as its plain UUID text; nil for the platform itself.
    package var id: String?
    /// What a person calls it: an e-mail address, a key's name and prefix, a device key.
    package var label: String
    package var userID: UserID?
    package var sessionID: SessionID?
    /// The address that the request came from, in text form.
    package var address: String?
    package var requestID: String

    package init(
        kind: Kind, id: String?, label: String, userID: UserID? = nil, sessionID: SessionID? = nil,
        address: String? = nil, requestID: String
    ) {
        self.kind = kind
        self.id = id
        self.label = label
        self.userID = userID
        self.sessionID = sessionID
        self.address = address
        self.requestID = requestID
    }

    /// The platform acting on its own account; `task` names the work.
    package static func system(_ task: String, requestID: String = "") -> Actor {
        Actor(kind: .system, id: nil, label: task, requestID: requestID)
    }
}
