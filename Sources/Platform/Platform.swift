import Alarms
import Audit
import Devices
import Events
import Foundation
import HTTPServer
import Identity
import Kernel
import Logging
import NIOCore
import NIOSSL
import Organizations
import Persistence
import Pipeline
import PostgresClient
import Realtime
import Secrets
import ServiceLifecycle
import Telemetry
import Tenancy
import UnixSignals
import WebAPI

/// The whole platform in one process, put together from top to bottom. Everything is handed to whoever needs it; there is
/// nothing global.
package struct Platform: Service {
    package let databases: Databases
    /// Every route, for the tests that hold them against the description.
    package let routes: RouteTable
    private let services: [any Service]
    private let shutdownTimeout: Duration
    private let logger: Logger

    /// - Parameter onListening: called with the port once the server answers.
    /// - Throws: ``StartupRefusal`` when a role could see past the walls or the schema is not current; configuration errors.
    package init(
        _ configuration: Configuration, logger: Logger, onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        self.logger = logger
        shutdownTimeout = configuration.shutdownTimeout
        databases = try configuration.makeDatabases(logger: logger)
        try await databases.verify(against: SchemaFiles(root: configuration.root.path))

        // What is shared.
        let feed = databases.invalidations
        let keyring = configuration.keyring
        let hub = RealtimeHub()
        let metrics = Metrics()

        // Who is there.
        let policy = try AccessTokenPolicy(
            issuer: configuration.publicURL, audience: configuration.publicURL,
            lifetime: configuration.accessTokenLifetime.components.seconds)
        let keys = SigningKeyRing(system: databases.system, keyring: keyring, policy: policy)
        try await keys.refresh()
        let hasher = try PasswordHasher(concurrency: Configuration.passwordHashesAtOnce)
        let sessions = SessionAuthenticator(auth: databases.auth, keys: keys, feed: feed)
        let apiKeys = APIKeyAuthenticator(auth: databases.auth, tenants: databases.tenant, feed: feed)
        let authenticator = CredentialAuthenticator(
            sessions: sessions, apiKeys: apiKeys,
            devices: DeviceAuthenticator(auth: databases.auth, tenants: databases.tenant, feed: feed))
        let caches = CredentialCaches(sessions: sessions, apiKeys: apiKeys)
        feed.subscribe { caches.forget($0) }
        let signIns = SignInService(
            auth: databases.auth, tenants: databases.tenant, hasher: hasher, keys: keys, keyring: keyring,
            refreshLifetime: configuration.refreshTokenLifetime)
        let rates = TierRateBook(system: databases.system, feed: feed, keys: apiKeys, logger: logger)
        try await rates.refresh()

        // What they do.
        var settings = PipelineSettings()
        settings.lanes = configuration.lanes
        let pipeline = TelemetryPipeline(database: databases.ingest, hub: hub, settings: settings, logger: logger)
        feed.subscribe { [pipeline] in pipeline.forget($0) }
        let directory = DeviceDirectory(tenants: databases.tenant)
        feed.subscribe { directory.forget($0) }
        let events = EventService(announcer: LiveEvents(hub: hub))
        let alarms = AlarmService(announcer: LiveAlarms(hub: hub))
        let organizations = OrganizationService()

        // How they reach it.
        let api = APIRoutes(
            RouteServices(
                tenants: databases.tenant, system: databases.system,
                cursors: CursorCodec(key: keyring.derivedKey(for: "cursors"))))
        AuthRoutes(signIns: signIns, keys: keys).register(in: api)
        UserRoutes(members: MemberService(hasher: hasher)).register(in: api)
        FirstAdministratorRoutes(accounts: PlatformAccounts(hasher: hasher)).register(in: api)
        APIKeyRoutes(keys: APIKeyService()).register(in: api)
        OrganizationRoutes(organizations: organizations, platform: PlatformOrganizations()).register(in: api)
        SiteRoutes(sites: SiteService(), zones: ZoneService()).register(in: api)
        DeviceModelRoutes(models: DeviceModelService(), types: DeviceTypeService()).register(in: api)
        let devices = DeviceService(events: events, observer: alarms)
        DeviceRoutes(devices: devices, connections: DeviceConnectionService()).register(in: api)
        DeviceCredentialRoutes(credentials: DeviceCredentialService()).register(in: api)
        TelemetryIngestRoutes(pipeline: pipeline, devices: directory).register(in: api)
        let telemetry = TelemetryReader(directory: directory)
        TelemetryRoutes(telemetry: telemetry).register(in: api)
        AlarmRuleRoutes(rules: AlarmRuleService(alarms: alarms)).register(in: api)
        AlarmRoutes(alarms: alarms).register(in: api)
        EventRoutes(events: events).register(in: api)
        AuditRoutes(audit: AuditService()).register(in: api)
        let review = CredentialReview(authenticator: authenticator)
        RealtimeRoutes(hub: hub, tenants: databases.tenant, alarms: alarms, telemetry: telemetry, review: review)
            .register(in: api)

        pipeline.observe(with: metrics)
        databases.observe(with: metrics)
        let databases = databases
        let server = try WebServer(
            http: configuration.makeHTTPConfiguration(), routes: api, authenticator: authenticator,
            traffic: TrafficRules(source: rates), metrics: metrics,
            readiness: [ReadinessCheck("database") { try await databases.ping() }],
            description: OpenAPIDescription(directory: configuration.openAPI.path),
            documentationDirectory: configuration.docsDirectory?.path,
            proxies: TrustedProxies(configuration.trustedProxies), logger: logger, onListening: onListening)
        routes = api.table

        // Ended from the last to the first: the door closes before the pipeline drains, and the database goes last.
        services = [
            DatabaseService(databases: databases),
            BackgroundService { await feed.run() },
            BackgroundService { await rates.run() },
            BackgroundService { await keys.keepFresh(logger: logger) },
            Housekeeping(system: databases.system, logger: logger),
            PipelineService(pipeline: pipeline),
            server,
        ]
    }

    /// Serves until the process is told to stop.
    package func run() async throws { try await serve(signals: [.sigterm, .sigint]) }

    /// - Parameter signals: which of them begin a graceful shutdown; none when somebody else decides.
    package func serve(signals: [UnixSignal]) async throws {
        var group = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: signals, logger: logger)
        group.maximumGracefulShutdownDuration = shutdownTimeout + .seconds(10)
        try await ServiceGroup(configuration: group).run()
    }
}
