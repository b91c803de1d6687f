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

    @Test(
        "frames that RFC 6455 forbids are answered with their reason, and end the connection",
        arguments: [
            ("not masked (§5.1)", [0x82, 2, 0xC0, 0], 1002),
            ("a ping that is not masked", [0x89, 0], 1002),
            ("the rest of no message (§5.4)", [0x80, 0x82, 0, 0, 0, 0, 0xC0, 0], 1002),
            ("a message within another", [0x02, 0x81, 0, 0, 0, 0, 0xC0, 0x82, 0x81, 0, 0, 0, 0, 0], 1002),
            ("a reserved bit (§5.2)", [0xC2, 0x82, 0, 0, 0, 0, 0xC0, 0], 1002),
            ("text", [0x81, 0x81, 0, 0, 0, 0, 0x41], 1003),
        ] as [(String, [UInt8], Int)])
    func forbidden(_ what: String, _ frame: [UInt8], _ code: Int) async throws {
        let server = try await MQTTServer.start(
            MQTTServerConfiguration(ports: [.webSocket: 0]), delegate: StandaloneDelegate())
        let socket = try await RawSocket.webSocket(to: server.ports[.webSocket] ?? 0)
        // What follows is read to its end, so that the reason is not destroyed on its way. The server's end closes our socket,
        // perhaps before it has sent all of it.
        async let sending: Void = socket.send(frame + [UInt8](repeating: 0, count: 100_000))
        var told: [UInt8] = []
        while told.count < 4, let piece = await socket.next() { told += piece }
        #expect(told == [0x88, 2, UInt8(code >> 8), UInt8(code & 0xFF)], "\(what)")
        _ = try? await sending
        try await socket.close()
        try await server.shutDown()
    }

    @Test("a packet may come in several frames of one message")
    func fragments() async throws {
        let server = try await MQTTServer.start(
            MQTTServerConfiguration(ports: [.webSocket: 0]), delegate: StandaloneDelegate())
        let socket = try await RawSocket.webSocket(to: server.ports[.webSocket] ?? 0)
        let connect = Packet.connect(Connect(clientID: "a")).encoded(.v5) ?? []
        let (head, tail) = (connect.prefix(3), connect.dropFirst(3))
        try await socket.send([0x02, 0x80 | UInt8(head.count), 0, 0, 0, 0] + head)
        try await socket.send([0x80, 0x80 | UInt8(tail.count), 0, 0, 0, 0] + tail)
        #expect(await socket.next()?.prefix(1) == [0x82])
        try await socket.close()
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
