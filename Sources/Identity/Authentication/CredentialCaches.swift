import Foundation
import Kernel
import Persistence

/// What this node remembers of sessions and keys, told to forget when any node says that something changed.
package struct CredentialCaches: Sendable {
    private let sessions: SessionAuthenticator
    private let apiKeys: APIKeyAuthenticator

    package init(sessions: SessionAuthenticator, apiKeys: APIKeyAuthenticator) {
        self.sessions = sessions
        self.apiKeys = apiKeys
    }

    /// What the invalidation feed tells. Kinds of other domains are ignored.
    package func forget(_ news: Invalidation) {
        switch news {
        case .everything:
            sessions.forget()
            apiKeys.forget()
        case .one(.session, _, let subject): sessions.forget(session: subject.map { SessionID($0) })
        case .one(.sessionsOf, _, let subject), .one(.membership, _, let subject):
            if let subject { sessions.forget(user: UserID(subject)) } else { sessions.forget() }
            // A key acts with its owner's roles.
            apiKeys.forget()
        case .one(.apiKey, let organization, let subject):
            apiKeys.forget(key: subject.map { APIKeyID($0) }, organization: organization)
        // An organization's status also decides what its administrators may do below it.
        case .one(.organization, _, _), .one(.tier, _, _):
            sessions.forget()
            apiKeys.forget()
        default: break
        }
    }
}
