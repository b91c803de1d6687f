import HTTPTypes
import Kernel
import Tenancy

/// Finds out who sent a request.
package protocol Authenticator: Sendable {
    /// - Parameter organizationID: the organization that the request selects among those of its sender; nil leaves it to the
    ///   credentials.
    /// - Throws: ``ServiceError`` `invalid-credentials`, `forbidden` for an organization that is not the sender's,
    ///   `organization-suspended`.
    func authenticate(
        _ credentials: Credentials, selecting organizationID: OrganizationID?, from address: String, requestID: String
    ) async throws -> Principal
}

/// What a request shows of its sender, as it was sent.
package enum Credentials: Hashable, Sendable {
    /// `Authorization: Bearer`: an access token of a session, or a device's token.
    case bearer(String)
    /// `X-API-Key`.
    case apiKey(String)

    /// Reads them; nil when there are none. Browsers cannot set header fields on sockets, so a handshake may carry its token
    /// as the subprotocol `bearer.TOKEN`.
    /// - Throws: `malformed-request` when there are several, or not of a known form.
    init?(_ headers: HTTPFields, isHandshake: Bool) throws(ServiceError) {
        let (authorization, key) = (headers[values: .authorization], headers[values: .apiKey])
        guard authorization.count + key.count <= 1 else {
            throw ServiceError(.malformedRequest, "Send either Authorization or X-API-Key, once.")
        }
        if let key = key.first {
            self = .apiKey(String(key.trimmingSpaces))
        } else if let authorization = authorization.first {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else {
                throw ServiceError(.invalidCredentials, "Authorization must be 'Bearer' and a token.")
            }
            self = .bearer(String(String(parts[1]).trimmingSpaces))
        } else if isHandshake, let token = SocketProtocols(headers).token {
            self = .bearer(token)
        } else {
            return nil
        }
    }
}

/// `Sec-WebSocket-Protocol` of a handshake: the names the client offers, among them perhaps its token.
struct SocketProtocols {
    private static let tokenPrefix = "bearer."
    private let offered: [String]

    init(_ headers: HTTPFields) {
        offered = headers[values: .secWebSocketProtocol].flatMap { $0.split(separator: ",") }
            .map { String(String($0).trimmingSpaces) }
    }

    var token: String? {
        offered.first { $0.hasPrefix(Self.tokenPrefix) }.map { String($0.dropFirst(Self.tokenPrefix.count)) }
    }

    /// The one to answer: never the token. Nil when none was offered besides.
    var chosen: String? { offered.first { !$0.hasPrefix(Self.tokenPrefix) } }
}

/// `X-Organization-Id`.
/// - Throws: `malformed-request` when it is no id.
func selectedOrganization(_ headers: HTTPFields) throws(ServiceError) -> OrganizationID? {
    guard let text = headers[.organizationID] else { return nil }
    guard let id = OrganizationID(text) else {
        throw ServiceError(.malformedRequest, "X-Organization-Id must be an id (UUID).")
    }
    return id
}
