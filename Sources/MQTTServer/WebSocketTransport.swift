import NIOCore
import NIOHTTP1
import NIOWebSocket

/// MQTT in binary WebSocket messages (MQTT 5.0 §6): the subprotocol is `mqtt` ([MQTT-6.0.0-3], [MQTT-6.0.0-4]).
enum WebSocketTransport {
    /// - Parameter largestFrame: in bytes; a frame is put together before any packet in it is looked at.
    static func configure(
        _ pipeline: ChannelPipeline.SynchronousOperations, path: String, largestFrame: Int, handler: ConnectionHandler
    ) throws {
        let eventLoop = pipeline.eventLoop
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        let refusing = NIOLoopBound(RefusingHandler(), eventLoop: eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: largestFrame, automaticErrorHandling: true,
            shouldUpgrade: { channel, head in
                let protocols = head.headers[canonicalForm: "sec-websocket-protocol"]
                guard head.uri.prefix(while: { $0 != "?" }) == path, protocols.contains("mqtt") else {
                    return channel.eventLoop.makeSucceededFuture(nil)
                }
                return channel.eventLoop.makeSucceededFuture(["Sec-WebSocket-Protocol": "mqtt"])
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(WebSocketFrameHandler())
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            })
        try pipeline.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(refusing.value, promise: nil)
                }
            ))
        try pipeline.addHandler(refusing.value)
    }
}

extension ChannelPipeline.SynchronousOperations {
    fileprivate func removeHandler(_ handler: RefusingHandler, promise: EventLoopPromise<Void>?) {
        let removal = removeHandler(handler as any RemovableChannelHandler)
        if let promise { removal.cascade(to: promise) }
    }
}

/// Answers what is no WebSocket handshake for MQTT, and ends the connection.
private final class RefusingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head = unwrapInboundIn(data) else { return }
        let headers: HTTPHeaders = ["Connection": "close", "Content-Length": "0", "Sec-WebSocket-Protocol": "mqtt"]
        let head = HTTPResponseHead(version: .http1_1, status: .badRequest, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }
}

/// The other end has broken the rules of WebSocket, and was told.
struct WebSocketFault: Error {}

/// Takes MQTT out of WebSocket frames and puts it in. Packets need not keep to frames ([MQTT-6.0.0-2]).
private final class WebSocketFrameHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    private var isClosing = false
    /// Whether the last frame of a message has not come.
    private var isWithinMessage = false
    /// The last ping that the other end did not take an answer to. Only the last of several has to be answered (RFC 6455
    /// §5.5.3), or a client that pings and never reads would have the answers pile up here.
    private var unansweredPing: ByteBuffer?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard !isClosing else {
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        // Clients mask what they send (RFC 6455 §5.1), and no extension was agreed on that would use the reserved bits (§5.2).
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return fail(context, .protocolError) }
        switch frame.opcode {
        case .binary, .continuation:
            // A message is whole before the next begins (§5.4).
            guard isWithinMessage == (frame.opcode == .continuation) else { return fail(context, .protocolError) }
            isWithinMessage = !frame.fin
            let bytes = frame.unmaskedData
            if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
        case .text: fail(context, .unacceptableData)  // [MQTT-6.0.0-1]
        case .ping:
            unansweredPing = frame.unmaskedData
            answerPing(context)
        case .connectionClose:
            sayGoodbye(context, .normalClosure)
            context.close(promise: nil)
        case .pong: break
        default: fail(context, .protocolError)
        }
    }

    /// Something wrong came. The end is not at once, or what is said here would be destroyed on its way.
    private func fail(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode) {
        sayGoodbye(context, code)
        context.fireErrorCaught(WebSocketFault())
    }

    private func answerPing(_ context: ChannelHandlerContext) {
        guard !isClosing, context.channel.isWritable, let ping = unansweredPing.take() else { return }
        send(context, WebSocketFrame(fin: true, opcode: .pong, data: ping))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        answerPing(context)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame = WebSocketFrame(fin: true, opcode: .binary, data: unwrapOutboundIn(data))
        context.write(wrapOutboundOut(frame), promise: promise)
    }

    /// The end of our side is a close frame: the other end answers it and closes.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        sayGoodbye(context, .normalClosure)
        promise?.succeed()
    }

    private func sayGoodbye(_ context: ChannelHandlerContext, _ code: WebSocketErrorCode) {
        guard !isClosing else { return }
        isClosing = true
        var data = context.channel.allocator.buffer(capacity: 2)
        data.write(webSocketErrorCode: code)
        send(context, WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
    }

    private func send(_ context: ChannelHandlerContext, _ frame: WebSocketFrame) {
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
