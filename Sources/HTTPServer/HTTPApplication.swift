import HTTPTypes
import HummingbirdCore

/// What a server serves.
package protocol HTTPApplication: Sendable {
    /// Answers a request. Errors are the application's to turn into answers.
    func respond(to request: Request, from client: ClientConnection) async -> Response

    /// Decides on a WebSocket handshake: it passes the same checks as a request does.
    func respond(toHandshake request: HTTPRequest, from client: ClientConnection) async -> HandshakeDecision
}

package enum HandshakeDecision: Sendable {
    case accept(WebSocketAcceptance)
    case refuse(Response)
}

/// The other end of a connection.
package struct ClientConnection: Hashable, Sendable {
    /// In text form without the port; empty for sockets that have none.
    package let address: String
    package let isSecure: Bool

    package init(address: String, isSecure: Bool) {
        self.address = address
        self.isSecure = isSecure
    }
}
