import NIOCore
import NIOHTTP1

/// Stands right behind the HTTP parser and keeps every connection within its limits and deadlines.
///
/// It lets one request through at a time, turns down malformed, oversized and slow ones with a problem, ends idle
/// connections, and on a shutdown lets the present answer out and nothing new in. Whatever ends a request early is also
/// fired as an error, so that whoever reads the body never takes a part of it for the whole.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What came of a further request while the present one was being answered.
    private enum Held {
        case part(HTTPServerRequestPart)
        case fault(Refusal)
    }

    let limits: HTTPLimits
    let ledger: ConnectionLedger
    private let rules: RequestHeadRules
    private let onFirstRequest: (_ isWebSocket: Bool) -> Void
    private let onRefusal: (Refusal, _ requestID: String) -> Void
    var state = ExchangeState()
    var deadlines: ConnectionDeadlines
    private var codings: ContentCodings
    private var held = CircularBuffer<Held>(initialCapacity: 4)
    private var isReadHeld = false

    init(
        limits: HTTPLimits, ledger: ConnectionLedger, onFirstRequest: @escaping (_ isWebSocket: Bool) -> Void,
        onRefusal: @escaping (Refusal, _ requestID: String) -> Void
    ) {
        self.limits = limits
        self.ledger = ledger
        rules = RequestHeadRules(bodyLimit: limits.bodyBytes)
        self.onFirstRequest = onFirstRequest
        self.onRefusal = onRefusal
        deadlines = ConnectionDeadlines(limits: limits)
        codings = ContentCodings(limits: limits)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        deadlines.connected(now: .now())
        arm(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadlines.stop() }

    func channelInactive(context: ChannelHandlerContext) {
        state.closes()
        deadlines.stop()
        context.fireChannelInactive()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !state.isClosing else { return }
        let part = unwrapInboundIn(data)
        if state.holdsNextRequest || !held.isEmpty { return held.append(.part(part)) }
        receive(part, context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if state.isClosing {
            context.read()
        } else {
            deadlines.readCompleted(state, now: .now())
            arm(context)
        }
        context.fireChannelReadComplete()
    }

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head): receive(head, context)
        case .body(let bytes):
            guard state.received(bytes.readableBytes, limit: limits.bodyBytes) else {
                return refuse(.bodyTooLarge, context)
            }
            deadlines.received(bytes.readableBytes)
            context.fireChannelRead(wrapInboundOut(part))
        case .end:
            state.requestEnded()
            context.fireChannelRead(wrapInboundOut(part))
        }
    }

    private func receive(_ original: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var head: HTTPRequestHead
        switch rules.check(original) {
        case .failure(let refusal): return refuse(refusal, context)
        case .success(let checked): head = checked
        }
        // The parser stops behind a request that asks for an upgrade: it is the last one on its connection.
        let upgrades = head.headers[canonicalForm: "upgrade"].map { $0.lowercased() }
        state.requestBegan(keepsAlive: head.isKeepAlive && upgrades.isEmpty)
        deadlines.requestBegan()
        let isWebSocket = upgrades.contains("websocket") && head.method == .GET
        if !upgrades.isEmpty, !isWebSocket || !state.isFirstRequest {
            head.headers.remove(name: "upgrade")
            head.headers.replaceOrAdd(name: "connection", value: "close")
        }
        if state.isFirstRequest { onFirstRequest(isWebSocket) }
        // A WebSocket has messages behind the guard, not requests.
        if !isWebSocket {
            do {
                try codings.join(context.pipeline.syncOperations, behind: self, for: head)
            } catch {
                context.fireErrorCaught(error)
                return close(context)
            }
        }
        if head.headers.first(name: "expect")?.lowercased() == "100-continue", head.version == .http1_1 {
            let proceed = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let fault = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        let refusal =
            fault == .headerOverflow
            ? .headersTooLarge : Refusal.malformed("The request is not HTTP/1.1 as RFC 9112 has it.")
        guard fault != .invalidEOFState else {
            // The client went away in the middle of a request: there is nobody to answer.
            context.fireErrorCaught(error)
            return close(context)
        }
        if state.holdsNextRequest || !held.isEmpty { return held.append(.fault(refusal)) }
        refuse(refusal, context)
    }

    /// Turns the present request down, whatever has come of it.
    func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        guard !state.isClosing else { return }
        let wasOpen = state.isReceiving || state.isAnswering
        let canAnswer = !state.hasAnswerBegun || !state.isAnswering
        state.closes()
        held.removeAll()
        let requestID = Refusal.makeRequestID()
        onRefusal(refusal, requestID)
        if canAnswer {
            let (head, body) = refusal.response(requestID: requestID)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            linger(context)
        } else {
            context.close(promise: nil)
        }
        if wasOpen { context.fireErrorCaught(refusal) }
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // An answer to a request that has been refused meanwhile has nowhere to go.
        guard !state.isClosing else {
            promise?.succeed()
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.code < 200: context.write(data, promise: promise)
        case .head(var head):
            if state.answerBegan(isDraining: ledger.isDraining) {
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            state.answerEnded()
            if state.isClosing {
                context.writeAndFlush(data, promise: promise)
                linger(context)
            } else {
                context.write(data, promise: promise)
                deadlines.answerEnded(now: .now())
                if ledger.isDraining { deadlines.quiesces(now: .now()) }
                releaseHeld(context)
                arm(context)
            }
        }
    }

    /// Lets the next request through, as far as it has come.
    private func releaseHeld(_ context: ChannelHandlerContext) {
        let releases = !held.isEmpty
        while !state.holdsNextRequest, !state.isClosing, let next = held.popFirst() {
            switch next {
            case .part(let part): receive(part, context)
            case .fault(let refusal): refuse(refusal, context)
            }
        }
        if releases { context.fireChannelReadComplete() }
        if isReadHeld, held.isEmpty {
            isReadHeld = false
            context.read()
        }
    }

    func read(context: ChannelHandlerContext) {
        guard held.isEmpty || state.isClosing else { return isReadHeld = true }
        deadlines.readBegan()
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output, !state.isClosing {
            state.closes()
            deadlines.lingers(now: .now())
            arm(context)
        }
        context.close(mode: mode, promise: promise)
    }

    // MARK: The end

    /// Ends the server's side and waits a little for the client's: closing at once could destroy the answer on its way.
    private func linger(_ context: ChannelHandlerContext) {
        context.close(mode: .output, promise: nil)
        deadlines.lingers(now: .now())
        arm(context)
        context.read()
    }

    func close(_ context: ChannelHandlerContext) {
        state.closes()
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent:
            if state.isIdle { deadlines.quiesces(now: .now()) }
            arm(context)
        case ChannelEvent.inputClosed where state.isClosing || state.isIdle:
            close(context)
        case ChannelEvent.inputClosed:
            state.inputClosed()
            context.fireUserInboundEventTriggered(event)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let refusal = event as? Refusal else { return context.triggerUserOutboundEvent(event, promise: promise) }
        refuse(refusal, context)
        promise?.succeed()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        deadlines.writability(context.channel.isWritable, now: .now())
        arm(context)
        context.fireChannelWritabilityChanged()
    }
}
