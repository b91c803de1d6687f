import MQTTCodec
import NIOCore
import NIOPosix

/// An MQTT 5 client that says what the test tells it to.
final class TestClient: Sendable {
    private let channel: any Channel
    private let packets: AsyncThrowingStream<Packet, any Error>

    private init(channel: any Channel, packets: AsyncThrowingStream<Packet, any Error>) {
        self.channel = channel
        self.packets = packets
    }

    /// - Parameter reads: false for a client that leaves everything in its socket.
    static func connect(to port: Int, reads: Bool = true) async throws -> TestClient {
        let (packets, arrived) = AsyncThrowingStream.makeStream(of: Packet.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PacketReceiver(arrived: arrived))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return TestClient(channel: channel, packets: packets)
    }

    func send(_ packet: Packet) async throws { try await send(bytes: packet.encoded(.v5) ?? []) }

    func send(bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// The next packet; throws when the connection ends before it.
    func next() async throws -> Packet {
        for try await packet in packets { return packet }
        throw ChannelError.eof
    }

    func close() async throws { try await channel.close() }
}

private final class PacketReceiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let arrived: AsyncThrowingStream<Packet, any Error>.Continuation
    private var framer = PacketFramer(from: .server)

    init(arrived: AsyncThrowingStream<Packet, any Error>.Continuation) { self.arrived = arrived }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        framer.append(ByteSlice(unwrapInboundIn(data).readableBytesView))
        do {
            while let raw = try framer.next(limit: .max) {
                arrived.yield(try PacketDecoder(version: .v5, from: .server).decode(raw))
            }
        } catch {
            arrived.finish(throwing: error)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { arrived.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { arrived.finish(throwing: error) }
}
