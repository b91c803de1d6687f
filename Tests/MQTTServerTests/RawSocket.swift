import NIOCore
import NIOPosix

/// A socket whose bytes are the test's.
final class RawSocket: Sendable {
    private let channel: any Channel
    private let pieces: AsyncStream<[UInt8]>

    private init(channel: any Channel, pieces: AsyncStream<[UInt8]>) {
        self.channel = channel
        self.pieces = pieces
    }

    static func connect(to port: Int) async throws -> RawSocket {
        let (pieces, arrived) = AsyncStream.makeStream(of: [UInt8].self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(PieceReceiver(arrived: arrived))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawSocket(channel: channel, pieces: pieces)
    }

    /// A WebSocket for MQTT, whose handshake is done.
    static func webSocket(to port: Int) async throws -> RawSocket {
        let socket = try await connect(to: port)
        let handshake = """
            GET /mqtt HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
            Sec-WebSocket-Protocol: mqtt\r\n\r\n
            """
        try await socket.send(Array(handshake.utf8))
        var answer: [UInt8] = []
        while !answer.ends(with: "\r\n\r\n".utf8) {
            guard let piece = await socket.next() else { throw ChannelError.eof }
            answer += piece
        }
        return socket
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// Nil when the other end has closed.
    func next() async -> [UInt8]? {
        for await piece in pieces { return piece }
        return nil
    }

    /// What comes until the other end closes.
    func rest() async -> [UInt8] {
        var all: [UInt8] = []
        while let piece = await next() { all += piece }
        return all
    }

    /// Closes it, unless the other end has done so.
    func close() async throws {
        do { try await channel.close() } catch ChannelError.alreadyClosed {}
    }
}

extension [UInt8] {
    fileprivate func ends(with end: String.UTF8View) -> Bool { suffix(end.count).elementsEqual(end) }
}

private final class PieceReceiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let arrived: AsyncStream<[UInt8]>.Continuation

    init(arrived: AsyncStream<[UInt8]>.Continuation) { self.arrived = arrived }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        arrived.yield(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { arrived.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { arrived.finish() }
}
