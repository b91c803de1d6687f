import Logging
import PostgresClient

/// The server's ways into the database, one role and one pool of connections each.
package struct Databases: Sendable {
    package let tenant: TenantDatabase
    package let auth: AuthDatabase
    package let system: SystemDatabase
    package let ingest: IngestDatabase
    /// What becomes stale on any node; somebody has to run it.
    package let invalidations: InvalidationFeed
    /// For metrics, by role.
    package let clients: [String: PostgresClient]
    private let api: PostgresClient
    private let systemClient: PostgresClient

    /// - Parameters:
    ///   - configuration: the server and the limits; its login is replaced by each role's.
    ///   - password: of all three roles; nil where the server asks for none.
    package init(
        configuration: PostgresConfiguration, password: String?, logger: Logger,
        connections: (api: Int, ingest: Int, system: Int) = (8, 3, 3)
    ) throws {
        // A request that had to wait behind another's slow query would be late although a connection is free by then; only
        // the pipeline's writes are all alike.
        func client(_ role: String, _ connections: Int, pipelineDepth: Int = 1) throws -> PostgresClient {
            var own = configuration.signedIn(as: role, password: password)
            own.maxConnections = connections
            own.pipelineDepth = pipelineDepth
            own.applicationName = role
            return try PostgresClient(configuration: own, logger: logger)
        }
        api = try client("rookery_api", connections.api)
        let ingestClient = try client("rookery_ingest", connections.ingest, pipelineDepth: 16)
        systemClient = try client("rookery_system", connections.system)
        invalidations = InvalidationFeed(client: systemClient, logger: logger)
        tenant = TenantDatabase(client: api, feed: invalidations, logger: logger)
        auth = AuthDatabase(client: api, logger: logger)
        system = SystemDatabase(client: systemClient, feed: invalidations, logger: logger)
        ingest = IngestDatabase(client: ingestClient)
        clients = ["rookery_api": api, "rookery_ingest": ingestClient, "rookery_system": systemClient]
    }

    /// Throws `StartupRefusal` unless all roles are safe and the schema is current.
    package func verify(against files: SchemaFiles) async throws {
        for client in clients.values { try await StartupCheck.verifyRole(of: client) }
        try await StartupCheck.verifySchema(of: systemClient, against: files)
    }

    /// Whether the database answers, for a readiness probe.
    package func ping() async throws { try await api.execute("select 1 /* health.ping */") }

    package func shutdown(grace: Duration = .seconds(5)) async {
        await withTaskGroup(of: Void.self) { group in
            for client in clients.values { group.addTask { await client.shutdown(grace: grace) } }
        }
    }
}
