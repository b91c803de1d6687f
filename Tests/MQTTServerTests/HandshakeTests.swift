import MQTTCodec
import MQTTServer
import MQTTSession
import NIOSSL
import Testing

@Suite("connections that are not connected yet")
struct HandshakeTests {
    typealias Transport = MQTTServerConfiguration.Transport

    @Test(
        "a handshake that is under way counts as a connection",
        arguments: [Transport.tcp, .tls, .webSocket, .secureWebSocket])
    func count(_ transport: Transport) async throws {
        try await withServer({ $0.connections = 2 }) { server in
            let silent = try await RawSocket.connect(to: server.ports[transport] ?? 0)
            let other = try await RawSocket.connect(to: server.ports[transport] ?? 0)
            let late = try await RawSocket.connect(to: server.ports[.tcp] ?? 0)
            #expect(await late.rest().isEmpty)
            try await silent.close()
            while try await server.connectionCount() > 1 {}
            let client = try await TestClient.connect(to: server.ports[.tcp] ?? 0)
            try await client.send(.connect(Connect(clientID: "a")))
            #expect(try await client.next().type == .connectAcknowledgement)
            try await client.close()
            try await other.close()
        }
    }

    @Test(
        "a handshake that takes too long ends",
        arguments: [Transport.tcp, .tls, .webSocket, .secureWebSocket])
    func deadline(_ transport: Transport) async throws {
        try await withServer({ $0.connectTimeout = 1 }) { server in
            let start = ContinuousClock.now
            let silent = try await RawSocket.connect(to: server.ports[transport] ?? 0)
            #expect(await silent.rest().isEmpty)
            #expect(ContinuousClock.now - start < .seconds(8))
            #expect(try await server.connectionCount() == 0)
        }
    }

    @Test("a shutting server lets go of handshakes")
    func end() async throws {
        try await withServer({ _ in }) { server in
            let silent = try await RawSocket.connect(to: server.ports[.webSocket] ?? 0)
            while try await server.connectionCount() < 1 {}
            try await server.shutDown()
            #expect(await silent.rest().isEmpty)
        }
    }

    private func withServer(
        _ change: (inout BrokerOptions) -> Void, _ body: (MQTTServer) async throws -> Void
    ) async throws {
        var configuration = MQTTServerConfiguration(ports: [.tcp: 0, .tls: 0, .webSocket: 0, .secureWebSocket: 0])
        change(&configuration.broker)
        // No client here says enough for a certificate to be asked for.
        configuration.tls = .makePreSharedKeyConfiguration()
        try await withRunningServer(configuration, StandaloneDelegate(), body)
    }
}
