import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// A TCP connection that sends exactly the bytes it is given: what no HTTP client would send.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let received: AsyncStream<ByteBuffer>
    private let buffer = NIOLockedValueBox(ByteBuffer())

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let continuation: AsyncStream<ByteBuffer>.Continuation
        init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }
        func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
        }
    }

    /// - Parameter tls: encrypts; whoever presents the certificates it trusts is believed.
    init(port: Int, reads: Bool = true, tls: NIOSSLContext? = nil) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        received = stream
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }
    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes).get() }
    func endInput() async throws { try await channel.close(mode: .output).get() }
    func close() async { try? await channel.close().get() }

    /// Whatever comes until the server closes, as text.
    func rest() async -> String {
        for await part in received { buffer.withLockedValue { _ = $0.writeImmutableBuffer(part) } }
        return buffer.withLockedValue { String(buffer: $0) }
    }

    /// Exactly so many bytes; fewer when the server closes before.
    func bytes(_ count: Int) async -> ByteBuffer {
        while buffer.withLockedValue({ $0.readableBytes }) < count {
            guard let part = await received.first(where: { _ in true }) else { break }
            buffer.withLockedValue { _ = $0.writeImmutableBuffer(part) }
        }
        return buffer.withLockedValue { $0.readSlice(length: min(count, $0.readableBytes)) ?? ByteBuffer() }
    }

    /// One answer with a Content-Length, head and body.
    func answer() async -> (head: String, body: String) {
        while true {
            let text = buffer.withLockedValue { String(buffer: $0) }
            if let end = text.range(of: "\r\n\r\n") {
                let head = String(text[..<end.lowerBound])
                let length =
                    head.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0
                let headBytes = head.utf8.count + 4
                _ = await bytes(headBytes)
                return (head, String(buffer: await bytes(length)))
            }
            guard let part = await received.first(where: { _ in true }) else { return (text, "") }
            buffer.withLockedValue { _ = $0.writeImmutableBuffer(part) }
        }
    }
}

extension String {
    func range(of text: String) -> Range<String.Index>? { self.ranges(of: text).first }
}
