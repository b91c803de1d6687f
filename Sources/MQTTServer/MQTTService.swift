import MQTTSession
import ServiceLifecycle

/// An ``MQTTServer`` that runs until a graceful shutdown, or until it is cancelled.
package struct MQTTService: Service {
    private let configuration: MQTTServerConfiguration
    private let delegate: any MQTTDelegate
    private let sessions: [SessionSnapshot]
    private let onListening: @Sendable (MQTTServer) -> Void

    /// - Parameters:
    ///   - sessions: what was persisted before.
    ///   - onListening: called once the ports are open.
    package init(
        configuration: MQTTServerConfiguration, delegate: any MQTTDelegate, sessions: [SessionSnapshot] = [],
        onListening: @escaping @Sendable (MQTTServer) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.delegate = delegate
        self.sessions = sessions
        self.onListening = onListening
    }

    package func run() async throws {
        let server = try await MQTTServer.start(configuration, delegate: delegate, sessions: sessions)
        onListening(server)
        try? await gracefulShutdown()
        try await server.shutDown()
    }
}
