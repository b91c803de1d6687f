import MQTTCodec
import MQTTSession
import NIOCore
import NIOPosix
import NIOSSL

/// An MQTT 3.1.1 and 5 server: one broker on one event loop, listening on as many ports as are configured.
package final class MQTTServer: Sendable {
    private let configuration: MQTTServerConfiguration
    private let eventLoop: any EventLoop
    private let loop: NIOLoopBound<BrokerLoop>
    private let listeners: [any Channel]
    /// The ports, by transport.
    package let ports: [MQTTServerConfiguration.Transport: Int]

    private init(
        configuration: MQTTServerConfiguration, eventLoop: any EventLoop, loop: NIOLoopBound<BrokerLoop>,
        listeners: [MQTTServerConfiguration.Transport: any Channel]
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.loop = loop
        self.listeners = Array(listeners.values)
        ports = listeners.compactMapValues { $0.localAddress?.port }
    }

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - sessions: what was persisted before, so that messages are kept for those clients from now on.
    ///   - retained: what was retained before, by realm.
    ///   - group: one of its event loops is used.
    /// - Throws: when a port is taken, or a transport with TLS has no usable certificate.
    package static func start(
        _ configuration: MQTTServerConfiguration, delegate: any MQTTDelegate, sessions: [SessionSnapshot] = [],
        retained: [MQTTString: [Message]] = [:],
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> MQTTServer {
        let eventLoop = group.next()
        let options = configuration.broker
        let context = try makeContext(configuration)
        let loop = try await eventLoop.submit {
            let loop = BrokerLoop(options: options, delegate: delegate, eventLoop: eventLoop)
            for session in sessions { loop.broker.restore(session) }
            for (realm, messages) in retained {
                for message in messages { loop.broker.restoreRetained(message, in: realm) }
            }
            loop.startTicking()
            return NIOLoopBound(loop, eventLoop: eventLoop)
        }.get()
        var listeners: [MQTTServerConfiguration.Transport: any Channel] = [:]
        do {
            for (transport, port) in configuration.ports {
                listeners[transport] = try await listen(
                    transport, port: port, configuration, context, loop: loop, eventLoop: eventLoop)
            }
        } catch {
            for listener in listeners.values { try? await listener.close() }
            eventLoop.execute { loop.value.stopTicking() }
            throw error
        }
        return MQTTServer(configuration: configuration, eventLoop: eventLoop, loop: loop, listeners: listeners)
    }

    /// Done before anything runs that would have to be stopped.
    private static func makeContext(_ configuration: MQTTServerConfiguration) throws -> NIOSSLContext? {
        if configuration.tls == nil, let transport = configuration.ports.keys.first(where: \.isSecure) {
            throw MQTTServerError.noCertificate(transport.rawValue)
        }
        do {
            return try configuration.tls.map { try NIOSSLContext(configuration: $0) }
        } catch {
            throw MQTTServerError.unusableCertificate(error)
        }
    }

    private static func listen(
        _ transport: MQTTServerConfiguration.Transport, port: Int, _ configuration: MQTTServerConfiguration,
        _ context: NIOSSLContext?, loop: NIOLoopBound<BrokerLoop>, eventLoop: any EventLoop
    ) async throws -> any Channel {
        let path = configuration.webSocketPath
        // Clients put a packet, and often several small ones, into a frame.
        let largestFrame = configuration.broker.decoding.packetSize + (64 << 10)
        // Small buffers to begin with: most connections are idle, and each keeps one.
        let allocator = AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 256, maximum: 64 << 10)
        let bootstrap = ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: allocator)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .writeBufferWaterMark, value: ChannelOptions.Types.WriteBufferWaterMark(low: 16 << 10, high: 32 << 10)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if transport.isSecure, let context {
                        try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    }
                    let handler = ConnectionHandler(loop: loop.value, isSecure: transport.isSecure)
                    if transport.isWebSocket {
                        try handler.open(before: channel)
                        try WebSocketTransport.configure(
                            pipeline, path: path, largestFrame: largestFrame, handler: handler)
                    } else {
                        try handler.open()
                        try pipeline.addHandler(handler)
                    }
                }
            }
        do {
            return try await bootstrap.bind(host: configuration.host, port: port).get()
        } catch {
            throw MQTTServerError.cannotListen(host: configuration.host, port: port, MQTTServerError.reason(error))
        }
    }

    // MARK: Use

    /// Publishes a message of the platform's own to whoever subscribed in the realm.
    package func publish(_ message: Message, in realm: MQTTString = "") {
        onLoop { $0.broker.publish(message, in: realm) }
    }

    /// Gives a message to one client, whatever it subscribed to; kept for it while it is away, if its session lasts.
    @discardableResult
    package func deliver(_ message: Message, to client: SessionKey) async throws -> DeliveryOutcome {
        let loop = loop
        return try await eventLoop.submit {
            loop.value.advance()
            defer { loop.value.perform() }
            return loop.value.broker.deliver(message, to: client)
        }.get()
    }

    /// Ends the connection of a client; with `useAnotherServer` or `serverMoved`, tells where to go instead (§4.11).
    package func disconnect(_ client: SessionKey, _ reason: ReasonCode, serverReference: MQTTString? = nil) {
        onLoop { $0.broker.disconnect(client, reason, serverReference.map { [.serverReference($0)] } ?? []) }
    }

    /// Ends the session of a client and its connection.
    package func removeSession(_ client: SessionKey, _ reason: ReasonCode) {
        onLoop { $0.broker.removeSession(client, reason) }
    }

    package func connectionCount() async throws -> Int {
        let loop = loop
        return try await eventLoop.submit { loop.value.broker.connectionCount }.get()
    }

    /// The messages that wait for a client; 0 when it has no session.
    package func queuedCount(_ client: SessionKey) async throws -> Int {
        let loop = loop
        return try await eventLoop.submit { loop.value.broker.session(client)?.queuedCount ?? 0 }.get()
    }

    private func onLoop(_ body: @escaping @Sendable (BrokerLoop) -> Void) {
        let loop = loop
        eventLoop.execute {
            loop.value.advance()
            body(loop.value)
            loop.value.perform()
        }
    }

    /// Closes the ports and takes no more publishes, waits until those that came are decided and acknowledged, and tells clients
    /// that the server shuts down. Then waits until they have gone, which they have as long for as connections
    /// linger, until their Wills are decided, and until what changed is persisted.
    ///
    /// - Throws: ``MQTTServerError/undecided(_:)`` and ``MQTTServerError/notPersisted`` when that is not done within the
    ///   configuration's patience.
    package func shutDown() async throws {
        for listener in listeners { try? await listener.close() }
        let (loop, patience) = (loop, configuration.patience)
        try await eventLoop.flatSubmit {
            loop.value.shutDown(patience)
        }.get()
    }
}
