import MQTTCodec
import MQTTSession
import Testing

@Suite("sessions, Wills and what is kept for clients that are away")
struct SessionTests {
    private let key = SessionKey(realm: "", clientID: "a")

    @Test("a session lives as long as it was asked to")
    func expiry() {
        let server = TestServer()
        server.client("a", properties: [.sessionExpiryInterval(5)]).lose()
        server.wait(seconds: 4)
        #expect(
            server.client("a", clean: false, properties: [.sessionExpiryInterval(5)]).connectAcknowledgement?
                .sessionPresent == true)
        server.broker.session(key)?.connection?.lost()
        server.wait(seconds: 5.1)
        #expect(server.client("a", clean: false).connectAcknowledgement?.sessionPresent == false)
    }

    @Test("DISCONNECT changes how long, but cannot begin what CONNECT did not")
    func expiryAtDisconnect() {
        let server = TestServer()
        let client = server.client("a", properties: [.sessionExpiryInterval(1)])
        client.send(.disconnect(Disconnect(properties: [.sessionExpiryInterval(10)])))
        #expect(client.isClosed)
        server.wait(seconds: 9)
        #expect(server.broker.session(key) != nil)
        server.wait(seconds: 2)
        #expect(server.broker.session(key) == nil)
        let short = server.client("a")
        short.send(.disconnect(Disconnect(properties: [.sessionExpiryInterval(10)])))
        #expect(short.disconnectReason == .protocolError)
    }

    @Test("MQTT 3.1.1 keeps a session for ever or not at all")
    func cleanSession() {
        let server = TestServer()
        server.client("a", .v3_1_1, clean: false).lose()
        server.wait(seconds: 1_000_000)
        #expect(server.client("a", .v3_1_1, clean: false).connectAcknowledgement?.sessionPresent == true)
        #expect(server.client("a", .v3_1_1).connectAcknowledgement?.sessionPresent == false)
        server.broker.session(key)?.connection?.lost()
        #expect(server.broker.session(key) == nil)
    }

    @Test("messages wait for a client that is away, as many as there is room for")
    func queue() {
        let server = TestServer { $0.queue.messages = 3 }
        let client = server.client("a", properties: [.sessionExpiryInterval(60)])
        client.subscribe("#")
        client.lose()
        let other = server.client("b")
        other.publish("t", "zero")
        for number in 1...5 { other.publish("t", "\(number)", qos: .atLeastOnce, id: UInt16(number)) }
        let again = server.client("a", clean: false, properties: [.sessionExpiryInterval(60)])
        let publishes = again.takePublishes()
        #expect(publishes.map(\.text) == ["1", "2", "3"])
        #expect(publishes.map(\.packetID) == [1, 2, 3])
        #expect(server.broker.session(key)?.droppedCount == 2)
    }

    @Test("messages age, and those that are too old are not sent")
    func messageExpiry() {
        let server = TestServer()
        server.client("a", properties: [.sessionExpiryInterval(60)]).subscribe("#")
        server.broker.session(key)?.connection?.lost()
        let other = server.client("b")
        other.publish("t", "short", qos: .atLeastOnce, id: 1, properties: [.messageExpiryInterval(1)])
        other.publish("t", "long", qos: .atLeastOnce, id: 2, properties: [.messageExpiryInterval(6)])
        server.wait(seconds: 3)
        let publishes = server.client("a", clean: false).takePublishes()
        #expect(publishes.map(\.text) == ["long"])
        #expect(publishes[0].properties.messageExpiryInterval == 3)
    }

    @Test("what was not acknowledged is sent again in its order, and PUBREL in its place")
    func redelivery() {
        let server = TestServer()
        let client = server.client("a", properties: [.sessionExpiryInterval(60)])
        client.subscribe("#")
        let other = server.client("b")
        for number in 1...4 {
            other.publish("t", "\(number)", qos: number % 2 == 0 ? .exactlyOnce : .atLeastOnce, id: UInt16(number))
        }
        let ids = client.takePublishes().map(\.packetID)
        client.send(.publishAcknowledgement(Acknowledgement(packetID: ids[0])))
        client.send(.publishReceived(Acknowledgement(packetID: ids[1])))
        client.lose()
        let again = server.client("a", clean: false, properties: [.sessionExpiryInterval(60)])
        let packets = again.take()
        #expect(packets.map(\.type) == [.connectAcknowledgement, .publishRelease, .publish, .publish])
        let publishes = packets.compactMap { if case .publish(let publish) = $0 { publish } else { nil } }
        #expect(publishes.map(\.text) == ["3", "4"])
        #expect(publishes.map(\.duplicate) == [true, true])
        #expect(publishes.map(\.packetID) == Array(ids[2...]))
    }

    @Test("the Will is published when the client goes without a word, and not when it says goodbye")
    func will() {
        let server = TestServer()
        let watcher = server.client("w")
        watcher.subscribe("wills/+")
        let will = Will(
            topic: "wills/a", payload: ByteSlice([0x21]), properties: [.userProperty(name: "k", value: "v")])
        server.client("a", will: will).lose()
        let publishes = watcher.takePublishes()
        #expect(publishes.map(\.text) == ["!"])
        #expect(publishes[0].properties.userProperties.count == 1)
        server.client("a", will: will).send(.disconnect(Disconnect()))
        #expect(watcher.takePublishes().isEmpty)
        server.client("a", will: will).send(.disconnect(Disconnect(reason: .disconnectWithWill)))
        #expect(watcher.takePublishes().count == 1)
        server.client("a", will: will).send(bytes: [0x00])
        #expect(watcher.takePublishes().count == 1)
    }

    @Test("a delayed Will comes after its delay or with the session's end, and never when the client is back before")
    func willDelay() {
        let server = TestServer()
        let watcher = server.client("w")
        watcher.subscribe("#")
        let will = Will(topic: "will", payload: ByteSlice([0x21]), properties: [.willDelayInterval(3)])
        func connect(_ expiry: UInt32, clean: Bool = true) -> TestClient {
            server.client("a", clean: clean, will: will, properties: [.sessionExpiryInterval(expiry)])
        }
        connect(5).lose()
        server.wait(seconds: 2.9)
        #expect(watcher.takePublishes().isEmpty)
        server.wait(seconds: 0.2)
        #expect(watcher.takePublishes().count == 1)
        connect(0).lose()
        #expect(watcher.takePublishes().count == 1)
        connect(1).lose()
        server.wait(seconds: 1.1)
        #expect(watcher.takePublishes().count == 1)
        connect(5).lose()
        connect(5, clean: false).send(.disconnect(Disconnect()))
        server.wait(seconds: 10)
        #expect(watcher.takePublishes().isEmpty)
        connect(5).lose()
        _ = connect(5, clean: true)
        #expect(watcher.takePublishes().count == 1)
    }

    @Test("a session that was persisted goes on in another server")
    func restart() throws {
        let server = TestServer()
        let client = server.client("a", properties: [.sessionExpiryInterval(60)])
        client.subscribe("#", identifier: 7)
        let other = server.client("b")
        other.publish("t", "sent", qos: .exactlyOnce, id: 1)
        client.publish("mine", qos: .exactlyOnce, id: 9)
        client.lose()
        other.publish("t", "kept", qos: .atLeastOnce, id: 2)
        server.wait(seconds: 1)
        let snapshot = try #require(server.persisted[key])
        let next = TestServer()
        next.broker.restore(snapshot)
        next.client("b").publish("t", "new", qos: .atLeastOnce, id: 1)
        let again = next.client("a", clean: false, properties: [.sessionExpiryInterval(60)])
        let packets = again.take()
        guard case .connectAcknowledgement(let answer) = packets[0] else { return #expect(Bool(false)) }
        #expect(answer.sessionPresent)
        let publishes = packets.compactMap { if case .publish(let publish) = $0 { publish } else { nil } }
        #expect(publishes.map(\.text) == ["sent", "x", "kept", "new"])
        #expect(publishes[3].properties.subscriptionIdentifiers == [7])
        #expect(publishes[0].duplicate && publishes[0].packetID == 1)
        again.publish("mine", qos: .exactlyOnce, id: 9, duplicate: true)
        #expect(next.pending.isEmpty)
        #expect(again.take() == [.publishReceived(Acknowledgement(packetID: 9))])
        _ = next.client("a")
        next.wait(seconds: 1)
        #expect(next.persisted.isEmpty)
    }
}
