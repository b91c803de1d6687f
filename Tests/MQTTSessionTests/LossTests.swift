import MQTTCodec
import MQTTSession
import Testing

@Suite("no message is lost between an acceptance, a connection and a restart")
struct LossTests {
    private let key = SessionKey(realm: "", clientID: "a")
    private let lasting: Properties = [.sessionExpiryInterval(60)]

    @Test(
        "a publish that could not be taken in is not acknowledged, and is new when it comes again",
        arguments: [ProtocolVersion.v5, .v3_1_1], [QoS.atLeastOnce, .exactlyOnce])
    func failure(_ version: ProtocolVersion, _ qos: QoS) {
        let server = TestServer()
        server.accept = { _ in nil }
        let properties = version == .v5 ? lasting : []
        let client = server.client("a", version, clean: false, properties: properties)
        _ = client.take()
        client.publish("t", "one", qos: qos, id: 5)
        client.publish("t", "two", qos: .atLeastOnce, id: 6)
        server.answer(1)
        server.answer(0, .fail(.serverBusy))
        #expect(client.isClosed)
        let reasons = client.take().compactMap { if case .disconnect(let packet) = $0 { packet.reason } else { nil } }
        #expect(reasons == (version == .v5 ? [.serverBusy] : []))
        let again = server.client("a", version, clean: false, properties: properties)
        _ = again.take()
        again.publish("t", "one", qos: qos, id: 5, duplicate: true)
        #expect(server.pending.count == 3)
        server.answer(2)
        #expect(again.take().map(\.type) == [qos == .atLeastOnce ? .publishAcknowledgement : .publishReceived])
    }

    @Test("a QoS 2 publish that is decided too late is the same message when the client sends it again")
    func lateCommit() {
        let server = TestServer { $0.decisionTimeout = 20 }
        let watcher = server.client("w")
        watcher.subscribe("#")
        server.accept = { _ in nil }
        func connect() -> TestClient {
            let client = server.client("a", clean: false, properties: lasting)
            _ = client.take()
            return client
        }
        let first = connect()
        first.publish("t", "once", qos: .exactlyOnce, id: 5)
        server.wait(seconds: 21)
        #expect(first.disconnectReason == .serverBusy)
        // It comes again before the decision.
        let second = connect()
        second.publish("t", "once", qos: .exactlyOnce, id: 5, duplicate: true)
        #expect(second.take().isEmpty && server.pending.count == 1)
        server.wait(seconds: 21)
        #expect(second.disconnectReason == .serverBusy)
        // It comes again after the decision.
        server.answer(0)
        let third = connect()
        third.publish("t", "once", qos: .exactlyOnce, id: 5, duplicate: true)
        third.publish("t", "next", qos: .exactlyOnce, id: 6)
        #expect(third.take() == [.publishReceived(Acknowledgement(packetID: 5))])
        server.wait(seconds: 21)
        let fourth = connect()
        fourth.publish("t", "next", qos: .exactlyOnce, id: 6, duplicate: true)
        server.answer(1)
        #expect(fourth.take() == [.publishReceived(Acknowledgement(packetID: 6))])
        #expect(watcher.takePublishes().map(\.text) == ["once", "next"])
        #expect(server.broker.undecidedCount == 0)
    }

    @Test("of the QoS 2 publishes that nobody decides, a session keeps what may be undecided, and no more")
    func manyLate() {
        let server = TestServer { ($0.decisionTimeout, $0.undecidedBytes) = (20, 2_000) }
        server.accept = { _ in nil }
        let text = String(repeating: "x", count: 700)
        for (round, id) in [UInt16(5), 6, 7].enumerated() {
            let client = server.client("a", clean: false, properties: lasting)
            client.publish("t", text, qos: .exactlyOnce, id: id)
            #expect(server.pending.count == round + 1)
            server.wait(seconds: 21)
            #expect(client.disconnectReason == .serverBusy)
        }
        let client = server.client("a", clean: false, properties: lasting)
        for id in [UInt16(5), 6] { client.publish("t", text, qos: .exactlyOnce, id: id, duplicate: true) }
        #expect(server.pending.count == 3, "these are known")
        for number in 0..<3 { server.answer(number) }
        client.publish("t", text, qos: .exactlyOnce, id: 7, duplicate: true)
        #expect(server.pending.count == 4, "this one is new")
        server.answer(3)
        #expect(client.take().suffix(3).map(\.type) == [.publishReceived, .publishReceived, .publishReceived])
        #expect(server.broker.undecidedCount == 0)
    }

