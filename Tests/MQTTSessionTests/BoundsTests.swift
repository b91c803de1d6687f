import MQTTCodec
import MQTTSession
import Testing

@Suite("what clients can make the server hold, and for how long")
struct BoundsTests {
    private let key = SessionKey(realm: "", clientID: "a")
    private let lasting: Properties = [.sessionExpiryInterval(600)]

    // MARK: Input

    @Test("publishes that come in one piece wait when too many or too large ones are undecided")
    func undecided() {
        let server = TestServer {
            $0.receiveMaximum = 3; $0.undecidedBytes = 10_000
        }
        server.accept = { _ in nil }
        let client = server.client("a")
        func send(_ count: Int, size: Int) {
            let publish = Publish(topic: "t", payload: ByteSlice([UInt8](repeating: 1, count: size)))
            client.send(
                bytes: [[UInt8]](repeating: Packet.publish(publish).encoded(.v5) ?? [], count: count).flatMap { $0 })
        }
        send(50, size: 1)
        #expect(server.pending.count == 4 && !client.connection.wantsToRead)
        for index in 0..<50 { server.answer(index) }
        #expect(server.pending.count == 50 && client.connection.wantsToRead)
        send(5, size: 6_000)
        // Each of them holds all five, which came in one piece.
        #expect(server.pending.count == 51 && !client.connection.wantsToRead)
        for index in 50..<55 { server.answer(index) }
        #expect(server.pending.count == 55 && client.connection.wantsToRead && !client.isClosed)
    }

    @Test("an undecided publish of one byte counts with the buffer that it keeps alive, once for all that came in it")
    func heldBuffers() {
        let server = TestServer { $0.undecidedBytes = 150_000 }
        server.accept = { _ in nil }
        let client = server.client("a")
        let publish = Packet.publish(Publish(topic: "t", payload: ByteSlice([1]))).encoded(.v5) ?? []
        func piece(_ count: Int) {
            let bytes = [[UInt8]](repeating: publish, count: count).flatMap { $0 }
            client.connection.receive(ByteSlice(bytes), holding: 65_536)
            server.run()
        }
        piece(20)
        piece(20)
        #expect(server.pending.count == 40 && client.connection.wantsToRead)
        piece(1)
        #expect(!client.connection.wantsToRead)
        for index in 0..<20 { server.answer(index) }
        #expect(client.connection.wantsToRead, "the first buffer is held no longer")
        for index in 20..<41 { server.answer(index) }
        piece(1)
        piece(1)
        #expect(client.connection.wantsToRead)
    }

    @Test("one publish more than the receive maximum is told although nothing is decided")
    func receiveMaximumWhileUndecided() {
        let server = TestServer { $0.receiveMaximum = 3 }
        server.accept = { _ in nil }
        let client = server.client("a")
        for id in 1...4 { client.publish("t", qos: .atLeastOnce, id: UInt16(id)) }
        #expect(client.disconnectReason == .receiveMaximumExceeded)
    }

    // MARK: Time

    @Test("a client that was not read from is not blamed for its silence")
    func heldSilence() {
        let server = TestServer { $0.decisionTimeout = 100 }
        server.authorize = { _ in nil }
        let client = server.client("a", keepAlive: 10)
        client.subscribe("t")
        server.wait(seconds: 60)
        #expect(!client.isClosed)
        server.undecided[0].decide([SubscriptionVerdict.grant(.atMostOnce)])
        client.connection.readingResumed()
        server.wait(seconds: 10)
        #expect(!client.isClosed)
        server.wait(seconds: 6)
        #expect(client.disconnectReason == .keepAliveTimeout)
    }

    @Test("a client that leaves alone what it was sent goes, keep-alive or not")
    func unwritable() {
        let server = TestServer { $0.writeTimeout = 20 }
        let client = server.client("a")
        _ = client.take()
        client.flushed()
        server.wait(seconds: 100)
        #expect(!client.isClosed)
        client.send(.pingRequest)
        server.wait(seconds: 19)
        #expect(!client.isClosed)
        server.wait(seconds: 2)
        #expect(client.disconnectReason == .quotaExceeded)
    }

