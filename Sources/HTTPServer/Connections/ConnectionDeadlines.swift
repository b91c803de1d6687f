import NIOCore

/// The deadlines of one connection. At most one timer runs; it is set anew only when a deadline comes nearer.
struct ConnectionDeadlines {
    enum Verdict: Equatable { case wait, close, refuse }

    private let limits: HTTPLimits
    /// What the connection waits for between two requests.
    private enum Edge { case firstByte, restOfHead, nextRequest, end }
    private var edge: (moment: NIODeadline, of: Edge)?
    private var body: NIODeadline?
    private var pace: BodyPace?
    private var unread: NIODeadline?
    private var isReading = false
    private(set) var timer: Scheduled<Void>?
    private var timerAt: NIODeadline = .distantFuture

    init(limits: HTTPLimits) { self.limits = limits }

    mutating func connected(now: NIODeadline) {
        edge = (now + limits.headerDeadline, .firstByte)
    }

    mutating func requestBegan() { edge = nil }

    mutating func received(_ count: Int) { pace?.received(count) }

    mutating func readBegan() { isReading = true }

    /// Most requests come in one piece, so the clocks of a body start only when the piece is over.
    mutating func readCompleted(_ state: ExchangeState, now: NIODeadline) {
        isReading = false
        if state.isReceiving {
            if pace == nil {
                body = now + limits.bodyDeadline
                pace = BodyPace(bytesPerSecond: limits.bodyRate, window: limits.bodyRateWindow, now: now)
            }
        } else {
            (body, pace) = (nil, nil)
        }
        // Bytes came and made no request yet: the beginning of a head.
        switch edge {
        case (let moment, .firstByte)?: edge = (moment, .restOfHead)
        case (_, .nextRequest)?: edge = (now + limits.headerDeadline, .restOfHead)
        default: break
        }
    }

    mutating func answerEnded(now: NIODeadline) {
        edge = (now + limits.idleTimeout, .nextRequest)
    }

    mutating func quiesces(now: NIODeadline) {
        edge = (min(edge?.moment ?? .distantFuture, now + limits.quiesceGrace), .end)
    }

    mutating func lingers(now: NIODeadline) {
        (body, pace) = (nil, nil)
        edge = (now + limits.lingerTimeout, .end)
    }

    mutating func writability(_ isWritable: Bool, now: NIODeadline) {
        unread = isWritable ? nil : now + limits.unreadTimeout
    }

    /// The next moment at which something must be looked at.
    var next: NIODeadline? { [edge?.moment, body, pace?.windowEnd, unread].compactMap { $0 }.min() }

    mutating func verdict(_ state: ExchangeState, now: NIODeadline) -> Verdict {
        if let unread, now >= unread { return .close }
        if state.isReceiving, !state.isClosing {
            if let body, now >= body { return .refuse }
            if !isReading { pace?.paused() }
            if pace?.keepsUp(now: now) == false { return .refuse }
        }
        guard let edge, now >= edge.moment else { return .wait }
        return edge.of == .restOfHead && !state.isClosing ? .refuse : .close
    }

    /// - Returns: when the timer must go off, if it is not set for that already.
    mutating func timerToSet() -> NIODeadline? {
        guard let next, next < timerAt else { return nil }
        timer?.cancel()
        timerAt = next
        return next
    }

    mutating func timerSet(_ scheduled: Scheduled<Void>) { timer = scheduled }

    mutating func timerWentOff() { (timer, timerAt) = (nil, .distantFuture) }

    mutating func stop() {
        timer?.cancel()
        (timer, timerAt, edge, body, pace, unread) = (nil, .distantPast, nil, nil, nil, nil)
    }
}

extension ConnectionGuard {
    /// Sees to it that the next deadline is noticed.
    func arm(_ context: ChannelHandlerContext) {
        guard let moment = deadlines.timerToSet() else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadlines.timerSet(
            context.eventLoop.scheduleTask(deadline: moment) {
                let (guarding, context) = bound.value
                guarding.deadlines.timerWentOff()
                switch guarding.deadlines.verdict(guarding.state, now: .now()) {
                case .wait: guarding.arm(context)
                case .close: guarding.close(context)
                case .refuse: guarding.refuse(.tooSlow, context)
                }
            })
    }
}
