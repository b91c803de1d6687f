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
        let handler = HTTP1WebSocketChannel(application: application, configuration: configuration, ledger: ledger)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .bind(host: configuration.host, port: configuration.port) { channel in accept(channel, handler) }
        logger.info("listening", metadata: ["address": "\(listener.channel.localAddress.map { "\($0)" } ?? "")"])
        onListening(listener.channel.localAddress?.port ?? configuration.port)
        let port = listener.channel
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                do {
                    try await listener.executeThenClose { connections in
                        for try await connection in connections {
                            guard let connection else { continue }
                            group.addTask { await handler.handle(value: connection, logger: logger) }
                        }
                    }
                } catch {
                    logger.error("the port failed", metadata: ["error": "\(error)"])
                }
            }
        } onGracefulShutdown: {
            Task { await shutDown(port) }
        }
    }

    private func accept(
        _ channel: any Channel, _ handler: HTTP1WebSocketChannel
    ) -> EventLoopFuture<HTTP1WebSocketChannel.Value?> {
        guard ledger.admit(channel, from: channel.remoteAddress?.ipAddress ?? "") else {
            return turnAway(channel).map { nil }
        }
        do {
            if let tlsContext {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tlsContext))
            }
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return handler.setup(channel: channel, logger: logger).map { $0 }
    }

    /// Answers without having read: there is no room for a further connection.
    private func turnAway(_ channel: any Channel) -> EventLoopFuture<Void> {
        logger.warning("too many connections", metadata: ["client": "\(channel.remoteAddress?.ipAddress ?? "")"])
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(TurnAwayHandler(answers: tlsContext == nil))
        }
    }

    private func shutDown(_ port: any Channel) async {
        logger.info("shutting down", metadata: ["connections": "\(ledger.count)"])
        ledger.beginDraining()
        try? await Task.sleep(for: .nanoseconds(configuration.drainDelay.nanoseconds))
        await stopAccepting(port)
        ledger.quiesce()
        let deadline = ContinuousClock.now + .nanoseconds(configuration.shutdownDeadline.nanoseconds)
        while ledger.count > 0, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(20)) }
        if ledger.count > 0 {
            logger.warning("closing connections with answers unfinished", metadata: ["connections": "\(ledger.count)"])
            ledger.closeAll()
        }
    }

    /// Closing a port resets the connections that wait to be accepted. With a backlog of none the kernel lets no further one
    /// wait, so that after a moment the queue is empty and the port can close without hurting anybody.
    private func stopAccepting(_ port: any Channel) async {
        try? await port.eventLoop.submit {
            try port.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { socket in
                _ = listen(socket, 0)
            }
        }.get()
        try? await Task.sleep(for: .milliseconds(100))
        try? await port.close()
    }
}
