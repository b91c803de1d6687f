import HTTPServer
import HTTPTypes
import HummingbirdCore
import JSON
import Kernel
import Logging
import NIOCore
import Tenancy

/// A declared route in service.
struct Route: Sendable {
    let endpoint: Endpoint
    let metrics: RouteMetrics
}

/// The way of a request, from the outside in: id, trace, log and metrics · problem · route · authentication · rate limit ·
/// permission · parameters and body · handler (in its transaction) · entity tags.
struct RequestPipeline: HTTPApplication {
    private let tree: RouteTree<Route>
    private let authenticator: any Authenticator
    private let traffic: TrafficRules
    private let proxies: TrustedProxies
    private let logger: Logger
    private let dates = HTTPDate()
    /// Of requests that no route takes.
    private let unmatched: RouteMetrics

    init(
        endpoints: [Endpoint], authenticator: any Authenticator, traffic: TrafficRules, proxies: TrustedProxies,
        metrics: Metrics, logger: Logger
    ) {
        var tree = RouteTree<Route>()
        for endpoint in endpoints {
            let (method, path) = (endpoint.description.method, endpoint.description.path)
            let route = Route(endpoint: endpoint, metrics: RouteMetrics(metrics: metrics, method: method, route: path))
            tree.insert(route, method: method, path: path)
        }
        self.tree = tree
        unmatched = RouteMetrics(metrics: metrics, method: "any", route: "none")
        self.authenticator = authenticator
        self.traffic = traffic
        self.proxies = proxies
        self.logger = logger
    }

    func respond(to request: Request, from client: ClientConnection) async -> Response {
        var exchange = Exchange(request.head, client, proxies: proxies, logger: logger, metrics: unmatched)
        var answer: Answer
        do {
            answer = try await self.answer(request, &exchange)
            applyEntityTag(&answer, exchange)
        } catch let refusal as MethodRefusal {
            answer = exchange.answer(for: refusal.error)
            answer.headers[.allow] = refusal.allowed
        } catch {
            answer = exchange.answer(for: error)
        }
        return exchange.finish(answer, date: dates.now)
    }

    func respond(toHandshake head: HTTPRequest, from client: ClientConnection) async -> HandshakeDecision {
        var exchange = Exchange(head, client, proxies: proxies, logger: logger, metrics: unmatched)
        do {
            let (route, parameters) = try find(&exchange)
            guard case .socket(let open) = route.endpoint.action else {
                throw ServiceError(.malformedRequest, "There is no socket at this path.")
            }
            let request = try await admitted(route, parameters, &exchange, body: ByteBuffer(), isHandshake: true)
            var acceptance = try await open(try Self.tenant(request, exchange))
            if let name = SocketProtocols(head.headerFields).chosen, acceptance.headers[.secWebSocketProtocol] == nil {
                acceptance.headers[.secWebSocketProtocol] = name
            }
            acceptance.headers[.requestID] = exchange.id
            exchange.record(status: 101)
            return .accept(acceptance)
        } catch {
            return .refuse(exchange.finish(exchange.answer(for: error), date: dates.now))
        }
    }

