import MQTTCodec
import MQTTSession
import NIOCore
import NIOSSL

/// Carries the bytes of one connection between its channel and the broker. The only handler of a plain TCP channel.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long a closed connection may take to read what it was told, before its bytes are thrown away.
    static let lingeringTime = TimeAmount.seconds(2)

    private let loop: BrokerLoop
    private static let allocator = ByteBufferAllocator()

    private var context: ChannelHandlerContext?
    /// Closes the channel while this stands in no pipeline, because the handshake of WebSocket is not done.
    private var closeEarly: (() -> Void)?
    private var isCounted = false
    private var connection: Connection?
    /// What was encoded and not written.
    private var outgoing: ByteBuffer?
    private var isReadHeld = false
    /// What the channel says of itself, which is asked after every packet.
    private var isWritable = true
    private var isClosing = false
    private var isSecure: Bool
    private var lingering: Scheduled<Void>?
    /// Whether the loop has it among those that got something.
    var isTouched = false

    /// - Parameter isSecure: a TLS handler stands before this one.
    init(loop: BrokerLoop, isSecure: Bool) {
        self.loop = loop
        self.isSecure = isSecure
    }

    /// The channel was accepted: from now on it counts, and the time for its handshakes and its CONNECT runs.
    ///
    /// - Throws: when there are too many.
    func open() throws {
        guard let connection = loop.open(self) else { throw MQTTServerError.full }
        self.connection = connection
        isCounted = true
    }

    /// The same for a channel whose pipeline gets this later, or never.
    func open(before channel: any Channel) throws {
        try open()
        closeEarly = { channel.close(promise: nil) }
        let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
        channel.closeFuture.whenComplete { _ in bound.value.leave() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        closeEarly = nil
        if context.channel.isActive { readAddress(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        readAddress(context)
        context.fireChannelActive()
    }

    private func readAddress(_ context: ChannelHandlerContext) {
        connection?.peer.address = context.channel.remoteAddress?.ipAddress ?? ""
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        lingering?.cancel()
        lingering = nil
        self.context = nil
        leave()
    }

    private func leave() {
        lose()
        closeEarly = nil
        guard isCounted else { return }
        isCounted = false
        loop.channelClosed()
    }

    private func lose() {
        isClosing = true
        outgoing = nil
        guard let connection else { return }
        self.connection = nil
        connection.carrier = nil
        loop.advance()
        connection.lost()
        loop.perform()
    }

    /// A network fault ends the connection like the client's silence: its Will is due.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is WebSocketFault else { return context.close(promise: nil) }
        lose()
        linger(context)
    }

    // MARK: Input

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing, let connection else { return }
        if isSecure { readCertificate(context, connection) }
        let buffer = unwrapInboundIn(data)
        loop.advance()
        connection.receive(ByteSlice(sharing: buffer), holding: buffer.storageCapacity)
        loop.perform()
    }

    /// The handshake is over when the first bytes come.
    private func readCertificate(_ context: ChannelHandlerContext, _ connection: Connection) {
        isSecure = false
        let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        connection.peer.certificate = try? handler?.peerCertificate?.toDERBytes()
    }

    func read(context: ChannelHandlerContext) {
        // Whoever is being closed is read to his end, or the network would throw away what he was told.
        guard isClosing || connection?.wantsToRead != false else {
            isReadHeld = true
            return
        }
        context.read()
    }

    /// Reads on if that waited for something that has come.
    func resumeReading() {
        guard isReadHeld, connection?.wantsToRead != false else { return }
        isReadHeld = false
        connection?.readingResumed()
        context?.read()
    }

    // MARK: Output

    func append(_ packet: Packet, _ version: ProtocolVersion) {
        guard !isClosing, let size = packet.encodedSize(version) else { return }
        var buffer = outgoing.take() ?? ConnectionHandler.allocator.buffer(capacity: size)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { packet.encode(version, into: $0) }
        outgoing = buffer
    }

    /// The same for a packet that others get too: its bytes are shared as long as nothing else is written with them.
    func append(encoded: ByteBuffer) {
        guard !isClosing else { return }
        guard var buffer = outgoing.take() else {
            outgoing = encoded
            return
        }
        buffer.writeImmutableBuffer(encoded)
        outgoing = buffer
    }

    func flush() {
        guard let context else {
            if isClosing { closeEarly?() }
            return
        }
        if let outgoing = outgoing.take() {
            context.writeAndFlush(wrapOutboundOut(outgoing), promise: nil)
        }
        if isClosing { return linger(context) }
        if isWritable, let connection {
            connection.flushed()
            resumeReading()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        if isWritable, let connection, !isClosing {
            loop.advance()
            connection.flushed()
            resumeReading()
            loop.perform()
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: The end

    /// The broker has nothing more to say after what it has said.
    func closeAfterFlush() {
        isClosing = true
        connection?.carrier = nil
        connection = nil
    }

    /// Ends our side, and the whole when the client has ended his or has had time enough: closing at once would destroy what is
    /// on its way when the client has sent something that nobody reads any more.
    private func linger(_ context: ChannelHandlerContext) {
        // Before the first bytes of a client there is nothing on its way, and TLS may have no keys to say goodbye with.
        guard !isSecure else { return context.close(promise: nil) }
        guard lingering == nil else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        lingering = context.eventLoop.scheduleTask(in: ConnectionHandler.lingeringTime) {
            bound.value.close(promise: nil)
        }
        context.close(mode: .output, promise: nil)
        isReadHeld = false
        context.read()
    }
}

extension ByteSlice {
    /// The readable bytes of a buffer, without a copy: the buffer's storage is kept, and it copies itself before anybody writes.
    init(sharing buffer: ByteBuffer) {
        self = buffer.withUnsafeReadableBytesWithStorageManagement { bytes, storage in
            ByteSlice(unsafeBytes: bytes, owner: storage.takeUnretainedValue())
        }
    }
}
