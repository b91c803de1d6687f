import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#endif

/// An HTTP/1.1 and WebSocket server on one port.
///
/// A graceful shutdown lets every request that has been sent get its answer: answers ask clients to go elsewhere, the port
/// closes after ``HTTPServerConfiguration/drainDelay``, idle connections end a little later, sockets close with 1001.
package struct HTTPServer: Service {
    private let configuration: HTTPServerConfiguration
    private let application: any HTTPApplication
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) -> Void
    private let ledger: ConnectionLedger
    private let tlsContext: NIOSSLContext?

    /// - Parameter onListening: called once the port is open, with its number.
    /// - Throws: when the TLS certificate or key cannot be used.
    package init(
        configuration: HTTPServerConfiguration, application: any HTTPApplication, drain: DrainSignal = DrainSignal(),
        logger: Logger, onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) throws {
        self.configuration = configuration
        self.application = application
        self.logger = logger
        self.onListening = onListening
        ledger = ConnectionLedger(limits: configuration.limits, drain: drain)
        tlsContext = try configuration.tls.map { try NIOSSLContext(configuration: $0) }
    }

    /// The connections that are open now.
    package var connectionCount: Int { ledger.count }

    /// Serves until a graceful shutdown or a cancellation.
    package func run() async throws {
        if let files = OpenFileLimit.raise(), files < configuration.limits.connections {
            logger.warning("fewer open files are allowed than connections", metadata: ["open_files": "\(files)"])
        }
        let handler = HTTP1WebSocketChannel(application: application, configuration: configuration, ledger: ledger)
        // The port does not hand its connections over itself: those accepted in its last moment would be lost with it.
        let (connections, handover) = AsyncStream.makeStream(of: HTTP1WebSocketChannel.Value.self)
        let port = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in accept(channel, handler, handover) }
            .bind(host: configuration.host, port: configuration.port).get()
        logger.info("listening", metadata: ["address": "\(port.localAddress.map { "\($0)" } ?? "")"])
        onListening(port.localAddress?.port ?? configuration.port)
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await withDiscardingTaskGroup { group in
                    for await connection in connections {
                        ledger.served(connection.channel)
                        group.addTask { await handler.handle(value: connection, logger: logger) }
                    }
                    // A cancelled iteration ends at once.
                    try? await port.close()
                }
            } onGracefulShutdown: {
                Task { await shutDown(port, handover) }
            }
        } onCancel: {
            port.close(promise: nil)
            handover.finish()
            ledger.closeAll()
        }
    }

    private func accept(
        _ channel: any Channel, _ handler: HTTP1WebSocketChannel,
        _ handover: AsyncStream<HTTP1WebSocketChannel.Value>.Continuation
    ) -> EventLoopFuture<Void> {
        guard ledger.admit(channel, from: channel.remoteAddress?.ipAddress ?? "") else { return turnAway(channel) }
        do {
            if let tlsContext {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tlsContext))
            }
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return handler.setup(channel: channel, logger: logger).map { connection in
            if case .terminated = handover.yield(connection) { channel.close(promise: nil) }
        }
    }

    /// Answers without having read: there is no room for a further connection.
    private func turnAway(_ channel: any Channel) -> EventLoopFuture<Void> {
        logger.warning("too many connections", metadata: ["client": "\(channel.remoteAddress?.ipAddress ?? "")"])
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(TurnAwayHandler(answers: tlsContext == nil))
        }
    }

    private func shutDown(
        _ port: any Channel, _ handover: AsyncStream<HTTP1WebSocketChannel.Value>.Continuation
    ) async {
        logger.info("shutting down", metadata: ["connections": "\(ledger.count)"])
        ledger.beginDraining()
        try? await Task.sleep(for: .nanoseconds(configuration.drainDelay.nanoseconds))
        await ListenQueue(port: port).runEmpty()
        try? await port.close()
        // What was accepted before has been set up when every event loop has come around.
        for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try? await loop.submit {}.get() }
        for _ in 0..<250 where ledger.hasUnserved { try? await Task.sleep(for: .milliseconds(20)) }
        handover.finish()
        ledger.quiesce()
        let deadline = ContinuousClock.now + .nanoseconds(configuration.shutdownDeadline.nanoseconds)
        while ledger.count > 0, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(20)) }
        if ledger.count > 0 {
            logger.warning("closing connections with answers unfinished", metadata: ["connections": "\(ledger.count)"])
            ledger.closeAll()
        }
    }
}
