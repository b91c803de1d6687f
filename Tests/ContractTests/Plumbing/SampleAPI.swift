import HTTPServer
import JSON
import Kernel
import Logging
import NIOCore
import Persistence
import PostgresClient
import RateLimits
import ServiceLifecycle
@_spi(ScopeMinting) import Tenancy
import TestStorage
import TestSupport
import WebAPI

/// A few routes of every kind over a real database, to prove what every route gets without asking.
struct SampleAPI: Sendable {
    let client: TestClient
    let database: TestDatabase
    let databases: Databases
    let organizationID: OrganizationID
    let url: String

    /// - Parameter rates: of everybody.
    static func run(
        rates: TierRates = TierRates(
            requestsPerMinute: 1_000_000, requestBurst: 100_000, messagesPerSecond: 100_000, messageBurst: 100_000),
        rules: RateRules = RateRules(), _ body: @Sendable (SampleAPI) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            var logger = Logger(label: "sample")
            logger.logLevel = .critical
            let databases = try database.databases()
            let platform = try await databases.system.withTransaction(.system("test"), .readOnly) {
                (tx: borrowing SystemTransaction) async throws -> OrganizationID? in
                try await tx.first("select id from app.organizations where kind = 'platform'") { row in
                    try row.next(OrganizationID.self)
                }
            }
            guard let platform else { throw ServiceError.notFound("organization") }
            let api = APIRoutes(
                RouteServices(
                    tenants: databases.tenant, system: databases.system,
                    cursors: CursorCodec(key: [UInt8](repeating: 1, count: 32))))
            SampleRoutes().register(in: api)
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            let server = try WebServer(
                http: HTTPServerConfiguration(host: "127.0.0.1", port: 0), routes: api,
                authenticator: SampleAuthenticator(organizationID: platform),
                traffic: TrafficRules(rules: rules, source: SampleRates(rates: rates)), metrics: Metrics(),
                readiness: [],
                description: try OpenAPIDescription(directory: "\(TestDatabase.root)/openapi"),
                documentationDirectory: nil,
                logger: logger
            ) { port.yield($0) }
            let group = ServiceGroup(services: [server], logger: logger)
            async let running: Void = group.run()
            let opened = await ports.first { _ in true } ?? 0
            let url = "http://127.0.0.1:\(opened)"
            do {
                try await body(
                    SampleAPI(
                        client: TestClient(url: url), database: database, databases: databases,
                        organizationID: platform, url: url))
                await group.triggerGracefulShutdown()
                try await running
                await databases.shutdown(grace: .seconds(1))
            } catch {
                await group.triggerGracefulShutdown()
                await databases.shutdown(grace: .seconds(1))
                throw error
            }
        }
    }

    var writer: TestClient { client.bearer("writer") }
}

struct SampleRates: RateSource {
    let rates: TierRates
    func rates(of principal: Principal) -> TierRates { rates }
}

/// Knows a handful of tokens by heart.
struct SampleAuthenticator: Authenticator {
    let organizationID: OrganizationID

    func authenticate(
        _ credentials: Credentials, selecting: OrganizationID?, from address: String, requestID: String
    ) async throws -> Principal {
        guard case .bearer(let token) = credentials else { throw ServiceError(.invalidCredentials, "No such key.") }
        let (user, session) = (Self.user, SessionID.make())
        func principal(_ kind: Principal.Kind, _ permissions: Permissions, inOrganization: Bool = true) -> Principal {
            let actor = Actor(
                kind: .user, id: Self.user.description, label: token, userID: user, sessionID: session,
                address: address,
                requestID: requestID)
            let scope = inOrganization ? TenantScope(organizationID: organizationID, actor: actor) : nil
            return Principal(
                kind: kind, permissions: permissions, scope: scope, tier: TierName(rawValue: "free"), actor: actor)
        }
        switch token {
        case "writer": return principal(.user(user, session), [.sitesRead, .sitesWrite])
        case "reader": return principal(.user(user, session), [.sitesRead])
        case "homeless": return principal(.user(user, session), [], inOrganization: false)
        case "device": return principal(.device(DeviceID.make(), SourceNumber(rawValue: 1)), [])
        case "superadmin": return principal(.superadmin(user, session), [], inOrganization: false)
        default: throw ServiceError(.invalidCredentials, "The token is not valid.")
        }
    }

