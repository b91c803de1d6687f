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

    @Test("what is too large for one member goes to another")
    func tooLarge() {
        let server = TestServer()
        let small = server.client("small", properties: [.maximumPacketSize(50)])
        small.subscribe("$share/g/t")
        let large = member(server, 1)
        let publisher = server.client("p")
        for number in 1...4 {
            publisher.publish("t", String(repeating: "x", count: 100), qos: .atLeastOnce, id: UInt16(number))
        }
        #expect(large.takePublishes().count == 4)
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

    @Test("a member without room leaves a message to one with room, and those that are there to those that are away")
    func withoutRoom() {
        let server = TestServer { $0.queue.messages = 5 }
        let slow: Properties = [.sessionExpiryInterval(60), .receiveMaximum(1)]
        let names: [MQTTString] = ["m1", "m2"]
        let members = names.map { name in
            let client = server.client(name, properties: slow)
            client.subscribe("$share/g/t")
            return client
        }
        members[0].subscribe("own", id: 2)
        member(server, 3).lose()
        func session(_ name: MQTTString) -> Session? { server.broker.session(SessionKey(realm: "", clientID: name)) }
        let publisher = server.client("p")
        for number in 1...6 { publisher.publish("own", qos: .atLeastOnce, id: UInt16(number)) }
        for number in 7...12 { publisher.publish("t", qos: .atLeastOnce, id: UInt16(number)) }
        #expect(session("m1")?.droppedCount == 0 && session("m2")?.queuedCount == 5)
        publisher.publish("t", qos: .atLeastOnce, id: 13)
        #expect(session("m3")?.queuedCount == 1)
        publisher.publish("t", qos: .atMostOnce)
        let dropped = (names + ["m3"]).map { session($0)?.droppedCount ?? 0 }
        #expect(dropped.reduce(0, +) == 1)
    }

    @Test("a share is found among many of its filter, and no longer when it is empty")
    func manyShares() {
        var tree = TopicTree<Int>()
        func name(_ number: Int) -> MQTTString { MQTTString("s\(number)") ?? "" }
        func leave(_ number: Int) -> Bool { tree.remove(number, filter: "t", shareName: name(number)) }
        func join(_ number: Int) -> Bool {
            tree.insert(number, filter: "t", shareName: name(number), Subscription(SubscriptionOptions()))
        }
        func found() -> [Int] {
            var found: [Int] = []
            tree.match("t") { _, _ in
            } shared: { group in
                if let (member, _) = group.choose({ _ in true }) { found.append(member) }
            }
            return found.sorted()
        }
        let joined = (0..<30).filter { join($0) }
        let left = (0..<30).filter { $0 % 3 != 0 && leave($0) && !leave($0) }
        let kept = joined.filter { $0 % 3 == 0 }
        #expect(joined.count == 30 && left.count == 20 && found() == kept)
        let isNew = join(9)
        let leftToo = kept.dropLast().filter { leave($0) }
        #expect(!isNew && leftToo.count == 9 && found() == [27] && tree.count == 1)
    }

    @Test("in MQTT 3.1.1 what is no share is a filter like others")
    func noShare() {
        let server = TestServer()
        let client = server.client("a", .v3_1_1)
        client.subscribe("$share/g")
        client.publish("$share/g", "x")
        #expect(client.takePublishes().map(\.text) == ["x"])
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
