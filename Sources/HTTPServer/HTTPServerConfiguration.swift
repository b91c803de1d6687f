import NIOCore
import NIOSSL

/// Where a server listens and what it puts up with.
package struct HTTPServerConfiguration: Sendable {
    package var host: String
    /// 0 takes any free port.
    package var port: Int
    package var tls: TLSConfiguration?
    package var limits = HTTPLimits()
    package var webSockets = WebSocketLimits()
    /// Origins that may open a WebSocket besides the server's own, such as `https://console.example`.
    package var allowedOrigins: Set<String> = []
    /// How long new connections are still taken after a shutdown has begun. Answers already say `Connection: close`, so that
    /// clients and load balancers go elsewhere by themselves.
    package var drainDelay: TimeAmount = .zero
    /// When a shutdown stops waiting for answers.
    package var shutdownDeadline: TimeAmount = .seconds(30)

    package init(host: String, port: Int, tls: TLSConfiguration? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }
}

/// Sizes in bytes, and deadlines, of HTTP requests.
package struct HTTPLimits: Sendable {
    /// Request line and header fields; beyond it 431.
    package var headerBytes = 80 * 1024
    package var headerFields = 128
    /// A body as it is sent; beyond it 413. Routes set lower limits themselves.
    package var bodyBytes = 16 << 20
    /// A body when it is decompressed; beyond it 413.
    package var inflatedBytes = 32 << 20
    /// How many times larger a body may become by decompression.
    package var inflationRatio = 200

    /// From the first byte of a request to the end of its header fields; the first request counts from the connection.
    package var headerDeadline: TimeAmount = .seconds(10)
    /// From the header fields to the end of the body.
    package var bodyDeadline: TimeAmount = .seconds(120)
    /// Bytes a second that a body must bring, measured over ``bodyRateWindow``.
    package var bodyRate = 200
    package var bodyRateWindow: TimeAmount = .seconds(5)
    /// How long a connection may be idle between two requests.
    package var idleTimeout: TimeAmount = .seconds(75)
    /// How long a client may leave an answer unread.
    package var unreadTimeout: TimeAmount = .seconds(30)
    /// How long a connection waits for the client's end after the last answer.
    package var lingerTimeout: TimeAmount = .seconds(2)
    /// How long an idle connection stays open after a shutdown has begun: a request on its way still gets its answer.
    package var quiesceGrace: TimeAmount = .seconds(1)

    package var connections = 20_000
    package var connectionsPerAddress = 10_000

    package init() {}
}

/// Sizes in bytes, and deadlines, of WebSockets.
package struct WebSocketLimits: Sendable {
    /// A message from the client with all its fragments; beyond it the socket closes with 1009.
    package var messageBytes = 64 * 1024
    package var fragments = 64
    /// What may wait for a slow client before it is told of being slow.
    package var queuedBytes = 1 << 20
    package var queuedMessages = 1024
    package var pingInterval: TimeAmount = .seconds(20)
    /// How long nothing at all may be heard of the client.
    package var silenceTimeout: TimeAmount = .seconds(50)
    package var unreadTimeout: TimeAmount = .seconds(30)
    /// How long the client may take to answer a close frame.
    package var closeTimeout: TimeAmount = .seconds(3)

    package init() {}
}