    private static let user = UserID.make()
}

enum SampleSort: String, ListSort {
    case number, name
    static var standard: SampleSort { .number }
}

struct SampleItem: JSONWritable, Sendable {
    let number: Int

    func write(to json: inout JSONWriter) { json.object { json in json.field("number", number) } }
}

struct SampleRoutes: Sendable {
    struct Unforeseen: Error { let secret = "password=hunter2" }

    func register(in api: APIRoutes) {
        api.list("/samples", .sitesRead, sort: SampleSort.self, parameters: ["above"], list)
        api.get("/samples/{id}", .sitesRead, show)
        api.post("/samples", .sitesWrite, create)
        api.patch("/samples/{id}", .sitesWrite, change)
        api.put("/samples/{id}", .sitesWrite, change)
        api.delete("/samples/{id}", .sitesWrite, remove)
        api.post("/failures", .sitesWrite, body: .optionalJSON, fail)
        api.open(.post, "/openings", body: .json) { request in .ok(request.request.json ?? .null) }
        api.signedIn(.get, "/self") { request in .ok(JSONValue.string(request.principal.actor.label)) }
        api.system(.get, "/tiers-of-samples") { request, tx in
            let count = try await tx.first("select count(*) from app.tiers") { row in try row.next(Int.self) }
            return .ok(JSONValue.integer(Int64(count ?? 0)))
        }
        api.device(.post, "/messages", bodyLimit: 100) { request in
            try request.charge(messages: 10)
            return .accepted(JSONValue.integer(Int64(request.request.bytes.readableBytes)))
        }
        api.socket("/samples/stream", .sitesRead) { request in
            WebSocketAcceptance { connection in connection.sender.send(request.principal.actor.label) }
        }
    }

    func list(
        _ request: TenantRequest, _ page: PageRequest<SampleSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<SampleItem> {
        let query = request.query()
        let above = query.optional("above", .integer(0...1000), default: 0)
        try query.finish()
        let after = page.after?.keys.first?.integer ?? (page.descending ? 1001 : Int64(above))
        let numbers = try await tx.all(
            """
            select n from generate_series(1, 1000) n
            where n > \(above) and case when \(page.descending) then n < \(after) else n > \(after) end
            order by case when \(page.descending) then -n else n end limit \(page.limit + 1)
            """
        ) { row in Int(try row.next(Int32.self)) }
        return Page(
            rows: numbers.map(SampleItem.init), limit: page.limit, total: page.includesTotal ? 1000 - above : nil
        ) { PagePosition([.integer(Int64($0.number))]) }
    }

    func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let id: SiteID = try request.id(of: "sample")
        return .ok(JSONValue.object(["id": .string(id.description)]), version: 3)
    }

    /// Its effect is a number that goes up by one.
    func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let name = input.required("name", .name(1...20))
        let size = input.required("size", .integer(1...10))
        try input.finish()
        let number = try await tx.first(
            """
            insert into app.number_series as s (organization_id, name_key, last_value) values (\(tx.organizationID), \(name), \(size))
            on conflict (organization_id, name_key, period_key) do update set last_value = s.last_value + excluded.last_value
            returning last_value
            """
        ) { row in try row.next(Int64.self) }
        return .created(JSONValue.object(["number": .integer(number ?? 0)]), at: "/samples/\(name)", version: 1)
    }

    func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let _: SiteID = try request.id(of: "sample")
        try request.requireVersion(3)
        let input = try request.input(mergedInto: ["name": "old", "size": 1])
        let name = input.required("name", .name(1...20))
        let size = input.required("size", .integer(1...10))
        try input.finish()
        return .ok(JSONValue.object(["name": .string(name), "size": .integer(Int64(size))]), version: 4)
    }

    func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try request.requireVersion(3)
        return .noContent
    }

    func fail(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer { throw Unforeseen() }
}
