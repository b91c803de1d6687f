import MQTTCodec
import MQTTServer
import MQTTSession
import NIOCore
import Testing

@Suite("the MQTT server on its sockets")
struct ServerTests {
    @Test("an answer from another thread, much later, is when PUBACK goes out")
    func lateAnswer() async throws {
        let delegate = HoldingDelegate()
        try await withServer(delegate) { server in
            let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await client.send(.connect(Connect(clientID: "a")))
            #expect(try await client.next().type == .connectAcknowledgement)
            try await client.send(
                .publish(Publish(topic: "t", payload: ByteSlice([1]), packetID: 1, qos: .atLeastOnce)))
            let answer = await delegate.firstPublish()
            try await client.send(.pingRequest)
            #expect(try await client.next() == .pingResponse)
            answer(.consume)
            #expect(try await client.next() == .publishAcknowledgement(Acknowledgement(packetID: 1)))
            try await client.close()
        }
    }

    @Test("an answer that is let go without a word lets the client send the message again")
    func noAnswer() async throws {
        let delegate = HoldingDelegate()
        try await withServer(delegate) { server in
            let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await client.send(.connect(Connect(clientID: "a")))
            _ = try await client.next()
            try await client.send(
                .publish(Publish(topic: "t", payload: ByteSlice([1]), packetID: 1, qos: .atLeastOnce)))
            await delegate.forgetFirstPublish()
            #expect(try await client.next() == .disconnect(Disconnect(reason: .serverBusy)))
        }
    }

    @Test("a thousand publishes in one piece are taken in as they are decided, and none is lost")
    func manyPublishes() async throws {
        let delegate = HoldingDelegate()
        try await withServer(delegate) { server in
            let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            let publish = Packet.publish(Publish(topic: "t", payload: ByteSlice([1]))).encoded(.v5) ?? []
            let connect = Packet.connect(Connect(clientID: "a")).encoded(.v5) ?? []
            try await client.send(bytes: connect + [[UInt8]](repeating: publish, count: 1_000).flatMap { $0 })
            for _ in 0..<1_000 {
                let answer = await delegate.firstPublish()
                delegate.answered()
                answer(.consume)
            }
            try await client.send(.pingRequest)
            #expect(try await client.next().type == .connectAcknowledgement)
            #expect(try await client.next() == .pingResponse)
            #expect(delegate.mostUnanswered <= 129)
        }
    }

    @Test("small undecided publishes count with the network's buffers that they keep alive")
    func heldBuffers() async throws {
        let delegate = HoldingDelegate()
        var options = BrokerOptions.standard
        options.undecidedBytes = 64 << 10
        try await withServer(delegate, options) { server in
            let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await client.send(.connect(Connect(clientID: "a")))
            let publish = Packet.publish(Publish(topic: "t", payload: ByteSlice([1]))).encoded(.v5) ?? []
            let pings = [[UInt8]](repeating: Packet.pingRequest.encoded(.v5) ?? [], count: 2_000).flatMap { $0 }
            for _ in 0..<64 { try await client.send(bytes: publish + pings) }
            // Enough rounds of the server's loop to have read everything by.
            for _ in 0..<300 { _ = try await server.connectionCount() }
            #expect(delegate.mostUnanswered <= 34, "two buffers of 64 kB hold that many")
            for _ in 0..<64 {
                let answer = await delegate.firstPublish()
                answer(.consume)
            }
            #expect(try await client.next().type == .connectAcknowledgement)
            var answered = 0
            while answered < 64 * 2_000, try await client.next() == .pingResponse { answered += 1 }
            #expect(answered == 64 * 2_000)
        }
    }

