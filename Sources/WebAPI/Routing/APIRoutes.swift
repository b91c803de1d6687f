import HTTPServer
import Kernel
import Persistence
import Tenancy

/// Where every route is declared, one line each: method, path below ``prefix``, permission, handler; a resource with its six
/// routes in one.
///
/// ```swift
/// api.resource("/devices", devices, read: .devicesRead, write: .devicesWrite, deleting: [.inUse])
/// api.get("/devices/{id}/connection", .devicesRead, showConnection)
/// ```
/// Reading routes run in one read-only transaction, changing ones in one read-write transaction of the caller's
/// organization, which commits when the handler returns and is given up when it throws. A serialization failure runs the
/// handler again. Authentication, permission, rate limit, `Idempotency-Key`, `If-None-Match`, problems, logs and metrics
/// need nothing from the handler. Query parameters that the line does not name are refused.
///
/// `refuses` lists the errors of the route's own; those of its kind are known (see ``RouteDescription/statuses``).
package final class APIRoutes {
    package typealias TenantHandler = @Sendable (TenantRequest, borrowing TenantTransaction) async throws -> Answer
    package typealias ListHandler<Sort: ListSort, Item: Sendable> =
        @Sendable (TenantRequest, PageRequest<Sort>, borrowing TenantTransaction) async throws -> Page<Item>

    package static let prefix = "/api/v1"

    let services: RouteServices
    private(set) var endpoints: [Endpoint] = []

    package init(_ services: RouteServices) { self.services = services }

    /// What has been declared so far.
    package var table: RouteTable { RouteTable(routes: endpoints.map(\.description)) }

    func add(
        _ method: String, _ path: String, _ access: RouteAccess, parameters: [String] = [],
        body: RouteDescription.Body = .none, bodyLimit: Int? = nil, answers: Set<Int>, refuses: Set<ErrorCode> = [],
        takesIdempotencyKey: Bool = false, isDocumented: Bool = true,
        traffic: Traffic = .api,
        _ action: Endpoint.Action
    ) {
        let description = RouteDescription(
            method: method, path: path, access: access, parameters: parameters, body: body, answers: answers,
            refuses: refuses, takesIdempotencyKey: takesIdempotencyKey,
            isRateLimited: traffic != .none, isDocumented: isDocumented)
        endpoints.append(
            Endpoint(
                description: description, bodyLimit: body == .none ? 0 : bodyLimit ?? services.bodyLimit,
                action: action,
                traffic: traffic))
    }
}

/// What the wrappers around handlers use.
package struct RouteServices: Sendable {
    package var tenants: TenantDatabase
    package var system: SystemDatabase
    package var cursors: CursorCodec
    /// Bytes that a JSON body may have.
    package var bodyLimit: Int

    package init(tenants: TenantDatabase, system: SystemDatabase, cursors: CursorCodec, bodyLimit: Int = 1 << 20) {
        self.tenants = tenants
        self.system = system
        self.cursors = cursors
        self.bodyLimit = bodyLimit
    }
}

/// All routes, for the tests that compare them with `openapi/` and try each with every kind of caller.
package struct RouteTable: Sendable {
    package let routes: [RouteDescription]

    package init(routes: [RouteDescription]) { self.routes = routes }
}
