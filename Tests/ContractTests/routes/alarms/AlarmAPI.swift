import Alarms
import Foundation
import HTTPServer
import JSON
import Kernel
import Logging
import Persistence
import Pipeline
import PostgresClient
import RateLimits
import Realtime
import ServiceLifecycle
import Synchronization
import Telemetry
@_spi(ScopeMinting) import Tenancy
import TestStorage
import TestSupport
import Testing
import WebAPI

/// Rules, alarms and live events of two organizations, with the real pipeline between measurement and alarm.
struct AlarmAPI: Sendable {
    /// One of the two, with a device of a model at a site.
    struct Organization: Sendable {
        let id: OrganizationID
        let site: SiteID
        let model: DeviceModelID
        let device: DeviceID
        let source: SourceNumber
        let admin: TestClient
        let viewer: TestClient
    }

    let url: String
    let mine: Organization
    let other: Organization
    let hub: RealtimeHub
    let pipeline: TelemetryPipeline
    let databases: Databases
    let tokens: TokenBook

    static func run<Value: Sendable>(
        limits: RealtimeLimits = RealtimeLimits(), _ body: @Sendable (AlarmAPI) async throws -> Value
    ) async throws -> Value {
        try await TestDatabase.with { database in
            var logger = Logger(label: "alarms")
            logger.logLevel = .critical
            let databases = try database.databases()
            let tokens = TokenBook()
            let hub = RealtimeHub(limits: limits)
            let pipeline = TelemetryPipeline(database: databases.ingest, hub: hub, logger: logger)
            databases.invalidations.subscribe { pipeline.forget($0) }
            let server = try Server(databases, hub, tokens, logger)
            let services = Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await pipeline.run() }
                    group.addTask { await databases.invalidations.run() }
                }
            }
            defer { services.cancel() }
            let serving = Task { try await server.group.run() }
            let url = "http://127.0.0.1:\(await server.port.first { _ in true } ?? 0)"
            let mine = try await makeOrganization("mine", databases, tokens, url)
            let other = try await makeOrganization("other", databases, tokens, url)
            let api = AlarmAPI(
                url: url, mine: mine, other: other, hub: hub, pipeline: pipeline, databases: databases, tokens: tokens)
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await body(api))
            } catch {
                outcome = .failure(error)
            }
            await server.group.triggerGracefulShutdown()
            try await serving.value
            pipeline.shutDown()
            await databases.shutdown(grace: .seconds(1))
            return try outcome.get()
        }
    }

    private struct Server {
        let group: ServiceGroup
        let port: AsyncStream<Int>

        init(_ databases: Databases, _ hub: RealtimeHub, _ tokens: TokenBook, _ logger: Logger) throws {
            let api = APIRoutes(
                RouteServices(
                    tenants: databases.tenant, system: databases.system,
                    cursors: CursorCodec(key: [UInt8](repeating: 1, count: 32))))
            let alarms = AlarmService(announcer: LiveAlarms(hub: hub))
            let directory = DeviceDirectory(tenants: databases.tenant)
            databases.invalidations.subscribe { directory.forget($0) }
            AlarmRuleRoutes(rules: AlarmRuleService(alarms: alarms)).register(in: api)
            AlarmRoutes(alarms: alarms).register(in: api)
            RealtimeRoutes(
                hub: hub, tenants: databases.tenant, alarms: alarms, telemetry: TelemetryReader(directory: directory),
                review: CredentialReview(authenticator: tokens, interval: .milliseconds(50))
            ).register(in: api)
            let (port, opened) = AsyncStream.makeStream(of: Int.self)
            self.port = port
            let server = try WebServer(
                http: HTTPServerConfiguration(host: "127.0.0.1", port: 0), routes: api, authenticator: tokens,
                traffic: TrafficRules(source: tokens), metrics: Metrics(), readiness: [], description: nil,
                documentationDirectory: nil, logger: logger
            ) { opened.yield($0) }
            group = ServiceGroup(services: [server], logger: logger)
        }
    }

    private static func makeOrganization(
        _ name: String, _ databases: Databases, _ tokens: TokenBook, _ url: String
    ) async throws -> Organization {
        let id = OrganizationID.make()
        try await databases.system.withTransaction(.system("test")) { (tx: borrowing SystemTransaction) async throws in
            _ = try await tx.first(
                "select app.organization_create(\(id), null, 'customer', \(name), \(name), 'standard')"
            ) { row in try row.next(OrganizationID.self) }
        }
        let (site, model, device) = (SiteID.make(), DeviceModelID.make(), DeviceID.make())
        let scope = TenantScope(organizationID: id, actor: .system("test"))
        let source = try await databases.tenant.withTransaction(scope) {
            (tx: borrowing TenantTransaction) async throws -> SourceNumber? in
            try await tx.execute("insert into app.sites (organization_id, id, name) values (\(id), \(site), 'Barn')")
            try await tx.execute(
                "insert into app.device_models (organization_id, id, name) values (\(id), \(model), 'Meter')")
            return try await tx.first(
                """
                insert into app.devices (
                    organization_id, id, device_key, serial_number, name, type_id, model_id, site_id, status)
                select \(id), \(device), 'meter-1', 'serial-1', 'Main meter', t.id, \(model), \(site), 'active'
                from app.device_types t order by t.id limit 1 returning source_no
                """
            ) { row in try row.next(SourceNumber.self) }
        }
        let client = TestClient(url: url)
        tokens.add("\(name)-admin", id, Set(Permission.allCases))
        tokens.add("\(name)-viewer", id, [.alarmsRead, .alarmRulesRead, .realtimeRead, .devicesRead])
        return Organization(
            id: id, site: site, model: model, device: device, source: source ?? SourceNumber(rawValue: 0),
            admin: client.bearer("\(name)-admin"), viewer: client.bearer("\(name)-viewer"))
    }

    /// Sends one measurement of `flow`, as the device would; answers when it is committed.
    func measure(_ flow: Double, at time: Timestamp = .now(), in organization: Organization? = nil) async throws {
        try await send([["ts": .string(time.rfc3339), "values": ["flow": .number(flow)]]], in: organization)
    }

    /// Sends messages in one request, as the device would; answers when they are committed.
    func send(_ messages: [JSONValue], in organization: Organization? = nil) async throws {
        let organization = organization ?? mine
        let batch = try MessageDecoder.decode(bytes: JSONValue.array(messages).bytes, form: .singleDevice)
        _ = try await pipeline.submit(batch, from: [organization.source], in: organization.id, origin: .api)
    }

    /// Makes a rule that holds below 80, at once.
    func makeRule(_ changes: JSONValue = [:], by client: TestClient? = nil) async throws -> JSONValue {
        let standard: JSONValue = [
            "name": "Low flow", "scope": "organization", "datapoint": "flow",
            "condition": ["operator": "lt", "value": 80],
        ]
        return try await (client ?? mine.admin).post("/alarm-rules", standard.merging(changes)).expect(201).json
    }

    func socket(_ token: String) async throws -> TestSocket {
        try await TestSocket.open(url, headers: [("Authorization", "Bearer \(token)")])
    }
}

