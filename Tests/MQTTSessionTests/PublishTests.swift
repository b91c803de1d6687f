import MQTTCodec
import MQTTSession
import Testing

@Suite("PUBLISH in both directions")
struct PublishTests {
    @Test("the acknowledgement waits for the acceptance, and keeps the order of the publishes")
    func acknowledgementWaits() {
        let server = TestServer()
        server.accept = { _ in nil }
        let client = server.client("a")
        _ = client.take()
        client.publish("t", qos: .atLeastOnce, id: 1)
        client.publish("t", qos: .exactlyOnce, id: 2)
        client.publish("t", qos: .atLeastOnce, id: 3)
        #expect(client.take().isEmpty)
        server.answer(2)
        server.answer(1)
        #expect(client.take().isEmpty)
        server.answer(0)
        #expect(client.take().map(\.type) == [.publishAcknowledgement, .publishReceived, .publishAcknowledgement])
    }

    @Test("a refusal is told with its reason; a client of MQTT 3.1.1 is closed without an acknowledgement")
    func refusal() {
        let server = TestServer()
        server.accept = { _ in .refuse(.quotaExceeded, [.userProperty(name: "limit", value: "10")]) }
        let client = server.client("a")
        _ = client.take()
        client.publish("t", qos: .atLeastOnce, id: 1)
        client.publish("t", qos: .exactlyOnce, id: 2)
        let properties: Properties = [.userProperty(name: "limit", value: "10")]
        #expect(
            client.take() == [
                .publishAcknowledgement(Acknowledgement(packetID: 1, reason: .quotaExceeded, properties: properties)),
                .publishReceived(Acknowledgement(packetID: 2, reason: .quotaExceeded, properties: properties)),
            ])
        let old = server.client("b", .v3_1_1)
        _ = old.take()
        old.publish("t", qos: .atLeastOnce, id: 1)
        #expect(old.take().isEmpty && old.isClosed)
    }

    @Test("a consumed message goes to nobody")
    func consumed() {
        let server = TestServer()
        server.accept = { _ in .consume }
        let client = server.client("a")
        client.subscribe("#")
        _ = client.take()
        client.publish("t", qos: .atLeastOnce, id: 1, retain: true)
        #expect(client.take() == [.publishAcknowledgement(Acknowledgement(packetID: 1))])
    }

    @Test("a QoS 2 message is taken once, however often it comes before its release")
    func exactlyOnce() {
        let server = TestServer()
        let watcher = server.client("w")
        watcher.subscribe("#")
        _ = watcher.take()
        let client = server.client("a", properties: [.sessionExpiryInterval(60)])
        client.publish("t", "one", qos: .exactlyOnce, id: 5)
        client.publish("t", "one", qos: .exactlyOnce, id: 5, duplicate: true)
        client.lose()
        let again = server.client("a", clean: false, properties: [.sessionExpiryInterval(60)])
        _ = again.take()
        again.publish("t", "one", qos: .exactlyOnce, id: 5, duplicate: true)
        #expect(again.take() == [.publishReceived(Acknowledgement(packetID: 5))])
        #expect(watcher.takePublishes().count == 1)
        again.send(.publishRelease(Acknowledgement(packetID: 5)))
        #expect(again.take() == [.publishComplete(Acknowledgement(packetID: 5))])
        again.send(.publishRelease(Acknowledgement(packetID: 5)))
        #expect(again.take() == [.publishComplete(Acknowledgement(packetID: 5, reason: .packetIdentifierNotFound))])
        again.publish("t", "two", qos: .exactlyOnce, id: 5)
        #expect(watcher.takePublishes().count == 1)
    }

    @Test("a QoS 2 message whose acceptance outlives its connection is not taken twice")
    func acceptanceOutlivesConnection() {
        let server = TestServer()
        server.accept = { _ in nil }
        let client = server.client("a", properties: [.sessionExpiryInterval(60)])
        client.publish("t", qos: .exactlyOnce, id: 5)
        client.publish("t", qos: .atLeastOnce, id: 6)
        client.lose()
        let again = server.client("a", clean: false, properties: [.sessionExpiryInterval(60)])
        _ = again.take()
        again.publish("t", qos: .exactlyOnce, id: 5, duplicate: true)
        #expect(server.pending.count == 2)
        server.answer(0)
        server.answer(1)
        // The QoS 1 publish was of the other connection: its identifier may mean another message by now.
        #expect(again.take().map(\.type) == [.publishReceived])
    }

    @Test("an identifier that a QoS 2 exchange holds cannot be used for something else")
    func identifierInUse() {
        let client = TestServer().client("a")
        _ = client.take()
        client.publish("t", qos: .exactlyOnce, id: 5)
        _ = client.take()
        client.publish("t", qos: .atLeastOnce, id: 5)
        #expect(
            client.take() == [.publishAcknowledgement(Acknowledgement(packetID: 5, reason: .packetIdentifierInUse))])
        client.subscribe("t", id: 5)
        client.send(.unsubscribe(Unsubscribe(packetID: 5, filters: ["t"])))
        let acknowledgement = SubscribeAcknowledgement(packetID: 5, reasons: [.packetIdentifierInUse])
        #expect(
            client.take() == [.subscribeAcknowledgement(acknowledgement), .unsubscribeAcknowledgement(acknowledgement)])
    }

    @Test("more unanswered publishes than allowed end the connection")
    func receiveMaximum() {
        let server = TestServer { $0.receiveMaximum = 3 }
        let client = server.client("a")
        for id in 1...3 { client.publish("t", qos: .exactlyOnce, id: UInt16(id)) }
        #expect(!client.isClosed)
        client.send(.publishRelease(Acknowledgement(packetID: 1)))
        client.publish("t", qos: .exactlyOnce, id: 4)
        #expect(!client.isClosed)
        client.publish("t", qos: .atLeastOnce, id: 9)
        #expect(client.disconnectReason == .receiveMaximumExceeded)
    }

    @Test("a client of MQTT 3.1.1 is not read from while too much of it is undecided")
    func slowAcceptance() {
        let server = TestServer { $0.receiveMaximum = 3 }
        server.accept = { _ in nil }
        let client = server.client("a", .v3_1_1)
        for id in 1...3 { client.publish("t", qos: .atLeastOnce, id: UInt16(id)) }
        #expect(!client.connection.wantsToRead && !client.isClosed)
        server.answer(0)
        #expect(client.connection.wantsToRead)
    }

    @Test("aliases stand for topics, end with the connection, and must be known")
    func inboundAliases() {
        let server = TestServer { $0.topicAliasMaximum = 2 }
        let watcher = server.client("w")
        watcher.subscribe("#")
        _ = watcher.take()
        let client = server.client("a", properties: [.sessionExpiryInterval(9)])
        client.publish("one", properties: [.topicAlias(1)])
        client.publish("", properties: [.topicAlias(1)])
        client.publish("two", properties: [.topicAlias(1)])
        client.publish("", properties: [.topicAlias(1)])
        #expect(watcher.takePublishes().map(\.topic) == ["one", "one", "two", "two"])
        client.publish("", properties: [.topicAlias(2)])
        #expect(client.disconnectReason == .protocolError)
        let again = server.client("a", clean: false)
        again.publish("", properties: [.topicAlias(1)])
        #expect(again.disconnectReason == .protocolError)
        let greedy = server.client("g")
        greedy.publish("x", properties: [.topicAlias(3)])
        #expect(greedy.disconnectReason == .topicAliasInvalid)
    }

    @Test("the server uses as many aliases as the client allows")
    func outboundAliases() {
        let server = TestServer()
        let client = server.client("a", properties: [.topicAliasMaximum(1)])
        client.subscribe("#")
        for topic: MQTTString in ["one", "one", "two", "one"] { client.publish(topic) }
        let publishes = client.takePublishes()
        #expect(publishes.map(\.topic) == ["one", "", "two", ""])
        #expect(publishes.map(\.properties.topicAlias) == [1, 1, nil, 1])
    }

    @Test("no more is in flight to a client than it allows, and the rest follows in order")
    func sendQuota() {
        let server = TestServer()
        let client = server.client("a", properties: [.receiveMaximum(2)])
        client.subscribe("#")
        let other = server.client("b")
        for number in 1...5 { other.publish("t", "\(number)", qos: .atLeastOnce, id: UInt16(number)) }
        var texts: [String] = []
        while true {
            let publishes = client.takePublishes()
            guard !publishes.isEmpty else { break }
            #expect(publishes.count <= 2)
            for publish in publishes {
                texts.append(publish.text)
                client.send(.publishAcknowledgement(Acknowledgement(packetID: publish.packetID)))
            }
        }
        #expect(texts == ["1", "2", "3", "4", "5"])
    }

    @Test("a message larger than the client takes is as good as sent")
    func maximumPacketSize() {
        let server = TestServer()
        let client = server.client("a", properties: [.maximumPacketSize(40), .receiveMaximum(1)])
        client.subscribe("#")
        let other = server.client("b")
        other.publish("t", String(repeating: "x", count: 60), qos: .atLeastOnce, id: 1)
        other.publish("t", "small", qos: .atLeastOnce, id: 2)
        #expect(client.takePublishes().map(\.text) == ["small"])
    }

    @Test("a client that does not read costs no more than its queue")
    func slowSubscriber() {
        let server = TestServer {
            $0.queue = QueueLimits(messages: 100, bytes: 1 << 20); $0.unsentBytes = 10_000
        }
        let slow = server.client("slow")
        slow.subscribe("#")
        let quick = server.client("quick")
        quick.subscribe("#")
        let other = server.client("b")
        let text = String(repeating: "x", count: 1_000)
        var arrived = 0
        for _ in 0..<1_000 {
            other.publish("t", text)
            arrived += quick.takePublishes().count
            quick.flushed()
        }
        #expect(arrived == 1_000)
        #expect(slow.takePublishes().count <= 11)
        let session = server.broker.session(SessionKey(realm: "", clientID: "slow"))
        #expect(session?.queuedCount == 100)
        slow.flushed()
        #expect(slow.takePublishes().count == 10)
        #expect(session?.queuedCount == 90)
    }

    @Test("everything that a publisher says goes with the message, in its order")
    func properties() {
        let server = TestServer()
        let client = server.client("a")
        client.subscribe("#")
        let properties: Properties = [
            .userProperty(name: "a", value: "2"), .contentType("text"), .userProperty(name: "c", value: "3"),
            .payloadFormatIndicator(isUTF8: true), .responseTopic("r"), .correlationData(ByteSlice([1])),
        ]
        client.publish("t", properties: properties)
        #expect(client.takePublishes()[0].properties == properties)
    }
}
