import HTTPServer
import Logging
import Persistence
import RateLimits
import ServiceLifecycle

/// The API as a service: every declared route behind one port.
///
/// ```swift
/// let api = APIRoutes(RouteServices(tenants: tenants, system: system, cursors: CursorCodec(key: key)))
/// SiteRoutes(sites: sites).register(in: api)
/// let server = try WebServer(
///     http: HTTPServerConfiguration(host: "127.0.0.1", port: 8080), routes: api, authenticator: authenticator,
///     traffic: TrafficRules(source: rates), metrics: metrics, readiness: [ReadinessCheck("database") { … }],
///     description: try OpenAPIDescription(directory: "openapi"), documentationDirectory: nil, logger: logger)
/// try await ServiceGroup(services: [pipeline, server], gracefulShutdownSignals: [.sigterm], logger: logger).run()
/// ```
package struct WebServer: Service {
    private let server: HTTPServer

    /// - Parameters:
    ///   - routes: all of them; the server adds those of the platform.
    ///   - description: served at `/openapi.json`.
    ///   - documentationDirectory: holds swagger-ui's files.
    ///   - proxies: whose `X-Forwarded-For` is believed.
    ///   - onListening: called with the port once it is open.
    package init(
        http: HTTPServerConfiguration, routes: APIRoutes, authenticator: any Authenticator, traffic: TrafficRules,
        metrics: Metrics, readiness: [ReadinessCheck], description: OpenAPIDescription?,
        documentationDirectory: String?,
        proxies: TrustedProxies = TrustedProxies([]), logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) -> Void = { _ in }
    ) throws {
        let drain = DrainSignal()
        PlatformRoutes(
            metrics: metrics, readiness: readiness, isDraining: { drain.isDraining }, description: description,
            viewer: DocumentationViewer(directory: documentationDirectory)
        ).register(in: routes)
        let pipeline = RequestPipeline(
            endpoints: routes.endpoints, authenticator: authenticator, traffic: traffic, proxies: proxies,
            metrics: metrics,
            logger: logger)
        let server = try HTTPServer(
            configuration: http, application: pipeline, drain: drain, logger: logger, onListening: onListening)
        metrics.gauge("rookery_http_connections", "Connections that are open.") { Double(server.connectionCount) }
        self.server = server
    }

    package func run() async throws { try await server.run() }
}