/// Tokens and what they stand for; they can be revoked.
final class TokenBook: Authenticator, RateSource {
    private let principals = Mutex<[String: Principal]>([:])

    func add(_ token: String, _ organization: OrganizationID, _ permissions: Permissions) {
        let (user, session) = (UserID.make(), SessionID.make())
        let actor = Actor(
            kind: .user, id: user.description, label: token, userID: user, sessionID: session, requestID: "test")
        let principal = Principal(
            kind: .user(user, session), permissions: permissions,
            scope: TenantScope(organizationID: organization, actor: actor), tier: TierName(rawValue: "standard"),
            actor: actor)
        principals.withLock { $0[token] = principal }
    }

    func revoke(_ token: String) { principals.withLock { $0[token] = nil } }

    func authenticate(
        _ credentials: Credentials, selecting: OrganizationID?, from address: String, requestID: String
    ) async throws -> Principal {
        guard case .bearer(let token) = credentials, let principal = principals.withLock({ $0[token] }) else {
            throw ServiceError(.invalidCredentials, "The token is not valid.")
        }
        return principal
    }

    func rates(of principal: Principal) -> TierRates {
        TierRates(
            requestsPerMinute: 1_000_000, requestBurst: 100_000, messagesPerSecond: 100_000, messageBurst: 100_000)
    }
}
