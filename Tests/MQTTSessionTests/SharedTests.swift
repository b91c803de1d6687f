import MQTTCodec
import MQTTSession
import Testing

@Suite("shared subscriptions (§4.8.2)")
struct SharedTests {
    private let lasting: Properties = [.sessionExpiryInterval(60)]

    private func member(_ server: TestServer, _ number: Int, _ filter: MQTTString = "$share/g/t") -> TestClient {
        let client = server.client(MQTTString("m\(number)") ?? "", properties: lasting)
        client.subscribe(filter)
        _ = client.take()
        return client
    }

    @Test("a client that subscribes by itself and by a share gets the message by both")
    func both() {
        let server = TestServer()
        let client = server.client("a")
        client.subscribe("t", SubscriptionOptions(qos: .atMostOnce), identifier: 1)
        client.subscribe("$share/g/t", SubscriptionOptions(qos: .atLeastOnce), id: 2, identifier: 2)
        client.subscribe("$share/h/t", SubscriptionOptions(qos: .exactlyOnce), id: 3, identifier: 3)
        server.client("p").publish("t", qos: .exactlyOnce, id: 1)
        let publishes = client.takePublishes().sorted { $0.qos < $1.qos }
        #expect(publishes.map(\.qos) == [.atMostOnce, .atLeastOnce, .exactlyOnce])
        #expect(publishes.map(\.properties.subscriptionIdentifiers) == [[1], [2], [3]])
    }

    @Test("a member that is there is found among a hundred that are away")
    func oneAwake() {
        let server = TestServer()
        let members = (0..<100).map { member(server, $0) }
        for (number, client) in members.enumerated() where number != 70 { client.lose() }
        let publisher = server.client("p")
        for number in 1...20 { publisher.publish("t", qos: .atLeastOnce, id: UInt16(number)) }
        #expect(members[70].takePublishes().count == 20)
        members[70].lose()
        publisher.publish("t", "later", qos: .atLeastOnce, id: 21)
        let back = server.client("m3", clean: false, properties: lasting)
        _ = back.take()
        publisher.publish("t", "now", qos: .atLeastOnce, id: 22)
        #expect(back.takePublishes().map(\.text) == ["now"])
    }

    @Test("what a member has not acknowledged when its session ends goes to another, unless it is of QoS 2")
    func sessionEnds() {
        let server = TestServer()
        let first = member(server, 1)
        let publisher = server.client("p")
        publisher.publish("t", "one", qos: .atLeastOnce, id: 1)
        publisher.publish("t", "two", qos: .exactlyOnce, id: 2)
        publisher.publish("t", "done", qos: .atLeastOnce, id: 3)
        let sent = first.takePublishes()
        first.send(.publishAcknowledgement(Acknowledgement(packetID: sent[2].packetID)))
        first.lose()
        publisher.publish("t", "kept", qos: .exactlyOnce, id: 4)
        let second = member(server, 2)
        server.wait(seconds: 61)
        #expect(second.takePublishes().map(\.text) == ["one", "kept"])
    }

    @Test("a member that refuses a message keeps it from the others")
    func refused() {
        let server = TestServer()
        let first = member(server, 1)
        server.client("p").publish("t", qos: .atLeastOnce, id: 1)
        let second = member(server, 2)
        let id = first.takePublishes()[0].packetID
        first.send(.publishAcknowledgement(Acknowledgement(packetID: id, reason: .unspecifiedError)))
        server.broker.removeSession(SessionKey(realm: "", clientID: "m1"))
        server.run()
        #expect(second.takePublishes().isEmpty)
    }
}
