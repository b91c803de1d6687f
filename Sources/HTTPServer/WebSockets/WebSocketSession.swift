import NIOCore
import NIOWebSocket

/// The protocol side of an open socket: messages in, pings, the closing handshake, deadlines.
final class WebSocketSession: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketMessage
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let limits: WebSocketLimits
    private let isDraining: () -> Bool
    private var assembler: WebSocketAssembler
    private var context: ChannelHandlerContext?
    private var pinging: RepeatedTask?
    private var lastHeard = NIODeadline.now()
    /// Pings since then: silence counts only when there was something to answer.
    private var unansweredPings = 0
    private var unreadSince: NIODeadline?
    private(set) var isClosing = false
    var sender: WebSocketSender?

    init(limits: WebSocketLimits, isDraining: @escaping () -> Bool) {
        self.limits = limits
        self.isDraining = isDraining
        assembler = WebSocketAssembler(messageBytes: limits.messageBytes, fragments: limits.fragments)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        pinging = context.eventLoop.scheduleRepeatedTask(initialDelay: limits.pingInterval, delay: limits.pingInterval)
        { _ in
            bound.value.beat()
        }
        if isDraining() { close(.goingAway) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        pinging?.cancel()
        sender?.ended()
        sender = nil
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        sender?.ended()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing || unwrapInboundIn(data).opcode == .connectionClose else { return }
        lastHeard = .now()
        unansweredPings = 0
        switch assembler.receive(unwrapInboundIn(data)) {
        case .nothing, .pong: break
        case .message(let message): context.fireChannelRead(wrapInboundOut(message))
        case .ping(let data):
            // Whoever does not read gets no pongs either: they would pile up.
            if context.channel.isWritable { write(.init(fin: true, opcode: .pong, data: data), context) }
        case .close(let echo):
            if !isClosing {
                isClosing = true
                write(.init(fin: true, opcode: .connectionClose, data: echo), context)
            }
            context.close(promise: nil)
        case .violation(let code): close(code)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? NIOWebSocketError {
        case .invalidFrameLength?: close(.messageTooLarge)
        case .some: close(.protocolError)
        case nil:
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: close(.goingAway)
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unreadSince = context.channel.isWritable ? nil : .now()
        if context.channel.isWritable { drain() }
        context.fireChannelWritabilityChanged()
    }

    /// Writes what waits, as far as the client reads it.
    func drain() {
        guard let context, !isClosing, let sender else { return }
        var wrote = false
        while context.channel.isWritable, let frame = sender.next() {
            context.write(wrapOutboundOut(frame), promise: nil)
            wrote = true
        }
        if wrote { context.flush() }
        if let code = sender.closingCode() { close(code) }
    }

    /// Begins the closing handshake; the connection ends with the client's answer or soon without it.
    func close(_ code: WebSocketErrorCode) {
        guard let context, !isClosing else { return }
        isClosing = true
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        write(.init(fin: true, opcode: .connectionClose, data: data), context)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: limits.closeTimeout) { channel.close(promise: nil) }
        sender?.ended()
        context.read()
    }

    private func beat() {
        guard let context else { return }
        let now = NIODeadline.now()
        if now - lastHeard > limits.silenceTimeout, unansweredPings > 0 { return context.close(promise: nil) }
        if let unreadSince, now - unreadSince > limits.unreadTimeout { return context.close(promise: nil) }
        guard !isClosing, context.channel.isWritable else { return }
        unansweredPings += 1
        write(.init(fin: true, opcode: .ping, data: ByteBuffer()), context)
    }

    private func write(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
