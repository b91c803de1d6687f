import MQTTCodec
import Testing

@testable import MQTTSession

@Suite("what is kept for clients is counted until it is gone")
struct HeldBytesTests {
    private let lasting: Properties = [.sessionExpiryInterval(600)]

    private func publish(_ count: Int, size: Int, _ client: TestClient, qos: QoS = .atLeastOnce) {
        let text = String(repeating: "x", count: size)
        for number in 1...count {
            client.publish("t", text, qos: qos, id: UInt16(number))
            client.send(.publishRelease(Acknowledgement(packetID: UInt16(number))))
        }
    }

    @Test("messages in flight count until they are acknowledged", arguments: [QoS.atLeastOnce, .exactlyOnce])
    func inflight(_ qos: QoS) {
        let server = TestServer { $0.queue.bytes = 10_000 }
        let client = server.client("a")
        client.subscribe("t")
        publish(20, size: 1_000, server.client("p"), qos: qos)
        let sent = client.takePublishes()
        #expect(sent.count == 8)
        let session = server.broker.session(SessionKey(realm: "", clientID: "a"))
        #expect(session?.droppedCount == 12 && session?.queuedCount == 0)
        for publish in sent {
            let acknowledgement = Acknowledgement(packetID: publish.packetID)
            client.send(
                qos == .atLeastOnce ? .publishAcknowledgement(acknowledgement) : .publishReceived(acknowledgement))
        }
        publish(3, size: 1_000, server.client("p"), qos: qos)
        #expect(client.takePublishes().count == 3)
    }

    @Test("messages in flight to one client leave no room to the others of its realm")
    func realm() {
        let server = TestServer { $0.realm.heldBytes = 10_000 }
        let client = server.client("a")
        client.subscribe("t")
        let away = server.client("b", properties: lasting)
        away.subscribe("t")
        away.lose()
        publish(20, size: 1_000, server.client("p"))
        let kept = server.broker.session(SessionKey(realm: "", clientID: "b"))?.queuedCount ?? 0
        #expect(client.takePublishes().count + kept == 8)
    }

