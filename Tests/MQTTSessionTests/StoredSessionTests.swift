import MQTTCodec
import Testing

@testable import MQTTSession

@Suite("sessions are stored as often as they are worth, and taken up as they would be now")
struct StoredSessionTests {
    private let key = SessionKey(realm: "", clientID: "a")
    private let lasting: Properties = [.sessionExpiryInterval(60)]

    // MARK: Storing

    /// A client that is away with so many messages waiting for it.
    private func away(_ count: Int, _ server: TestServer) -> TestClient {
        let client = server.client("a", properties: lasting)
        client.subscribe("#")
        client.lose()
        let publisher = server.client("p")
        for _ in 0..<count { publisher.publish("t", String(repeating: "x", count: 800), qos: .atLeastOnce, id: 1) }
        server.pass(seconds: 0.2)
        server.writes = 0
        return publisher
    }

    @Test("a small session is stored at the next tick, a large one as often as its size allows")
    func pace() {
        for (count, writes) in [(1, 50...51), (2_000, 2...4)] {
            let server = TestServer { $0.queue.messages = 10_000 }
            let publisher = away(count, server)
            for _ in 0..<50 {
                publisher.publish("t", qos: .atLeastOnce, id: 1)
                server.pass(seconds: 0.1)
            }
            #expect(writes.contains(server.writes), "\(server.writes) writes of \(count) messages in 5 s")
            server.pass(seconds: 3)
            #expect(server.persisted[key]?.queue.count == count + 50)
        }
    }

    @Test("everything is stored at the end, whatever its size")
    func theEnd() {
        let server = TestServer { $0.queue.messages = 10_000 }
        let publisher = away(2_000, server)
        publisher.publish("t", qos: .atLeastOnce, id: 1)
        server.broker.shutDown()
        server.run()
        #expect(!server.broker.hasUnwrittenChanges && server.persisted[key]?.queue.count == 2_001)
    }

    @Test("what cannot be stored is tried again, each time later, at the end too")
    func failures() {
        let server = TestServer()
        let publisher = away(1, server)
        server.canStore = false
        for _ in 0..<600 {
            publisher.publish("t", qos: .atLeastOnce, id: 1)
            server.pass(seconds: 0.1)
        }
        #expect(server.writes > 5 && server.writes < 12)
        server.canStore = true
        server.pass(seconds: 61)
        #expect(server.persisted[key] == nil, "its time has come meanwhile")
        #expect(!server.broker.hasUnwrittenChanges)
        let other = TestServer()
        _ = away(1, other)
        other.canStore = false
        other.broker.removeSession(key)
        other.broker.shutDown()
        other.run()
        for _ in 0..<100 { other.pass(seconds: 0.1) }
        #expect(other.writes > 5 && other.writes < 10 && other.broker.hasUnwrittenChanges)
    }

    @Test("what changes nothing stores nothing")
    func unchanged() {
        let server = TestServer()
        let client = server.client("a", properties: lasting)
        let options = SubscriptionOptions(qos: .exactlyOnce, retainHandling: .never)
        client.subscribe("t", options, identifier: 1)
        server.client("p").publish("t", qos: .exactlyOnce, id: 1)
        let publish = client.takePublishes()[0]
        client.send(.publishReceived(Acknowledgement(packetID: publish.packetID)))
        server.pass(seconds: 1)
        server.writes = 0
        client.send(.publishReceived(Acknowledgement(packetID: publish.packetID)))
        client.subscribe("t", options, id: 2, identifier: 1)
        client.send(.unsubscribe(Unsubscribe(packetID: 3, filters: ["u"])))
        client.send(.publishAcknowledgement(Acknowledgement(packetID: 99)))
        client.publish("u", qos: .atLeastOnce, id: 1)
        server.pass(seconds: 1)
        #expect(server.writes == 0)
        client.subscribe("t", options, id: 4, identifier: 2)
        server.pass(seconds: 1)
        #expect(server.writes == 1)
    }

