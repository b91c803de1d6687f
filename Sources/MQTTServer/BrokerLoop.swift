import MQTTCodec
import MQTTSession
import NIOCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs a broker on one event loop: asks the delegate, and gives every connection its packets.
///
/// One broker, one thread: nothing of a session is ever locked or handed over. More processors are used by more brokers.
final class BrokerLoop {
    let broker: Broker
    let eventLoop: any EventLoop
    private let delegate: any MQTTDelegate
    private let allocator = ByteBufferAllocator()
    private var actions: [Action] = []
    private var isPerforming = false
    /// The last message of QoS 0 with its bytes: a thousand subscribers get the same ones.
    private var lastPublish: (publish: Publish, version: ProtocolVersion, encoded: ByteBuffer)?
    /// The connections that got something in this round.
    private var touched: [ConnectionHandler] = []
    private var ticking: RepeatedTask?
    /// The channels that are not closed, from the moment when they are accepted.
    private var channels = 0
    private var ending: Ending?

    init(options: BrokerOptions, delegate: any MQTTDelegate, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.delegate = delegate
        broker = Broker(options: options, now: BrokerLoop.now())
        setEpoch()
    }

    private static func now() -> Instant {
        Instant(milliseconds: Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000))
    }

    /// To be called before the broker is.
    func advance() { broker.now = BrokerLoop.now() }

    private func setEpoch() {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let wallClock = Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
        broker.epoch = wallClock - BrokerLoop.now().milliseconds
    }

    func startTicking() {
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        ticking = eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(100), delay: .milliseconds(100)) { _ in
            loop.value.tick()
        }
    }

    func stopTicking() { ticking?.cancel() }

    private func tick() {
        advance()
        setEpoch()
        broker.tick()
        perform()
    }

    /// A network connection was accepted.
    ///
    /// - Returns: nil when there are too many, or when it comes too late. Otherwise ``channelClosed()`` is owed.
    func open(_ handler: ConnectionHandler) -> Connection? {
        guard channels < broker.options.connections else { return nil }
        advance()
        guard let connection = broker.open(Peer(address: "")) else { return nil }
        connection.carrier = handler
        channels += 1
        return connection
    }

    func channelClosed() {
        channels -= 1
        goOnEnding()
    }

    // MARK: The end

    private struct Ending {
        let patience: MQTTServerConfiguration.Patience
        let promise: EventLoopPromise<Void>
        /// What is done when that takes too long.
        var deadline: Scheduled<Void>
        var hasSaidGoodbye = false
    }

    /// Takes no more publishes, and tells every client that the server shuts down when all that came is decided or
    /// has been waited for long enough.
    ///
    /// - Returns: done when every channel is closed, every Will is decided and every change of a session is written.
    func shutDown(_ patience: MQTTServerConfiguration.Patience) -> EventLoopFuture<Void> {
        if let ending { return ending.promise.futureResult }
        advance()
        let promise = eventLoop.makePromise(of: Void.self)
        let deadline = schedule(in: patience.untilGoodbye) { $0.sayGoodbye() }
        ending = Ending(patience: patience, promise: promise, deadline: deadline)
        broker.beginShutDown()
        perform()
        return promise.futureResult
    }

    private func sayGoodbye() {
        guard let ending, !ending.hasSaidGoodbye else { return }
        ending.deadline.cancel()
        let deadline = schedule(in: ending.patience.afterGoodbye) { $0.giveUp() }
        self.ending?.deadline = deadline
        self.ending?.hasSaidGoodbye = true
        advance()
        broker.shutDown()
        perform()
    }

    private func goOnEnding() {
        guard let ending, !broker.hasActions, broker.undecidedCount == 0 else { return }
        guard ending.hasSaidGoodbye else { return sayGoodbye() }
        guard channels == 0, !broker.hasUnwrittenChanges else { return }
        end(nil)
    }

    private func giveUp() {
        if broker.undecidedCount > 0 {
            end(.undecided(broker.undecidedCount))
        } else {
            // Nothing is lost by a socket that does not close.
            end(broker.hasUnwrittenChanges ? .notPersisted : nil)
        }
    }

    private func end(_ error: MQTTServerError?) {
        guard let ending = ending.take() else { return }
        stopTicking()
        ending.deadline.cancel()
        if let error { ending.promise.fail(error) } else { ending.promise.succeed() }
    }

    private func schedule(in time: TimeAmount, _ body: @escaping @Sendable (BrokerLoop) -> Void) -> Scheduled<Void> {
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        return eventLoop.scheduleTask(in: time) { body(loop.value) }
    }

    // MARK: Actions

    /// Does what the broker wants, and what it wants in consequence, until there is nothing left.
    func perform() {
        // An answer that the delegate gives at once comes here within the loop below.
        guard !isPerforming else { return }
        isPerforming = true
        while broker.hasActions {
            broker.takeActions(into: &actions)
            for action in actions { perform(action) }
            lastPublish = nil
            flushTouched()
        }
        actions.removeAll(keepingCapacity: actions.capacity <= 4_096)
        isPerforming = false
        if ending != nil { goOnEnding() }
    }

    private func perform(_ action: Action) {
        switch action {
        case .send(let connection, let packet):
            guard let handler = handler(of: connection) else { return }
            if case .publish(let publish) = packet, publish.qos == .atMostOnce {
                handler.append(encoded: encoded(publish, connection.version))
            } else {
                handler.append(packet, connection.version)
            }
            touch(handler)
        case .accept(let pending):
            delegate.accept(
                pending.message, from: MQTTClient(key: pending.key, principal: pending.principal),
                isWill: pending.isWill, answer: PublishAnswer(target: target(pending)))
        case .close(let connection):
            guard let handler = handler(of: connection) else { return }
            handler.closeAfterFlush()
            touch(handler)
        case .authenticate(let question, let request):
            delegate.authenticate(request, answer: AuthenticationAnswer(target: target(question)))
        case .authorize(let question, let requests):
            guard let client = client(of: question.connection) else { return }
            delegate.authorize(requests, of: client, answer: SubscriptionAnswer(target: target(question)))
        case .resume(let connection): handler(of: connection)?.resumeReading()
        case .connected(let key, let principal): delegate.connected(MQTTClient(key: key, principal: principal))
        case .disconnected(let key, let principal, let reason):
            delegate.disconnected(MQTTClient(key: key, principal: principal), reason)
        case .persist(let snapshot):
            delegate.persist(snapshot, answer: WriteAnswer(target: target(snapshot.key)))
        case .forget(let key): delegate.forget(key, answer: WriteAnswer(target: target(key)))
        case .retain(let message, let topic, let realm): delegate.retain(message, topic: topic, in: realm)
        }
    }

    private func encoded(_ publish: Publish, _ version: ProtocolVersion) -> ByteBuffer {
        if let lastPublish, lastPublish.version == version, lastPublish.publish == publish {
            return lastPublish.encoded
        }
        let packet = Packet.publish(publish)
        var buffer = allocator.buffer(capacity: packet.encodedSize(version) ?? 0)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: buffer.capacity) { packet.encode(version, into: $0) }
        lastPublish = (publish, version, buffer)
        return buffer
    }

    private func touch(_ handler: ConnectionHandler) {
        guard !handler.isTouched else { return }
        handler.isTouched = true
        touched.append(handler)
    }

    private func flushTouched() {
        var index = 0
        while index < touched.count {
            touched[index].isTouched = false
            touched[index].flush()
            index += 1
        }
        touched.removeAll(keepingCapacity: true)
    }

    private func client(of connection: Connection) -> MQTTClient? {
        connection.session.map { MQTTClient(key: $0.key, principal: $0.principal) }
    }

    private func handler(of connection: Connection) -> ConnectionHandler? {
        // Only handlers ever carry connections here.
        connection.carrier.map { unsafeDowncast($0, to: ConnectionHandler.self) }
    }

    // MARK: Answers

    /// Something of this loop that an answer from another thread is about.
    struct Target<Value>: Sendable {
        private let bound: NIOLoopBound<(BrokerLoop, Value)>
        private let eventLoop: any EventLoop

        init(_ loop: BrokerLoop, _ value: Value) {
            bound = NIOLoopBound((loop, value), eventLoop: loop.eventLoop)
            eventLoop = loop.eventLoop
        }

        /// Without a hop and without memory, for whoever is on the event loop.
        @inline(__always)
        var here: (loop: BrokerLoop, value: Value)? { eventLoop.inEventLoop ? bound.value : nil }

        func run(_ body: @escaping @Sendable (BrokerLoop, Value) -> Void) {
            if eventLoop.inEventLoop {
                body(bound.value.0, bound.value.1)
            } else {
                eventLoop.execute { [bound] in
                    bound.value.0.advance()
                    body(bound.value.0, bound.value.1)
                }
            }
        }
    }

    private func target<Value>(_ value: Value) -> Target<Value> { Target(self, value) }

    /// An answer has come for something that the connection waited for.
    func settled(_ connection: Connection?) {
        if let connection { handler(of: connection)?.resumeReading() }
        perform()
    }
}
