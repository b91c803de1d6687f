import HTTPTypes
import NIOCore
import NIOWebSocket

/// A whole message from a client.
package enum WebSocketMessage: Sendable, Equatable {
    /// Valid UTF-8.
    case text(String)
    case binary(ByteBuffer)
}

/// What becomes of an accepted handshake.
package struct WebSocketAcceptance: Sendable {
    /// Further header fields of the answer, such as the chosen subprotocol.
    package var headers: HTTPFields
    /// Owns the socket: when it returns the socket closes with 1000, when it throws with 1011.
    package var run: @Sendable (WebSocketConnection) async throws -> Void

    package init(headers: HTTPFields = [:], run: @escaping @Sendable (WebSocketConnection) async throws -> Void) {
        self.headers = headers
        self.run = run
    }
}

/// An open socket.
package struct WebSocketConnection: Sendable {
    /// What the client sends. Ends when the socket does.
    package let messages: WebSocketMessages
    package let sender: WebSocketSender
}

/// The messages of a client in order, to be read once. A socket that is not read takes nothing more from the network.
package struct WebSocketMessages: AsyncSequence, Sendable {
    package typealias Element = WebSocketMessage
    package typealias Failure = any Error

    let stream: NIOAsyncChannelInboundStream<WebSocketMessage>

    package struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: NIOAsyncChannelInboundStream<WebSocketMessage>.AsyncIterator

        package mutating func next() async throws -> WebSocketMessage? { try await iterator.next() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(iterator: stream.makeAsyncIterator()) }
}