    @Test("messages of QoS 0 that wait for a slow client are not stored")
    func atMostOnce() {
        let server = TestServer { $0.unsentBytes = 1 }
        let client = server.client("a", properties: lasting)
        client.subscribe("t", SubscriptionOptions(qos: .exactlyOnce))
        let publisher = server.client("p")
        publisher.publish("t", "now", qos: .atMostOnce)
        publisher.publish("t", "later", qos: .atLeastOnce, id: 1)
        server.pass(seconds: 0.2)
        #expect(server.persisted[key]?.queue.map { $0.message.payload.array } == [Array("later".utf8)])
    }

    @Test("whatever happens and fails, what is stored in the end is what there is", arguments: 0..<20)
    func random(_ seed: UInt64) {
        var generator = SplitMix(state: seed)
        func draw(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
        let server = TestServer { $0.queue.messages = 20 }
        let names: [MQTTString] = ["a", "b", "c"]
        var clients: [MQTTString: TestClient] = [:]
        func answer() {
            guard !server.unanswered.isEmpty else { return }
            let index = draw(server.unanswered.count)
            // The answer may be lost where the write was not.
            server.answerWrite(index, isDone: server.unanswered[index].isDone && draw(4) > 0)
        }
        let publisher = server.client("p")
        for _ in 0..<300 {
            let name = names[draw(names.count)]
            (server.storesAtOnce, server.canStore) = (draw(2) == 0, draw(3) > 0)
            switch draw(9) {
            case 0, 1:
                let expiry = [0, 5, 600, UInt32.max][draw(4)]
                clients[name] = server.client(name, clean: draw(3) == 0, properties: [.sessionExpiryInterval(expiry)])
            case 2: clients[name]?.lose()
            case 3: clients[name]?.subscribe(draw(2) == 0 ? "#" : "t")
            case 4: server.broker.removeSession(SessionKey(realm: "", clientID: name))
            case 5: answer()
            case 6: server.pass(seconds: Double(draw(80)) / 10)
            default: publisher.publish("t", qos: .exactlyOnce, id: 1)
            }
            publisher.send(.publishRelease(Acknowledgement(packetID: 1)))
            server.run()
        }
        (server.storesAtOnce, server.canStore) = (true, true)
        while !server.unanswered.isEmpty { answer() }
        server.pass(seconds: 130)
        #expect(!server.broker.hasUnwrittenChanges)
        for name in names {
            let key = SessionKey(realm: "", clientID: name)
            let session = server.broker.session(key)
            let stored = server.persisted[key]
            #expect((session?.isDurable == true) == (stored != nil))
            guard let session, let stored else { continue }
            #expect(Set(stored.subscriptions.map(\.filter)) == Set(session.subscriptions.keys))
            #expect(stored.queue.count == session.queuedCount)
            #expect(stored.inflight.map(\.packetID) == session.inflight.all.map(\.packetID))
            #expect((stored.expiresAt == nil) == (session.expiresAt == nil))
        }
    }

    // MARK: Taking up

    /// What is stored of a client that left a Will and a subscription.
    private func stored(expiry: UInt32 = 60, delay: UInt32 = 50) throws -> SessionSnapshot {
        let server = TestServer()
        let will = Will(topic: "will", payload: ByteSlice([1]), properties: [.willDelayInterval(delay)])
        let client = server.client("a", will: will, properties: [.sessionExpiryInterval(expiry)])
        client.subscribe("#")
        client.lose()
        server.pass(seconds: 0.2)
        return try #require(server.persisted[key])
    }

    /// A server that reads the stored session when the client comes, so many seconds later.
    private func server(_ snapshot: SessionSnapshot, after seconds: Int64) -> TestServer {
        let server = TestServer()
        server.persisted[key] = snapshot
        server.authenticate = { _ in .accept(Admission(session: server.persisted[self.key])) }
        server.broker.now.milliseconds += seconds * 1_000
        return server
    }

    @Test("a stored session goes on when its client comes, and its Will is not published")
    func goesOn() throws {
        let server = server(try stored(), after: 20)
        let client = server.client("a", clean: false, properties: lasting)
        #expect(client.connectAcknowledgement?.sessionPresent == true)
        server.wait(seconds: 100)
        client.publish("t", "mine")
        #expect(client.takePublishes().map(\.topic) == ["t"])
    }

    @Test("one that is over does not come back, and its Will is published")
    func over() throws {
        let server = server(try stored(), after: 61)
        let wills = WillRecord(server)
        let client = server.client("a", clean: false)
        #expect(client.connectAcknowledgement?.sessionPresent == false && wills.topics == ["will"])
        client.publish("t")
        #expect(client.take().isEmpty)
        server.pass(seconds: 1)
        #expect(server.persisted.isEmpty)
    }

    @Test("a Will whose delay has run out is published, though the session goes on")
    func willOnly() throws {
        let server = server(try stored(), after: 55)
        let wills = WillRecord(server)
        #expect(server.client("a", clean: false, properties: lasting).connectAcknowledgement?.sessionPresent == true)
        #expect(wills.topics.count == 1)
        server.pass(seconds: 1)
        #expect(server.persisted[key]?.will == nil)
    }

    @Test("a client that begins anew ends the stored session, with its Will")
    func anew() throws {
        let server = server(try stored(), after: 20)
        let wills = WillRecord(server)
        #expect(server.client("a").connectAcknowledgement?.sessionPresent == false)
        server.pass(seconds: 1)
        #expect(wills.topics.count == 1 && server.persisted.isEmpty)
    }

    @Test("a session that has expired and was not looked at yet does not go on")
    func notLookedAt() {
        let server = TestServer()
        server.client("a", properties: lasting).lose()
        server.broker.now.milliseconds += 61_000
        #expect(server.client("a", clean: false).connectAcknowledgement?.sessionPresent == false)
    }

    @Test("the stored session of another client or realm refuses the client")
    func anotherKey() throws {
        let snapshot = try stored()
        for (name, realm) in [("b", ""), ("a", "other")] as [(MQTTString, MQTTString)] {
            let server = TestServer()
            server.authenticate = { _ in .accept(Admission(realm: realm, session: snapshot)) }
            let client = server.client(name, clean: false)
            #expect(client.connectAcknowledgement?.reason == .implementationSpecificError && client.isClosed)
            #expect(server.broker.session(SessionKey(realm: realm, clientID: name)) == nil)
        }
    }

    @Test("a session that ended after it was read does not come back", arguments: [false, true])
    func readTooEarly(_ isForgotten: Bool) throws {
        let server = TestServer()
        let client = server.client("a", properties: lasting)
        client.subscribe("#")
        server.pass(seconds: 1)
        server.authenticate = { _ in nil }
        let coming = server.client("a", clean: false, properties: lasting)
        let read = try #require(server.persisted[key])
        server.storesAtOnce = isForgotten
        server.broker.removeSession(key)
        server.pass(seconds: 1)
        server.undecided[0].decide(AuthenticationVerdict.accept(Admission(session: read)))
        server.run()
        #expect(coming.connectAcknowledgement?.sessionPresent == false)
        coming.lose()
        if !isForgotten { server.answerWrite(isDone: true) }
        server.storesAtOnce = true
        server.pass(seconds: 62)
        #expect(server.persisted.isEmpty && !server.broker.hasUnwrittenChanges)
        // What is stored later counts.
        var later = read
        later.expiresAt = nil
        server.authenticate = { _ in .accept(Admission(session: later)) }
        #expect(server.client("a", clean: false).connectAcknowledgement?.sessionPresent == true)
    }

    @Test("a Will that was published after its delay is not published again after a restart")
    func publishedWill() throws {
        let server = TestServer()
        let will = Will(topic: "will", payload: ByteSlice([1]), properties: [.willDelayInterval(10)])
        server.client("a", will: will, properties: lasting).lose()
        server.pass(seconds: 1)
        #expect(server.persisted[key]?.will != nil)
        server.pass(seconds: 20)
        #expect(server.persisted[key]?.will == nil)
    }
}

/// The Wills that a server is asked to accept, all of which it routes.
private final class WillRecord {
    private(set) var topics: [MQTTString] = []

    init(_ server: TestServer) {
        server.accept = { [self] publish in
            if publish.isWill { topics.append(publish.message.topic) }
            return .route
        }
    }
}
