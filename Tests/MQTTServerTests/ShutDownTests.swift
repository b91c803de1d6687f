import MQTTCodec
import MQTTServer
import MQTTSession
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import Testing

@Suite("a server that shuts down")
struct ShutDownTests {
    private let goodbye = Packet.disconnect(Disconnect(reason: .serverShuttingDown))

    @Test("it waits until every client has gone and every session is persisted")
    func shutDownWaits() async throws {
        let delegate = HoldingDelegate()
        let server = try await MQTTServer.start(MQTTServerConfiguration(ports: [.tcp: 0]), delegate: delegate)
        let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
        try await client.send(.connect(Connect(clientID: "a", properties: [.sessionExpiryInterval(60)])))
        _ = try await client.next()
        async let end: Void = server.shutDown()
        #expect(try await client.next() == goodbye)
        try await end
        #expect(delegate.persistedCount > 0)
        await #expect(throws: ChannelError.self) { _ = try await client.next() }
    }

    @Test("what a client has published is decided and acknowledged before it is told goodbye")
    func decidesFirst() async throws {
        let delegate = HoldingDelegate()
        let server = try await MQTTServer.start(MQTTServerConfiguration(ports: [.tcp: 0]), delegate: delegate)
        let client = try await client(of: server)
        let stranger = try await RawSocket.connect(to: server.ports[.tcp] ?? 0)
        while try await server.connectionCount() < 2 {}
        try await client.send(.publish(Publish(topic: "t", payload: ByteSlice([1]), packetID: 1, qos: .atLeastOnce)))
        try await client.send(.publish(Publish(topic: "t", payload: ByteSlice([1]), packetID: 2, qos: .exactlyOnce)))
        let answers = [await delegate.firstPublish(), await delegate.firstPublish()]
        async let end: Void = server.shutDown()
        // Whoever has not said anything is let go at once, so it has begun.
        #expect(await stranger.rest().isEmpty)
        for answer in answers { answer(.consume) }
        #expect(try await client.next() == .publishAcknowledgement(Acknowledgement(packetID: 1)))
        #expect(try await client.next() == .publishReceived(Acknowledgement(packetID: 2)))
        #expect(try await client.next() == goodbye)
        try await end
    }

    @Test("it waits until the Wills of those who are told goodbye are decided")
    func wills() async throws {
        let delegate = HoldingDelegate()
        let server = try await MQTTServer.start(MQTTServerConfiguration(ports: [.tcp: 0]), delegate: delegate)
        let client = try await client(of: server, will: Will(topic: "will", payload: ByteSlice([1])))
        let order = NIOLockedValueBox<[String]>([])
        let end = Task {
            try await server.shutDown()
            order.withLockedValue { $0.append("the end") }
        }
        #expect(try await client.next() == goodbye)
        await #expect(throws: ChannelError.self) { _ = try await client.next() }
        let answer = await delegate.firstPublish()
        // Enough rounds of the server's loop to have ended by.
        for _ in 0..<100 { _ = try await server.connectionCount() }
        order.withLockedValue { $0.append("decided") }
        answer(.consume)
        try await end.value
        #expect(order.withLockedValue { $0 } == ["decided", "the end"])
    }

    @Test("what is never decided is waited for no longer than is said, and is not passed over in silence")
    func patience() async throws {
        let delegate = HoldingDelegate()
        var configuration = MQTTServerConfiguration(ports: [.tcp: 0])
        configuration.patience.untilGoodbye = .milliseconds(1)
        configuration.patience.afterGoodbye = .milliseconds(1)
        let server = try await MQTTServer.start(configuration, delegate: delegate)
        let client = try await client(of: server)
        try await client.send(.publish(Publish(topic: "t", payload: ByteSlice([1]), packetID: 1, qos: .atLeastOnce)))
        let answer = await delegate.firstPublish()
        let error = await #expect(throws: MQTTServerError.self) { try await server.shutDown() }
        #expect(error.map(\.description) == "a message was not decided before the server ended")
        #expect(try await client.next() == goodbye)
        answer(.consume)
    }

    @Test("a server that cannot start leaves nothing behind that runs")
    func noStart() async throws {
        weak var kept: HoldingDelegate?
        do {
            let delegate = HoldingDelegate()
            kept = delegate
            var configuration = MQTTServerConfiguration(ports: [.tls: 0])
            var tls = TLSConfiguration.makePreSharedKeyConfiguration()
            tls.certificateVerification = .noHostnameVerification
            tls.trustRoots = .file("/nowhere/authorities.pem")
            configuration.tls = tls
            let error = await #expect(throws: MQTTServerError.self) {
                _ = try await MQTTServer.start(configuration, delegate: delegate)
            }
            #expect(error?.description == "TLS cannot be used: there is no file of the authorities")
        }
        #expect(kept == nil)
    }

    @Test("a port that is taken is named")
    func takenPort() async throws {
        let server = try await MQTTServer.start(
            MQTTServerConfiguration(ports: [.tcp: 0]), delegate: StandaloneDelegate())
        let port = server.ports[.tcp] ?? 0
        let error = await #expect(throws: MQTTServerError.self) {
            _ = try await MQTTServer.start(MQTTServerConfiguration(ports: [.tcp: port]), delegate: StandaloneDelegate())
        }
        #expect(error?.description.hasPrefix("cannot listen on port \(port) of 127.0.0.1: another program") == true)
        try await server.shutDown()
    }

    private func client(of server: MQTTServer, will: Will? = nil) async throws -> TestClient {
        let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
        try await client.send(.connect(Connect(clientID: "a", will: will)))
        #expect(try await client.next().type == .connectAcknowledgement)
        return client
    }
}