    @Test("subscription identifiers count, of which a small message may have many")
    func identifiers() throws {
        let server = TestServer { $0.queue = QueueLimits(messages: 1_000, bytes: 100_000) }
        let client = server.client("a", properties: lasting)
        let levels = ["a", "+"]
        for number in 0..<256 {
            let filter = (0..<8).map { levels[number >> $0 & 1] }.joined(separator: "/")
            client.subscribe(try #require(MQTTString(filter)), identifier: number + 1)
        }
        client.lose()
        let publisher = server.client("p")
        for number in 1...100 { publisher.publish("a/a/a/a/a/a/a/a", qos: .atLeastOnce, id: UInt16(number)) }
        let session = try #require(server.broker.session(SessionKey(realm: "", clientID: "a")))
        #expect(session.queuedCount > 30 && session.queuedCount < 50)
    }

    @Test("a share gives a message to a member that may hold it")
    func share() {
        let server = TestServer { $0.queue.bytes = 3_000 }
        let names: [MQTTString] = ["m1", "m2", "m3"]
        let members = names.map { name in
            let client = server.client(name)
            client.subscribe("$share/g/t")
            return client
        }
        members[0].subscribe("own", id: 2)
        let publisher = server.client("p")
        for number in 1...2 {
            publisher.publish("own", String(repeating: "x", count: 1_000), qos: .atLeastOnce, id: UInt16(number))
        }
        publish(4, size: 1_000, publisher)
        #expect(members.map { $0.takePublishes().count } == [2, 2, 2])
    }

    @Test("a Will counts in its realm, until it is published, removed or replaced")
    func wills() {
        let server = TestServer { $0.realm.willBytes = 2_500 }
        func connect(_ name: MQTTString, size: Int, properties: Properties = []) -> TestClient {
            let payload = ByteSlice([UInt8](repeating: 1, count: size))
            return server.client(
                name, will: Will(topic: "t", payload: payload, properties: properties), properties: lasting)
        }
        func reason(_ name: MQTTString, size: Int) -> ReasonCode? {
            connect(name, size: size).connectAcknowledgement?.reason
        }
        let first = connect("a", size: 1_000, properties: [.willDelayInterval(10)])
        #expect(reason("b", size: 1_000) == .success)
        #expect(reason("c", size: 1_000) == .quotaExceeded)
        #expect(server.client("c").connectAcknowledgement?.reason == .success)
        #expect(reason("b", size: 1_100) == .success, "in place of its own")
        first.lose()
        #expect(reason("d", size: 1_000) == .quotaExceeded)
        server.wait(seconds: 11)
        let last = connect("d", size: 1_000)
        #expect(last.connectAcknowledgement?.reason == .success)
        last.send(.disconnect(Disconnect()))
        #expect(reason("e", size: 1_000) == .success)
    }

    @Test("a retained message that finds no room is sent when nothing else is in flight")
    func retainedWithoutRoom() {
        let server = TestServer { $0.queue.bytes = 2_500 }
        let publisher = server.client("p")
        for number in 0..<5 {
            publisher.publish(MQTTString("t/\(number)") ?? "", String(repeating: "x", count: 3_000), retain: true)
        }
        publisher.publish("u", qos: .atLeastOnce, id: 1, retain: true)
        let client = server.client("a")
        client.subscribe("u")
        client.subscribe("t/#", SubscriptionOptions(qos: .atMostOnce), id: 2)
        #expect(client.takePublishes().count == 6)
        publisher.publish("t/0", String(repeating: "x", count: 3_000), qos: .atLeastOnce, id: 1, retain: true)
        let other = server.client("b")
        other.subscribe("t/#")
        #expect(other.takePublishes().count == 5)
    }

    // MARK: Whatever happens

    /// What a realm counts is what its sessions have.
    private func check(_ server: TestServer, _ comment: Comment) {
        for realm in server.broker.realms.values {
            let sessions = realm.sessions.values
            func sum(_ bytes: (Session) -> Int) -> Int { sessions.reduce(0) { $0 + bytes($1) } }
            #expect(
                realm.heldBytes
                    == sum { session in
                        session.queue.all.reduce(0) { $0 + $1.footprint }
                            + session.inflight.all.reduce(0) { $0 + ($1.delivery?.footprint ?? 0) }
                    }, comment)
            #expect(realm.willBytes == sum { $0.will?.footprint ?? 0 }, comment)
            #expect(realm.retainedWaitingBytes == sum { $0.retained.bytes }, comment)
            #expect(
                realm.subscriptionBytes == sum { $0.subscriptions.keys.reduce(0) { $0 + Subscription.footprint($1) } })
            for session in sessions {
                #expect(session.retained.count == 0 || !session.retained.isEmpty, comment)
                #expect(session.memberships.keys.allSatisfy { session.subscriptions[$0] != nil }, comment)
            }
        }
    }

    @Test(
        "for random sequences every realm counts what its sessions have, and nothing when they are gone",
        arguments: 0..<30)
    func random(_ seed: UInt64) {
        var generator = SplitMix(state: seed)
        let server = TestServer {
            $0.queue = QueueLimits(messages: 8, bytes: 6_000)
            $0.realm = RealmLimits(sessions: 5, subscriptionBytes: 1 << 20, heldBytes: 12_000, willBytes: 2_000)
            $0.retained = QueueLimits(messages: 20, bytes: 20_000)
            $0.unsentBytes = 3_000
            $0.retainedVisits = 12
            $0.outboundInflight = 4
        }
        func draw(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
        func any<Element>(_ list: [Element]) -> Element { list[draw(0..<list.count)] }
        let names: [MQTTString] = ["a", "b", "c", "d", "e", "f"]
        let filters: [MQTTString] = ["#", "+/x", "t/x", "$share/g/#", "$share/h/t/+", "t/#"]
        let topics: [MQTTString] = ["t", "t/x", "u/x", "v"]
        let levels: [QoS] = [.atMostOnce, .atLeastOnce, .exactlyOnce]
        var clients: [MQTTString: TestClient] = [:]
        func connect(_ name: MQTTString) {
            let will = Will(
                topic: any(topics), payload: ByteSlice([UInt8](repeating: 1, count: draw(0..<800))), qos: any(levels),
                properties: [.willDelayInterval(UInt32(draw(0..<20)))])
            clients[name] = server.client(
                name, clean: draw(0..<3) == 0, will: draw(0..<2) == 0 ? will : nil,
                properties: [.sessionExpiryInterval(UInt32(any([0, 30, 600]))), .receiveMaximum(UInt16(draw(1..<6)))])
        }
        func acknowledge(_ client: TestClient) {
            for publish in client.takePublishes() where draw(0..<4) > 0 {
                let answer = Acknowledgement(packetID: publish.packetID)
                switch publish.qos {
                case .atMostOnce: break
                case .atLeastOnce: client.send(.publishAcknowledgement(answer))
                case .exactlyOnce:
                    client.send(.publishReceived(answer))
                    if draw(0..<3) > 0 { client.send(.publishComplete(answer)) }
                }
            }
        }
        func restart(_ name: MQTTString) {
            let key = SessionKey(realm: "", clientID: name)
            guard let snapshot = server.persisted[key] else { return }
            server.broker.removeSession(key)
            server.run()
            server.broker.restore(snapshot)
            server.run()
        }
        for step in 0..<400 {
            let name = any(names)
            guard let client = clients[name], !client.isClosed else {
                connect(name)
                continue
            }
            switch draw(0..<12) {
            case 0: connect(name)
            case 1: client.lose()
            case 2: client.subscribe(any(filters), SubscriptionOptions(qos: any(levels)), identifier: draw(1..<9))
            case 3: client.send(.unsubscribe(Unsubscribe(packetID: 1, filters: [any(filters)])))
            case 4: acknowledge(client)
            case 5: client.flushed()
            case 6: server.wait(seconds: Double(draw(0..<20)))
            case 7: restart(name)
            case 8: client.send(.disconnect(Disconnect(reason: draw(0..<2) == 0 ? .success : .disconnectWithWill)))
            default:
                client.publish(
                    any(topics), String(repeating: "x", count: draw(0..<1_500)), qos: any(levels),
                    id: UInt16(draw(1..<100)),
                    retain: draw(0..<3) == 0, properties: draw(0..<3) == 0 ? [.messageExpiryInterval(5)] : [])
            }
            check(server, "step \(step)")
        }
        for name in names { server.broker.removeSession(SessionKey(realm: "", clientID: name)) }
        server.run()
        check(server, "the end")
        for realm in server.broker.realms.values {
            #expect(realm.heldBytes == 0 && realm.willBytes == 0 && realm.retainedWaitingBytes == 0)
            #expect(realm.subscriptionBytes == 0 && realm.sessions.isEmpty)
        }
    }
}