    @Test("a subscription gets thousands of retained messages, more than any queue holds")
    func manyRetained() async throws {
        var options = BrokerOptions.standard
        options.queue.messages = 100
        try await withServer(StandaloneDelegate(), options) { server in
            let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await client.send(.connect(Connect(clientID: "a")))
            _ = try await client.next()
            let payload = ByteSlice([UInt8](repeating: 1, count: 100))
            for number in 0..<3_000 {
                let topic = MQTTString("t/\(number)") ?? ""
                try await client.send(.publish(Publish(topic: topic, payload: payload, retain: true)))
            }
            let options = SubscriptionOptions(qos: .atLeastOnce)
            try await client.send(.subscribe(Subscribe(packetID: 1, requests: [SubscriptionRequest("t/+", options)])))
            #expect(try await client.next().type == .subscribeAcknowledgement)
            for _ in 0..<3_000 { #expect(try await client.next().type == .publish) }
        }
    }

    @Test("the server delivers, redirects and says when it goes")
    func serverSide() async throws {
        try await withServer(StandaloneDelegate()) { server in
            let key = SessionKey(realm: "", clientID: "a")
            let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await client.send(.connect(Connect(clientID: "a")))
            _ = try await client.next()
            let outcome = try await server.deliver(Message(topic: "commands", payload: ByteSlice([7])), to: key)
            #expect(outcome == .sent)
            #expect(try await client.next() == .publish(Publish(topic: "commands", payload: ByteSlice([7]))))
            server.disconnect(key, .useAnotherServer, serverReference: "b.example")
            let goodbye = Disconnect(reason: .useAnotherServer, properties: [.serverReference("b.example")])
            #expect(try await client.next() == .disconnect(goodbye))
            let other = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await other.send(.connect(Connect(clientID: "b")))
            _ = try await other.next()
            try await server.shutDown()
            #expect(try await other.next() == .disconnect(Disconnect(reason: .serverShuttingDown)))
        }
    }

    @Test("a client that never reads is waited for in bounded memory, and gets what its queue held")
    func slowReader() async throws {
        var options = BrokerOptions.standard
        options.queue = QueueLimits(messages: 50, bytes: 1 << 20)
        try await withServer(StandaloneDelegate(), options) { server in
            let slow = try await TestClient.connect(to: server.ports[.tcp] ?? 0, reads: false)
            try await slow.send(.connect(Connect(clientID: "slow")))
            try await slow.send(.subscribe(Subscribe(packetID: 1, requests: [SubscriptionRequest("#")])))
            let sender = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await sender.send(.connect(Connect(clientID: "sender")))
            _ = try await sender.next()
            let payload = ByteSlice([UInt8](repeating: 1, count: 60_000))
            for number in 1...400 {
                let packetID = UInt16(number)
                try await sender.send(
                    .publish(Publish(topic: "t", payload: payload, packetID: packetID, qos: .atLeastOnce)))
                #expect(try await sender.next().type == .publishAcknowledgement)
            }
            #expect(try await server.queuedCount(SessionKey(realm: "", clientID: "slow")) <= 50)
            try await sender.send(.pingRequest)
            #expect(try await sender.next() == .pingResponse)
        }
    }

    @Test("what ends a connection is told before it closes, whatever the client goes on sending")
    func toldBeforeTheEnd() async throws {
        try await withServer(StandaloneDelegate()) { server in
            let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await client.send(.connect(Connect(clientID: "a")))
            _ = try await client.next()
            try await client.send(bytes: [0x30, 4, 0, 1, 0x2B, 0] + [UInt8](repeating: 0, count: 200_000))
            guard case .disconnect(let packet) = try await client.next() else { return #expect(Bool(false)) }
            #expect(packet.reason == .malformedPacket)
            #expect(packet.properties.reasonString != nil)
        }
    }

    private func withServer(
        _ delegate: any MQTTDelegate, _ options: BrokerOptions = .standard,
        _ body: (MQTTServer) async throws -> Void
    ) async throws {
        try await withRunningServer(MQTTServerConfiguration(ports: [.tcp: 0], broker: options), delegate, body)
    }
}