    @Test("what nobody decides in time ends the connection: a CONNECT, a SUBSCRIBE, a PUBLISH")
    func undecidedForLong() {
        let server = TestServer { $0.decisionTimeout = 20 }
        server.authenticate = { _ in nil }
        let coming = server.client("a")
        server.wait(seconds: 21)
        #expect(coming.connectAcknowledgement?.reason == .serverBusy)
        server.authenticate = { _ in .accept(Admission()) }
        server.authorize = { _ in nil }
        let subscribing = server.client("b")
        subscribing.subscribe("t")
        server.wait(seconds: 21)
        #expect(subscribing.disconnectReason == .serverBusy)
        server.accept = { _ in nil }
        let publishing = server.client("c")
        _ = publishing.take()
        publishing.publish("t", qos: .atLeastOnce, id: 1)
        server.wait(seconds: 21)
        #expect(publishing.take().map(\.type) == [.disconnect])
        server.answer(0)
        #expect(publishing.take().isEmpty)
    }

    @Test("a client whose publishes of QoS 0 nobody decides in time is read from again")
    func readAgain() {
        let server = TestServer {
            $0.receiveMaximum = 1; $0.decisionTimeout = 20
        }
        server.accept = { _ in nil }
        let client = server.client("a")
        for _ in 0..<3 { client.publish("t") }
        #expect(server.pending.count == 2 && !client.connection.wantsToRead)
        server.wait(seconds: 21)
        #expect(server.pending.count == 3 && client.connection.wantsToRead && server.resumed > 0)
    }

    // MARK: Room

    @Test("what a retained message costs depends on its levels")
    func retainedLevels() {
        let server = TestServer { $0.retained.bytes = 20_000 }
        let client = server.client("a")
        _ = client.take()
        var refused = 0
        for number in 0..<10 {
            let deep = "\(number)" + String(repeating: "/", count: 30)
            client.publish(MQTTString(deep) ?? "", qos: .atLeastOnce, id: UInt16(number + 1), retain: true)
            for case .publishAcknowledgement(let packet) in client.take() where packet.reason == .quotaExceeded {
                refused += 1
            }
        }
        #expect(refused == 8)
    }

    @Test("what subscriptions cost depends on their levels, for a session and for its realm")
    func subscriptionLevels() {
        let server = TestServer {
            $0.subscriptionBytesPerSession = 20_000; $0.realm.subscriptionBytes = 30_000
        }
        func granted(_ name: MQTTString) -> Int {
            let client = server.client(name)
            _ = client.take()
            return (0..<10).count { number in
                client.subscribe(MQTTString("\(number)" + String(repeating: "/", count: 30)) ?? "")
                return client.take().contains { packet in
                    if case .subscribeAcknowledgement(let packet) = packet {
                        !packet.reasons[0].isFailure
                    } else {
                        false
                    }
                }
            }
        }
        #expect(granted("a") == 2)
        #expect(granted("b") == 1)
        server.broker.removeSession(key)
        server.run()
        #expect(granted("c") == 2, "what is unsubscribed is given back")
    }

    @Test("one realm cannot take the sessions and the queues of the others")
    func realms() {
        let server = TestServer { $0.realm = RealmLimits(sessions: 2, heldBytes: 2_000) }
        server.authenticate = { .accept(Admission(realm: $0.connect.userName ?? "")) }
        func connect(_ name: MQTTString, _ realm: MQTTString) -> TestClient {
            let client = server.open()
            client.send(.connect(Connect(clientID: name, userName: realm, properties: lasting)))
            return client
        }
        let away = connect("a", "one")
        away.subscribe("#")
        away.lose()
        let busy = connect("b", "one")
        #expect(connect("c", "one").connectAcknowledgement?.reason == .quotaExceeded)
        #expect(connect("c", "two").connectAcknowledgement?.reason == .success)
        for number in 1...20 { busy.publish("t", qos: .atLeastOnce, id: UInt16(number)) }
        let session = server.broker.session(SessionKey(realm: "one", clientID: "a"))
        let kept = session?.queuedCount ?? 0
        #expect(kept > 5 && kept < 15)
        #expect(session?.droppedCount == 20 - kept)
    }

