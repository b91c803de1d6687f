import MQTTCodec
import MQTTSession
import Testing

@Suite("what clients can ask of the retained messages")
struct RetainedBoundsTests {
    private func server(_ count: Int, size: Int = 1, _ change: (inout BrokerOptions) -> Void = { _ in }) -> TestServer {
        let server = TestServer(change)
        let publisher = server.client("p")
        let text = String(repeating: "x", count: size)
        for number in 0..<count { publisher.publish(MQTTString("t/\(number)") ?? "", text, retain: true) }
        return server
    }

    private func reasons(_ client: TestClient, _ filters: [MQTTString]) -> [ReasonCode] {
        let requests = filters.map { SubscriptionRequest($0, SubscriptionOptions(qos: .atLeastOnce)) }
        client.send(.subscribe(Subscribe(packetID: 1, requests: requests)))
        for case .subscribeAcknowledgement(let packet) in client.received { return packet.reasons }
        return []
    }

    @Test("the filters of one SUBSCRIBE are searched for one after the other, as the client takes what they find")
    func manyFilters() {
        let server = server(10) { $0.unsentBytes = 100 }
        let client = server.client("a")
        #expect(reasons(client, ["#", "+/#", "+/+", "t/#", "t/+"]).allSatisfy { !$0.isFailure })
        var count = client.takePublishes().count
        while true {
            #expect((server.broker.session(SessionKey(realm: "", clientID: "a"))?.queuedCount ?? 0) <= 10)
            client.flushed()
            let more = client.takePublishes().count
            guard more > 0 else { break }
            count += more
        }
        #expect(count == 50)
        let twice = server.client("b")
        #expect(reasons(twice, [MQTTString](repeating: "#", count: 500)).allSatisfy { !$0.isFailure })
        count = 0
        repeat {
            count += twice.takePublishes().count
            twice.flushed()
        } while !twice.received.isEmpty
        #expect(count == 10)
    }

    @Test("what is found is counted in bytes for the realm, and what is not found yet waits for room")
    func bytes() {
        let server = server(5, size: 1_000) {
            $0.unsentBytes = 1; $0.realm.heldBytes = 3_000
        }
        let first = server.client("a")
        #expect(reasons(first, ["#"]) == [.granted(.atLeastOnce)])
        let second = server.client("b")
        #expect(reasons(second, ["#"]) == [.quotaExceeded])
        #expect(reasons(server.client("c"), ["x", "$share/g/#"]) == [.quotaExceeded, .granted(.atLeastOnce)])
        first.lose()
        let third = server.client("d")
        #expect(reasons(third, ["#", "+/+"]) == [.granted(.atLeastOnce), .granted(.atLeastOnce)])
        var count = third.takePublishes().count
        for _ in 0..<20 {
            third.flushed()
            server.wait(seconds: 1)
            count += third.takePublishes().count
        }
        #expect(count == 10)
    }

    @Test("a filter that is unsubscribed or asked for again is not searched for twice")
    func askedAgain() {
        let server = server(10) { $0.unsentBytes = 100 }
        func count(_ packets: Packet...) -> Int {
            let client = server.client("a")
            client.subscribe("#")
            var count = client.takePublishes().count
            for packet in packets { client.send(packet) }
            repeat {
                client.flushed()
                let more = client.takePublishes().count
                guard more > 0 else { return count }
                count += more
            } while true
        }
        let first = count(.unsubscribe(Unsubscribe(packetID: 2, filters: ["#"])))
        #expect(first < 10)
        let again = Packet.subscribe(Subscribe(packetID: 2, requests: [SubscriptionRequest("#")]))
        #expect(count(again) == first + 10)
    }

    @Test("a client that has them searched for nothing waits for its turn")
    func visits() {
        let server = server(100) { $0.retainedVisits = 50 }
        let client = server.client("a")
        #expect(reasons(client, ["+/+/a", "+/+/b", "t/7"]).allSatisfy { !$0.isFailure })
        #expect(client.takePublishes().isEmpty)
        client.send(.pingRequest)
        #expect(client.take().isEmpty && !client.connection.wantsToRead)
        server.broker.tick()
        server.run()
        #expect(client.take().isEmpty && !client.connection.wantsToRead, "the second is searched for")
        server.broker.tick()
        server.run()
        #expect(client.take().map(\.type) == [.publish, .pingResponse] && client.connection.wantsToRead)
        #expect(server.resumed == 2)
    }

    @Test(
        "without room a message goes to the subscribers; a client of MQTT 3.1.1, which cannot be told, is acknowledged")
    func withoutRoom() {
        let server = server(1) { $0.retained.messages = 1 }
        let watcher = server.client("w")
        watcher.subscribe("#")
        _ = watcher.take()
        let old = server.client("o", .v3_1_1)
        _ = old.take()
        old.publish("new", qos: .atLeastOnce, id: 1, retain: true)
        #expect(old.take() == [.publishAcknowledgement(Acknowledgement(packetID: 1))])
        server.client("n").publish("newer", retain: true)
        #expect(watcher.takePublishes().map(\.topic) == ["new", "newer"])
        #expect(Array(server.retained.keys) == ["t/0"])
    }

    @Test("a message that found no room is not hidden by the one before it")
    func notHidden() {
        let server = server(1) { $0.retained.bytes = 2_000 }
        server.client("o", .v3_1_1).publish("t/0", String(repeating: "x", count: 3_000), retain: true)
        #expect(server.retained.isEmpty)
        let reader = server.client("r")
        reader.subscribe("#")
        #expect(reader.takePublishes().isEmpty)
    }
}