    @Test("a QoS 2 publish that fails too late is new when the client sends it again")
    func lateFailure() {
        let server = TestServer { $0.decisionTimeout = 20 }
        server.accept = { _ in nil }
        let client = server.client("a", clean: false, properties: lasting)
        client.publish("t", qos: .exactlyOnce, id: 5)
        client.publish("t", qos: .atMostOnce)
        server.wait(seconds: 21)
        #expect(client.disconnectReason == .serverBusy)
        server.answer(0, .fail(.serverBusy))
        let again = server.client("a", clean: false, properties: lasting)
        again.publish("t", qos: .exactlyOnce, id: 5, duplicate: true)
        #expect(server.pending.count == 3)
    }

    @Test("the end waits for what is being decided, and takes no new publish")
    func end() {
        let server = TestServer()
        server.accept = { _ in nil }
        let client = server.client("a", will: Will(topic: "will", payload: ByteSlice([1])), properties: lasting)
        let leaving = server.client("b", will: Will(topic: "will", payload: ByteSlice([1])))
        _ = (client.take(), leaving.take())
        client.publish("t", qos: .atLeastOnce, id: 1)
        server.broker.beginShutDown()
        client.publish("t", qos: .atLeastOnce, id: 2)
        #expect(server.pending.count == 1 && !client.connection.wantsToRead && !client.isClosed)
        #expect(server.broker.open(Peer(address: "")) == nil)
        leaving.send(.pingRequest, .disconnect(Disconnect()))
        #expect(leaving.take() == [.pingResponse] && leaving.isClosed)
        #expect(server.pending.count == 1, "its Will is removed, as it asked")
        server.answer(0)
        #expect(server.broker.undecidedCount == 0 && !client.isClosed)
        server.broker.shutDown()
        server.run()
        #expect(client.take().map(\.type) == [.publishAcknowledgement, .disconnect])
        #expect(server.broker.undecidedCount == 1 && server.pending[1].isWill)
        server.answer(1)
        #expect(server.broker.undecidedCount == 0)
    }

    @Test("a QoS 0 publish that could not be taken in disturbs nobody")
    func failureOfQoS0() {
        let server = TestServer()
        server.accept = { _ in .fail(.serverBusy) }
        let client = server.client("a")
        client.publish("t")
        #expect(!client.isClosed)
    }

    @Test("in MQTT 3.1.1 a QoS 1 publish with the identifier of a forgotten QoS 2 exchange is taken")
    func staleIdentifier() {
        let server = TestServer()
        let watcher = server.client("w")
        watcher.subscribe("#")
        let client = server.client("a", .v3_1_1)
        client.publish("t", "old", qos: .exactlyOnce, id: 5)
        _ = watcher.takePublishes()
        _ = client.take()
        client.publish("t", "new", qos: .atLeastOnce, id: 5)
        #expect(watcher.takePublishes().map(\.text) == ["new"])
        #expect(client.take() == [.publishAcknowledgement(Acknowledgement(packetID: 5))])
    }

