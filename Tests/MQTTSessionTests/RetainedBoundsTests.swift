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

    @Test("the filters of one SUBSCRIBE cannot ask for them again and again")
    func manyFilters() {
        let server = server(10) { $0.retained.messages = 10 }
        #expect(
            reasons(server.client("a"), ["#", "+/#", "+/+", "t/#", "t/+"])
                == [.granted(.atLeastOnce), .granted(.atLeastOnce), .quotaExceeded, .quotaExceeded, .quotaExceeded])
        let client = server.client("b")
        #expect(reasons(client, [MQTTString](repeating: "#", count: 500)).allSatisfy { !$0.isFailure })
        #expect(client.takePublishes().count == 10)
    }

    @Test("what waits is counted in bytes, for a session and for its realm")
    func bytes() {
        let mean = server(5, size: 1_000) {
            $0.unsentBytes = 1; $0.retained.bytes = 10_000
        }
        let client = mean.client("a")
        let all = (0..<3).map { _ in
            _ = client.take()
            return reasons(client, ["#"])[0].isFailure
        }
        #expect(all == [false, false, true])
        let shared = server(5, size: 1_000) {
            $0.unsentBytes = 1; $0.realm.queuedBytes = 3_000
        }
        let first = shared.client("a")
        #expect(reasons(first, ["#"]) == [.granted(.atLeastOnce)])
        #expect(reasons(shared.client("b"), ["#"]) == [.quotaExceeded])
        first.lose()
        #expect(reasons(shared.client("c"), ["#"]) == [.granted(.atLeastOnce)])
    }

    @Test("a client that has them searched for nothing waits for its turn")
    func visits() {
        let server = server(100) { $0.retainedVisits = 50 }
        let client = server.client("a")
        #expect(
            reasons(client, ["+/+/a", "+/+/b", "x"]) == [.granted(.atLeastOnce), .quotaExceeded, .quotaExceeded])
        _ = client.take()
        client.send(.pingRequest)
        #expect(client.take().isEmpty && !client.connection.wantsToRead)
        server.wait(seconds: 1)
        #expect(client.take() == [.pingResponse] && client.connection.wantsToRead && server.resumed == 1)
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