    private func answer(_ request: Request, _ exchange: inout Exchange) async throws -> Answer {
        let (route, parameters) = try find(&exchange)
        let limit = route.endpoint.bodyLimit
        // Who may not send a body at all is told so before it is read.
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), limit > 0, length > limit {
            throw Self.tooLarge(limit)
        }
        let admission = try await admit(route, &exchange, isHandshake: false)
        let body = limit > 0 ? try await Self.collect(request.body, limit) : ByteBuffer()
        let incoming = try admission.request(route, parameters, exchange, body: body)
        switch route.endpoint.action {
        case .open(let handler): return try await handler(OpenRequest(request: incoming))
        case .signedIn(let handler):
            guard let principal = exchange.principal else { throw Self.unauthenticated }
            return try await handler(SignedInRequest(request: incoming, principal: principal))
        case .tenant(let handler): return try await handler(try Self.tenant(incoming, exchange))
        case .device(let handler):
            let tenant = try Self.tenant(incoming, exchange)
            guard case .device(let device, let source) = tenant.principal.kind else { throw Self.forbidden }
            return try await handler(
                DeviceRequest(
                    request: incoming, principal: tenant.principal, scope: tenant.scope, deviceID: device,
                    source: source))
        case .socket: throw ServiceError(.upgradeRequired, "This is a WebSocket: connect with a WebSocket client.")
        }
    }

    // MARK: The route

    private struct MethodRefusal: Error {
        let error: ServiceError
        let allowed: String
    }

    private func find(_ exchange: inout Exchange) throws -> (Route, [String: String]) {
        let text = exchange.head.path ?? "/"
        guard let target = Target(text) else {
            throw ServiceError(.malformedRequest, "The path is not percent-encoded UTF-8.")
        }
        exchange.target = target
        guard let match = tree.find(target.segments) else {
            throw ServiceError(.notFound, "There is nothing at this path.")
        }
        let method =
            exchange.head.method == .head && match.leaves["HEAD"] == nil ? "GET" : exchange.head.method.rawValue
        guard let route = match.leaves[method] else {
            let allowed = (match.leaves.keys + (match.leaves["GET"] == nil ? [] : ["HEAD"])).sorted().joined(
                separator: ", ")
            let error = ServiceError(.methodNotAllowed, "This path takes \(allowed).")
            throw MethodRefusal(error: error, allowed: allowed)
        }
        exchange.route = route
        exchange.metrics = route.metrics
        return (route, match.parameters)
    }

    // MARK: Who, how often, and whether

    /// What a route's access asks for has been found.
    private struct Admission {
        let parameters: JSONObject
        let account: RateAccount

        func request(
            _ route: Route, _ path: [String: String], _ exchange: Exchange, body: ByteBuffer
        ) throws -> APIRequest {
            APIRequest(
                id: exchange.id, trace: exchange.trace, method: exchange.head.method, target: exchange.head.path ?? "/",
                pathParameters: path, parameters: parameters, headers: exchange.head.headerFields, bytes: body,
                json: try JSONBody.read(body, exchange.head.headerFields, as: route.endpoint.description.body),
                clientAddress: exchange.clientAddress, isSecure: exchange.isSecure, log: exchange.log,
                account: account)
        }
    }

    private func admitted(
        _ route: Route, _ path: [String: String], _ exchange: inout Exchange, body: ByteBuffer, isHandshake: Bool
    ) async throws -> APIRequest {
        try await admit(route, &exchange, isHandshake: isHandshake).request(route, path, exchange, body: body)
    }

    private func admit(_ route: Route, _ exchange: inout Exchange, isHandshake: Bool) async throws -> Admission {
        let description = route.endpoint.description
        let account: RateAccount
        if description.access == .open {
            account = traffic.anonymous(from: exchange.clientAddress)
            exchange.account = route.endpoint.traffic == .none ? nil : account
            if route.endpoint.traffic != .none { try account.charge(1) }
        } else {
            let principal = try await authenticate(&exchange, isHandshake: isHandshake)
            exchange.principal = principal
            account = traffic.account(of: principal, route.endpoint.traffic)
            exchange.account = account
            // A batch takes its tokens when it has been read; asking takes none.
            try account.charge(route.endpoint.traffic == .telemetry ? 0 : 1)
            try Self.check(principal, description.access)
        }
        return Admission(
            parameters: try exchange.target?.parameters(known: description.parameters) ?? [:], account: account)
    }

    /// Failures count against the address, so that guessing is slow.
    private func authenticate(_ exchange: inout Exchange, isHandshake: Bool) async throws -> Principal {
        let headers = exchange.head.headerFields
        do {
            guard let credentials = try Credentials(headers, isHandshake: isHandshake) else {
                throw Self.unauthenticated
            }
            return try await authenticator.authenticate(
                credentials, selecting: try selectedOrganization(headers), from: exchange.clientAddress,
                requestID: exchange.id)
        } catch let error as ServiceError where error.code.status == 401 {
            let account = traffic.anonymous(from: exchange.clientAddress)
            exchange.account = account
            try account.charge(1)
            throw error
        }
    }

    private static func check(_ principal: Principal, _ access: RouteAccess) throws(ServiceError) {
        switch (access, principal.kind) {
        case (.open, _): return
        case (.signedIn, .device): throw forbidden
        case (.signedIn, _): return
        case (.superadmin, .superadmin): return
        case (.superadmin, _): throw forbidden
        case (.device, .device): return
        case (.device, _): throw forbidden
        case (.permission(let permission), _):
            guard principal.scope != nil else {
                throw ServiceError(
                    .forbidden, "Say with X-Organization-Id in which of your organizations this is meant.")
            }
            guard principal.permissions.contains(permission) else {
                throw ServiceError(.forbidden, "This needs the permission '\(permission.rawValue)'.")
            }
        }
    }

    private static func tenant(_ request: APIRequest, _ exchange: Exchange) throws(ServiceError) -> TenantRequest {
        guard let principal = exchange.principal else { throw unauthenticated }
        guard let scope = principal.scope else { throw forbidden }
        return TenantRequest(request: request, principal: principal, scope: scope)
    }

    private static let unauthenticated = ServiceError(.unauthenticated, "Send Authorization: Bearer or X-API-Key.")
    private static let forbidden = ServiceError(.forbidden, "These credentials do not grant this.")

    // MARK: The body

    private static func tooLarge(_ limit: Int) -> ServiceError {
        ServiceError(.payloadTooLarge, "The body may have at most \(limit) bytes.")
    }

    private static func collect(_ body: RequestBody, _ limit: Int) async throws -> ByteBuffer {
        var collected = ByteBuffer()
        for try await part in body {
            guard collected.readableBytes + part.readableBytes <= limit else { throw tooLarge(limit) }
            if collected.readableBytes == 0 { collected = part } else { collected.writeImmutableBuffer(part) }
        }
        return collected
    }

    // MARK: Entity tags

    private func applyEntityTag(_ answer: inout Answer, _ exchange: Exchange) {
        guard answer.status == .ok, exchange.head.method == .get || exchange.head.method == .head,
            let tag = answer.headers[.eTag], let known = exchange.head.headerFields[.ifNoneMatch],
            EntityTag.matches(ifNoneMatch: known, tag)
        else { return }
        answer.status = .notModified
        answer.body = .none
    }
}