    @Test("an answer to an earlier question is none to a later one")
    func staleAnswers() {
        let server = TestServer()
        server.authorize = { _ in nil }
        let client = server.client("a")
        client.subscribe("first")
        server.undecided[0].decide([SubscriptionVerdict.refuse(.notAuthorized)])
        client.subscribe("second", id: 2)
        _ = client.take()
        server.undecided[0].decide([SubscriptionVerdict.grant(.exactlyOnce)])
        server.run()
        #expect(client.take().isEmpty)
        server.undecided[1].decide([SubscriptionVerdict.refuse(.quotaExceeded)])
        server.run()
        #expect(
            client.take() == [
                .subscribeAcknowledgement(SubscribeAcknowledgement(packetID: 2, reasons: [.quotaExceeded]))
            ])
    }

    // MARK: Restarts

    @Test("a message that was sent at once and not acknowledged outlives the server")
    func inflightIsPersisted() throws {
        let server = TestServer()
        let client = server.client("a", properties: lasting)
        client.subscribe("#")
        server.wait(seconds: 1)
        server.client("b").publish("t", "sent", qos: .atLeastOnce, id: 1)
        server.wait(seconds: 1)
        let snapshot = try #require(server.persisted[key])
        #expect(snapshot.inflight.map { $0.delivery?.message.payload.array } == [Array("sent".utf8)])
    }

    @Test("moments are stored by the clock on the wall, since another process has another clock")
    func clocks() throws {
        let server = TestServer()
        server.broker.epoch = 1_700_000_000_000
        let will = Will(topic: "will", payload: ByteSlice([1]), properties: [.willDelayInterval(50)])
        let client = server.client("a", will: will, properties: lasting)
        client.subscribe("#")
        client.lose()
        let other = server.client("b")
        other.publish("t", "short", qos: .atLeastOnce, id: 1, properties: [.messageExpiryInterval(10)])
        other.publish("t", "long", qos: .atLeastOnce, id: 2, properties: [.messageExpiryInterval(40)])
        server.wait(seconds: 1)
        let snapshot = try #require(server.persisted[key])
        // Another process, 20 seconds later, whose clock has just begun.
        let next = TestServer()
        let later = server.broker.now.milliseconds + server.broker.epoch + 20_000
        next.broker.epoch = later - next.broker.now.milliseconds
        next.broker.restore(snapshot)
        let watcher = next.client("w")
        watcher.subscribe("will")
        next.wait(seconds: 28)
        #expect(watcher.takePublishes().isEmpty)
        next.wait(seconds: 2)
        #expect(watcher.takePublishes().count == 1)
        let publishes = next.client("a", clean: false, properties: lasting).takePublishes()
        #expect(publishes.isEmpty, "both have expired: 51 seconds have gone by")
        let prompt = TestServer()
        prompt.broker.epoch = later - prompt.broker.now.milliseconds
        prompt.broker.restore(snapshot)
        let waiting = prompt.client("a", clean: false, properties: lasting).takePublishes()
        #expect(waiting.map(\.text) == ["long"])
        #expect(waiting.first?.properties.messageExpiryInterval == 19)
        let late = TestServer()
        late.broker.epoch = later + 45_000 - late.broker.now.milliseconds
        late.broker.restore(snapshot)
        late.wait(seconds: 0)
        #expect(late.broker.session(key) == nil, "it was to live 60 seconds after its connection")
    }

    @Test("retained messages that a client was not sent are not stored with its session, and found again")
    func owedRetained() throws {
        let server = TestServer { $0.unsentBytes = 100 }
        let publisher = server.client("p")
        for number in 0..<10 {
            publisher.publish(MQTTString("t/\(number)") ?? "", qos: .atLeastOnce, id: 1, retain: true)
        }
        let client = server.client("a", properties: lasting)
        client.subscribe("u")
        client.subscribe("t/#", id: 2)
        server.wait(seconds: 1)
        let snapshot = try #require(server.persisted[key])
        #expect(snapshot.queue.isEmpty && snapshot.inflight.count < 10)
        #expect(snapshot.subscriptions.filter(\.owesRetained).map(\.filter) == ["t/#"])
        let next = TestServer()
        next.broker.restore(snapshot)
        for message in server.retained.values { next.broker.restoreRetained(message, in: "") }
        let again = next.client("a", clean: false, properties: lasting)
        #expect(again.takePublishes().filter { !$0.duplicate }.count == 10)
        next.wait(seconds: 1)
        #expect(next.persisted[key]?.subscriptions.contains(where: \.owesRetained) == false)
    }

    @Test("a Will asks for acceptance in the name of its client after a restart too")
    func principal() throws {
        final class Somebody: Sendable {}
        let server = TestServer()
        let somebody = Somebody()
        server.authenticate = { _ in .accept(Admission(principal: somebody)) }
        let will = Will(topic: "will", payload: ByteSlice([1]), properties: [.willDelayInterval(50)])
        server.client("a", will: will, properties: lasting).lose()
        server.wait(seconds: 1)
        let next = TestServer()
        var principals: [(any Principal)?] = []
        next.accept = {
            principals.append($0.principal)
            return .route
        }
        next.broker.restore(try #require(server.persisted[key]))
        next.wait(seconds: 55)
        #expect(principals.count == 1 && principals[0] === somebody)
    }

    @Test("one write of a session is under way at a time, and one that failed is asked for again")
    func writes() {
        let server = TestServer()
        server.storesAtOnce = false
        let client = server.client("a", properties: lasting)
        server.wait(seconds: 1)
        #expect(server.persisted[key]?.subscriptions.count == 0)
        client.subscribe("#")
        server.wait(seconds: 1)
        #expect(server.persisted[key]?.subscriptions.count == 0, "the first is not done")
        server.answerWrite(isDone: true)
        server.wait(seconds: 1)
        #expect(server.persisted[key]?.subscriptions.count == 1)
        server.persisted = [:]
        server.answerWrite(isDone: false)
        server.wait(seconds: 1)
        #expect(server.persisted[key]?.subscriptions.count == 1)
        #expect(server.broker.hasUnwrittenChanges)
        _ = server.client("a")
        server.wait(seconds: 1)
        #expect(server.persisted[key] != nil, "it is forgotten when the write before is done")
        server.answerWrite(isDone: true)
        server.wait(seconds: 1)
        #expect(server.persisted[key] == nil)
        server.answerWrite(isDone: true)
        #expect(!server.broker.hasUnwrittenChanges)
    }

    @Test("retained messages are told, and taken up again")
    func retained() throws {
        let server = TestServer()
        server.broker.epoch = 5_000_000
        let client = server.client("a")
        client.publish("t", "kept", retain: true, properties: [.messageExpiryInterval(10)])
        client.publish("gone", "x", retain: true)
        client.publish("gone", "", retain: true)
        #expect(Array(server.retained.keys) == ["t"])
        let message = try #require(server.retained["t"])
        let next = TestServer()
        next.broker.epoch = 5_000_000 + 4_000
        next.broker.restoreRetained(message, in: "")
        let reader = next.client("r")
        reader.subscribe("#")
        let publishes = reader.takePublishes()
        #expect(publishes.map(\.text) == ["kept"] && publishes.first?.properties.messageExpiryInterval == 6)
    }

    @Test("whoever stores retained messages is told when one has expired")
    func expiredRetained() throws {
        let server = TestServer()
        let client = server.client("a")
        let short: Properties = [.messageExpiryInterval(10)]
        client.publish("found", "x", retain: true, properties: short)
        client.publish("kept", "x", retain: true)
        let stored = try #require(server.retained["found"])
        server.broker.now.milliseconds += 11_000
        server.client("r").subscribe("found")
        #expect(Array(server.retained.keys) == ["kept"], "found by a subscription")
        client.publish("unseen", "x", retain: true, properties: short)
        server.wait(seconds: 11)
        #expect(Array(server.retained.keys) == ["kept"], "found by going round")
        let next = TestServer()
        next.retained = ["found": stored]
        next.broker.now = server.broker.now
        next.broker.restoreRetained(stored, in: "")
        next.run()
        #expect(next.retained.isEmpty)
    }

    @Test("whoever delivers learns what became of it")
    func outcomes() {
        let server = TestServer { $0.queue.messages = 1 }
        func deliver(_ qos: QoS) -> DeliveryOutcome {
            defer { server.run() }
            return server.broker.deliver(Message(topic: "t", payload: ByteSlice([1]), qos: qos), to: key)
        }
        #expect(deliver(.atLeastOnce) == .unknownClient)
        let client = server.client("a", properties: lasting)
        #expect(deliver(.atLeastOnce) == .sent)
        client.lose()
        #expect(deliver(.atMostOnce) == .dropped)
        #expect(deliver(.atLeastOnce) == .kept)
        #expect(deliver(.atLeastOnce) == .dropped)
    }
}
