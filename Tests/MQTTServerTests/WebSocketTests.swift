import MQTTCodec
import MQTTServer
import MQTTSession
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@Suite("MQTT over WebSocket")
struct WebSocketTests {
    @Test("a client that pings and never reads does not make the server hold the answers; the last is answered")
    func pings() async throws {
        var options = BrokerOptions.standard
        options.connectTimeout = 600
        let server = try await MQTTServer.start(
            MQTTServerConfiguration(ports: [.webSocket: 0], broker: options), delegate: StandaloneDelegate())
        let counter = PongCounter()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: false)
            .channelOption(.socketOption(.so_rcvbuf), value: 16 << 10)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(counter) }
            }
            .connect(host: "127.0.0.1", port: server.ports[.webSocket] ?? 0).get()
        let handshake = """
            GET /mqtt HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
            Sec-WebSocket-Protocol: mqtt\r\n\r\n
            """
        try await channel.writeAndFlush(ByteBuffer(string: handshake))
        // Every byte of it is read by the server: otherwise one of these writes would never end.
        let pings = ByteBuffer(bytes: [[UInt8]](repeating: ping(UInt8(ascii: "x")), count: 1_000).flatMap { $0 })
        let rounds = 150
        for _ in 0..<rounds { try await channel.writeAndFlush(pings) }
        try await channel.writeAndFlush(ByteBuffer(bytes: ping(UInt8(ascii: "!"))))
        try await channel.setOption(.autoRead, value: true).get()
        await counter.last()
        // What fits into the sockets, which is some megabytes, and hardly more.
        #expect(counter.bytes < rounds * pings.readableBytes * 3 / 4)
        try await channel.close()
        try await server.shutDown()
    }

    /// A masked frame with 125 bytes, the first of which is `first`.
    private func ping(_ first: UInt8) -> [UInt8] {
        [0x89, 0x80 | 125, 0, 0, 0, 0, first] + [UInt8](repeating: 0, count: 124)
    }
}

/// Counts what comes until the pong whose payload begins with `!`.
private final class PongCounter: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let count = NIOLockedValueBox(0)
    private let end: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    init() { (end, arrived) = AsyncStream.makeStream(of: Void.self) }

    var bytes: Int { count.withLockedValue { $0 } }

    func last() async { for await _ in end { return } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        count.withLockedValue { $0 += buffer.readableBytes }
        if buffer.readableBytesView.contains(UInt8(ascii: "!")) { arrived.yield() }
    }

    func channelInactive(context: ChannelHandlerContext) { arrived.finish() }
}