    @Test("what has expired makes room, in queues and among retained messages")
    func expiredMakesRoom() {
        let server = TestServer {
            $0.queue.messages = 2; $0.retained.messages = 2
        }
        let away = server.client("a", properties: lasting)
        away.subscribe("#")
        away.lose()
        let client = server.client("b")
        _ = client.take()
        let brief: Properties = [.messageExpiryInterval(1)]
        client.publish("1", "brief", qos: .atLeastOnce, id: 1, retain: true, properties: brief)
        client.publish("2", "brief", qos: .atLeastOnce, id: 2, retain: true, properties: brief)
        server.wait(seconds: 2)
        client.publish("3", "lasting", qos: .atLeastOnce, id: 3, retain: true)
        client.publish("4", "lasting", qos: .atLeastOnce, id: 4, retain: true)
        let reasons = client.take().compactMap { packet -> ReasonCode? in
            if case .publishAcknowledgement(let packet) = packet { packet.reason } else { nil }
        }
        #expect(reasons == [.success, .success, .success, .success])
        let again = server.client("a", clean: false, properties: lasting)
        #expect(again.takePublishes().map(\.text) == ["lasting", "lasting"])
        let reader = server.client("r")
        reader.subscribe("#", SubscriptionOptions(qos: .atMostOnce))
        #expect(Set(reader.takePublishes().map(\.topic)) == ["3", "4"])
    }

    @Test("retained messages that expire one after the other make room as they do")
    func expiringRetained() {
        let server = TestServer { $0.retained.messages = 2_000 }
        let client = server.client("a")
        for number in 0..<2_000 {
            server.broker.now.milliseconds += 1
            let topic = MQTTString("\(number)") ?? ""
            client.publish(topic, retain: true, properties: number < 1_500 ? [.messageExpiryInterval(10)] : [])
        }
        server.wait(seconds: 20)
        _ = client.take()
        var refused = 0
        for number in 0..<1_500 {
            client.publish(MQTTString("new/\(number)") ?? "", qos: .atLeastOnce, id: 1, retain: true)
            for case .publishAcknowledgement(let packet) in client.take() where packet.reason == .quotaExceeded {
                refused += 1
            }
        }
        // At most the messages that do not expire are looked at in vain, 256 at a time.
        #expect(refused <= 2)
        let reader = server.client("r")
        reader.subscribe("#", SubscriptionOptions(qos: .atMostOnce))
        #expect(reader.takePublishes().count == 2_000 - refused)
    }

    @Test("a Will that cannot be retained is published all the same")
    func willWithoutRoom() {
        let server = TestServer { $0.retained.messages = 1 }
        let watcher = server.client("w")
        watcher.subscribe("#")
        watcher.publish("t", retain: true)
        _ = watcher.take()
        server.client("a", will: Will(topic: "will", payload: ByteSlice([1]), retain: true)).lose()
        #expect(watcher.takePublishes().map(\.topic) == ["will"])
        #expect(Array(server.retained.keys) == ["t"])
    }

    @Test("publishes that are decided late cannot retain more than there is room for")
    func lateRetained() {
        let server = TestServer { $0.retained.messages = 1 }
        server.accept = { _ in nil }
        let client = server.client("a")
        for number in 1...5 { client.publish(MQTTString("\(number)") ?? "", retain: true) }
        for index in 0..<5 { server.answer(index) }
        #expect(server.retained.count == 1)
    }

    @Test("a subscription gets all retained messages, as the client takes them, before what comes later")
    func manyRetained() {
        let server = TestServer {
            $0.unsentBytes = 1_000; $0.queue.messages = 10; $0.retained.messages = 3_000
        }
        let publisher = server.client("p")
        for number in 0..<3_000 { publisher.publish(MQTTString("t/\(number)") ?? "", "old", retain: true) }
        let client = server.client("a")
        client.subscribe("t/#")
        publisher.publish("t/1", "new", qos: .atLeastOnce, id: 1)
        var publishes: [Publish] = []
        while true {
            let some = client.takePublishes()
            guard !some.isEmpty else { break }
            #expect(some.count < 200)
            publishes += some
            for publish in some where publish.qos != .atMostOnce {
                client.send(.publishAcknowledgement(Acknowledgement(packetID: publish.packetID)))
            }
            client.flushed()
        }
        #expect(publishes.count == 3_001 && publishes.last?.text == "new")
        #expect(Set(publishes.map(\.topic)).count == 3_000)
        // Nobody may make the list longer and longer.
        let greedy = server.client("g")
        for number in 0..<5 {
            greedy.subscribe(MQTTString("+/" + (number == 0 ? "#" : "+")) ?? "", id: UInt16(number + 1))
        }
        let session = server.broker.session(SessionKey(realm: "", clientID: "g"))
        #expect(session?.queuedCount ?? .max < 3_000)
    }

