import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// HTTP/1.1 and WebSocket on one port. A handshake is decided by the application like any other request.
struct HTTP1WebSocketChannel: HTTPChannelHandler {
    typealias HTTPChannel = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>
    typealias MessageChannel = NIOAsyncChannel<WebSocketMessage, Never>

    enum Negotiated: Sendable {
        case http(HTTPChannel)
        case refused(HTTPChannel, Response)
        case webSocket(MessageChannel, WebSocketSender, WebSocketAcceptance)
    }

    struct Value: ServerChildChannelValue {
        let negotiated: EventLoopFuture<Negotiated>
        let channel: any Channel
        let client: ClientConnection
    }

    /// What becomes known of the first request; used on the channel's event loop only.
    private final class FirstRequest {
        var isWebSocket = false
        var acceptance: WebSocketAcceptance?
        var refusal: Response?
    }

    let application: any HTTPApplication
    let configuration: HTTPServerConfiguration
    let ledger: ConnectionLedger
    var client = ClientConnection(address: "", isSecure: false)

    var responder: Responder {
        { [application, client] request, writer, _ in
            let response = await application.respond(to: request, from: client)
            try await writer.write(response: response.head, body: response.body)
        }
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let client = ClientConnection(
            address: channel.remoteAddress?.ipAddress ?? "", isSecure: configuration.tls != nil)
        return channel.eventLoop.makeCompletedFuture {
            let first = NIOLoopBound(FirstRequest(), eventLoop: channel.eventLoop)
            let operations = channel.pipeline.syncOperations
            let encoder = HTTPResponseEncoder()
            var parsing = NIOHTTPDecoderLimitConfiguration()
            parsing.maxHeaderFieldSize = configuration.limits.headerBytes
            parsing.maxHeaderListSize = configuration.limits.headerBytes
            parsing.maxHeaderFieldCount = configuration.limits.headerFields
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: parsing))
            let connectionGuard = ConnectionGuard(
                limits: configuration.limits, ledger: ledger,
                onFirstRequest: { first.value.isWebSocket = $0 },
                onRefusal: { refusal, id in
                    logger.info(
                        "request refused",
                        metadata: [
                            "request_id": "\(id)", "status": "\(refusal.status.code)", "client": "\(client.address)",
                            "reason": "\(refusal.detail)",
                        ])
                })
            let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Negotiated>(
                upgraders: [upgrader(first, client)],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture { try finishHTTP(channel, first.value) }
                })
            let upgradeHandler = NIOTypedHTTPServerUpgradeHandler(
                httpEncoder: encoder, extraHTTPHandlers: [decoder, connectionGuard], upgradeConfiguration: upgrade)
            try operations.addHandlers([encoder, decoder, connectionGuard, upgradeHandler])
            return Value(negotiated: upgradeHandler.upgradeResultFuture, channel: channel, client: client)
        }
    }

    private func upgrader(
        _ first: NIOLoopBound<FirstRequest>, _ client: ClientConnection
    ) -> NIOTypedWebSocketServerUpgrader<Negotiated> {
        let limits = configuration.webSockets
        return NIOTypedWebSocketServerUpgrader<Negotiated>(
            maxFrameSize: limits.messageBytes, enableAutomaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeFutureWithTask { try await decide(head, client) }
                    .map { decision -> HTTPHeaders? in
                        switch decision {
                        case .accept(let acceptance):
                            first.value.acceptance = acceptance
                            return HTTPHeaders(acceptance.headers)
                        case .refuse(let response):
                            first.value.refusal = response
                            return nil
                        }
                    }
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard let acceptance = first.value.acceptance else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    let session = WebSocketSession(limits: limits, isDraining: { [ledger] in ledger.isDraining })
                    let sender = WebSocketSender(channel: channel, session: session, limits: limits)
                    session.sender = sender
                    try channel.pipeline.syncOperations.addHandler(session)
                    let messages = try MessageChannel(wrappingChannelSynchronously: channel)
                    return .webSocket(messages, sender, acceptance)
                }
            })
    }

    /// The handshake as the application sees it; pages of foreign origins are turned away before.
    private func decide(_ head: HTTPRequestHead, _ client: ClientConnection) async throws -> HandshakeDecision {
        let request = try HTTPRequest(head, secure: client.isSecure, splitCookie: false)
        guard Self.admits(head, configuration.allowedOrigins) else {
            let (head, body) = Refusal.foreignOrigin.response(requestID: Refusal.makeRequestID())
            return .refuse(Response(head: head, body: body))
        }
        return await application.respond(toHandshake: request, from: client)
    }

    /// Browsers always send `Origin` (RFC 6455, section 10.2); other clients need none.
    static func admits(_ head: HTTPRequestHead, _ allowed: Set<String>) -> Bool {
        let origins = head.headers["origin"]
        guard let origin = origins.first?.lowercased() else { return true }
        guard origins.count == 1 else { return false }
        if allowed.contains(where: { $0.lowercased() == origin }) { return true }
        guard let host = head.headers.first(name: "host")?.lowercased() else { return false }
        return origin == "http://\(host)" || origin == "https://\(host)"
    }

    private func finishHTTP(_ channel: any Channel, _ first: FirstRequest) throws -> Negotiated {
        let operations = channel.pipeline.syncOperations
        // The upgrade handler has dropped the request of a failed handshake: it is answered here, and the connection ends.
        if first.isWebSocket {
            try operations.addHandler(HTTP1ToHTTPServerCodec(secure: configuration.tls != nil))
            let (head, body) = Refusal.malformed(
                "The WebSocket handshake lacks a key or asks for another version than 13."
            )
            .response(requestID: Refusal.makeRequestID())
            return .refused(
                try HTTPChannel(wrappingChannelSynchronously: channel),
                first.refusal ?? Response(head: head, body: body))
        }
        try operations.addHandler(HTTP1ToHTTPServerCodec(secure: configuration.tls != nil))
        return .http(
            try HTTPChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http(let channel):
                var connection = self
                connection.client = value.client
                await connection.handleHTTP(asyncChannel: channel, logger: logger)
            case .refused(let channel, let response):
                try await channel.executeThenClose { _, outbound in
                    try await ResponseWriter(outbound: outbound).write(response: response.head, body: response.body)
                    outbound.finish()
                    try await channel.channel.closeFuture.get()
                }
            case .webSocket(let channel, let sender, let acceptance):
                try await channel.executeThenClose { inbound, _ in
                    do {
                        try await acceptance.run(
                            WebSocketConnection(messages: WebSocketMessages(stream: inbound), sender: sender))
                        await sender.closeAndWait(.normalClosure)
                    } catch {
                        logger.debug("socket ended", metadata: ["error": "\(error)"])
                        await sender.closeAndWait(.unexpectedServerError)
                    }
                }
            }
        } catch {
            logger.debug("connection ended", metadata: ["error": "\(error)"])
            value.channel.close(promise: nil)
        }
    }
}

extension Response {
    init(head: HTTPResponseHead, body: ByteBuffer) {
        self.init(
            status: .init(code: Int(head.status.code)), headers: HTTPFields(head.headers, splitCookie: false),
            body: ResponseBody(byteBuffer: body))
    }
}
