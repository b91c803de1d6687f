import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket client of the API: JSON texts, both ways.
package actor TestSocket {
    /// The server answered the handshake with something else than a socket.
    package struct Refusal: Error { package let status: Int }

    private let channel: any Channel
    private let received: AsyncThrowingStream<WebSocketFrame, any Error>
    /// What the server closed with; nil while the socket is open, and when it closed without a code.
    package private(set) var closeCode: UInt16?

    private enum Upgraded: Sendable {
        case socket(any Channel, AsyncThrowingStream<WebSocketFrame, any Error>)
        case refused(EventLoopFuture<Int>)
    }

    /// Opens a socket.
    /// - Parameters:
    ///   - url: the server's, such as `http://127.0.0.1:8080`.
    ///   - headers: of the handshake; `Authorization` or `Sec-WebSocket-Protocol` carry the token.
    /// - Throws: ``Refusal``.
    package static func open(
        _ url: String, path: String = "/api/v1/ws", headers: [(String, String)]
    ) async throws -> TestSocket {
        let authority = url.split(separator: "/").last.map(String.init) ?? ""
        let parts = authority.split(separator: ":")
        let port = parts.last.flatMap { Int($0) } ?? 80
        let upgrade = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: String(parts.first ?? "localhost"), port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try upgrading(channel, path: path, headers: [("Host", authority)] + headers)
                }
            }
        switch try await upgrade.get() {
        case .socket(let channel, let received): return TestSocket(channel: channel, received: received)
        case .refused(let status): throw Refusal(status: try await status.get())
        }
    }

    private init(channel: any Channel, received: AsyncThrowingStream<WebSocketFrame, any Error>) {
        self.channel = channel
        self.received = received
    }

    package func send(_ message: JSONValue) async throws { try await send(text: message.text) }

    package func send(text: String) async throws {
        let frame = WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(string: text))
        try await channel.writeAndFlush(frame)
    }

    /// The next message; nil when the server has closed, or has said nothing for 30 seconds.
    package func receive() async throws -> JSONValue? {
        let deadline = channel.eventLoop.scheduleTask(in: .seconds(30)) { [channel] in channel.close(promise: nil) }
        defer { deadline.cancel() }
        for try await frame in received {
            switch frame.opcode {
            case .text: return try JSONValue(parsing: Array(frame.unmaskedData.readableBytesView))
            case .ping:
                let pong = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData)
                try await channel.writeAndFlush(pong)
            case .connectionClose:
                closeCode = frame.unmaskedData.getInteger(at: frame.unmaskedData.readerIndex)
                try? await channel.close()
                return nil
            default: continue
            }
        }
        return nil
    }

    /// The next message of that type; what comes before is dropped.
    package func receive(type: String) async throws -> JSONValue? {
        while let message = try await receive() {
            if message["type"]?.string == type { return message }
        }
        return nil
    }

    package func close() async { try? await channel.close() }

    private static func upgrading(
        _ channel: any Channel, path: String, headers: [(String, String)]
    ) throws -> EventLoopFuture<Upgraded> {
        let upgrader = NIOTypedWebSocketClientUpgrader<Upgraded>(
            maxFrameSize: 1 << 24,
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let (stream, continuation) = AsyncThrowingStream.makeStream(of: WebSocketFrame.self)
                    try channel.pipeline.syncOperations.addHandler(FrameCollector(continuation))
                    return .socket(channel, stream)
                }
            })
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: HTTPHeaders(headers))
        let configuration = NIOTypedHTTPClientUpgradeConfiguration(
            upgradeRequestHead: head, upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                let status = channel.eventLoop.makePromise(of: Int.self)
                return channel.eventLoop.makeCompletedFuture {
                    // What the server sent is passed on once this future is done.
                    try channel.pipeline.syncOperations.addHandler(StatusCollector(status))
                    return .refused(status.futureResult)
                }
            })
        var pipeline = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: configuration)
        // The server speaks first: its message may come together with the answer to the handshake.
        pipeline.leftOverBytesStrategy = .forwardBytes
        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: pipeline)
    }
}

private final class FrameCollector: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    private let continuation: AsyncThrowingStream<WebSocketFrame, any Error>.Continuation

    init(_ continuation: AsyncThrowingStream<WebSocketFrame, any Error>.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { continuation.finish(throwing: error) }
}

private final class StatusCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let status: EventLoopPromise<Int>

    init(_ status: EventLoopPromise<Int>) { self.status = status }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        status.succeed(Int(head.status.code))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { status.fail(ChannelError.eof) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { status.fail(error) }
}