    // MARK: What the client takes

    @Test("what is sent again keeps to the new connection's receive maximum")
    func quotaAtResumption() {
        let server = TestServer()
        let client = server.client("a", properties: lasting)
        client.subscribe("#")
        let other = server.client("b")
        for number in 1...6 { other.publish("t", "\(number)", qos: .atLeastOnce, id: UInt16(number)) }
        client.lose()
        let again = server.client("a", clean: false, properties: [.sessionExpiryInterval(600), .receiveMaximum(2)])
        var texts: [String] = []
        while true {
            let publishes = again.takePublishes()
            guard !publishes.isEmpty else { break }
            #expect(publishes.count <= 2)
            for publish in publishes {
                texts.append(publish.text)
                again.send(.publishAcknowledgement(Acknowledgement(packetID: publish.packetID)))
            }
        }
        #expect(texts == ["1", "2", "3", "4", "5", "6"])
    }

    @Test("no packet is larger than the client takes: explanations are left out")
    func maximumPacketSize() {
        let server = TestServer()
        let long = MQTTString(String(repeating: "x", count: 100)) ?? ""
        server.accept = { _ in .refuse(.quotaExceeded, [.reasonString(long), .userProperty(name: "a", value: long)]) }
        let client = server.client("a", properties: [.maximumPacketSize(50)])
        _ = client.take()
        client.publish("t", qos: .atLeastOnce, id: 1)
        #expect(
            client.take() == [.publishAcknowledgement(Acknowledgement(packetID: 1, reason: .quotaExceeded))])
        let requests = (0..<60).map { SubscriptionRequest(MQTTString("\($0)") ?? "") }
        client.send(.subscribe(Subscribe(packetID: 1, requests: requests)))
        #expect(client.take().isEmpty && client.isClosed)
        server.authenticate = { _ in .refuse(.banned, [.reasonString(long)]) }
        let refused = server.client("a", properties: [.maximumPacketSize(30)])
        #expect(refused.take() == [.connectAcknowledgement(ConnectAcknowledgement(reason: .banned))])
    }

    @Test("a payload that is not the text that it says it is is refused")
    func payloadFormat() {
        let server = TestServer()
        let client = server.client("a")
        _ = client.take()
        func publish(_ bytes: [UInt8], _ qos: QoS, isUTF8: Bool) {
            client.send(
                .publish(
                    Publish(
                        topic: "t", payload: ByteSlice(bytes), packetID: qos == .atMostOnce ? 0 : 1, qos: qos,
                        properties: [.payloadFormatIndicator(isUTF8: isUTF8)])))
        }
        publish([0xC3, 0xA9, 0], .atLeastOnce, isUTF8: true)
        publish([0xFF], .atLeastOnce, isUTF8: false)
        publish([0xFF], .atLeastOnce, isUTF8: true)
        let reasons = client.take().compactMap { packet -> ReasonCode? in
            if case .publishAcknowledgement(let packet) = packet { packet.reason } else { nil }
        }
        #expect(reasons == [.noMatchingSubscribers, .noMatchingSubscribers, .payloadFormatInvalid])
        publish([0xFF], .atMostOnce, isUTF8: true)
        #expect(client.disconnectReason == .payloadFormatInvalid)
        let will = Will(topic: "t", payload: ByteSlice([0xFF]), properties: [.payloadFormatIndicator(isUTF8: true)])
        #expect(server.client("b", will: will).connectAcknowledgement?.reason == .payloadFormatInvalid)
    }
}
