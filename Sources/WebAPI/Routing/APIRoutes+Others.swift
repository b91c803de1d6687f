import HTTPServer
import Kernel
import Persistence
import Tenancy

extension APIRoutes {
    package typealias SystemHandler = @Sendable (SignedInRequest, borrowing SystemTransaction) async throws -> Answer

    /// A route for anybody, below ``prefix``: signing in, for example.
    package func open(
        _ method: HTTPVerb, _ path: String, parameters: [String] = [], body: RouteDescription.Body = .none,
        bodyLimit: Int? = nil, answers: Set<Int> = [200], refuses: Set<ErrorCode> = [],
        _ handler: @escaping @Sendable (OpenRequest) async throws -> Answer
    ) {
        add(
            method.rawValue, Self.prefix + path, .open, parameters: parameters, body: body, bodyLimit: bodyLimit,
            answers: answers, refuses: refuses, .open(handler))
    }

    /// A route for whoever is signed in, in an organization or not: `/auth/me`, signing out.
    package func signedIn(
        _ method: HTTPVerb, _ path: String, parameters: [String] = [], body: RouteDescription.Body = .none,
        answers: Set<Int> = [200], refuses: Set<ErrorCode> = [],
        _ handler: @escaping @Sendable (SignedInRequest) async throws -> Answer
    ) {
        add(
            method.rawValue, Self.prefix + path, .signedIn, parameters: parameters, body: body, answers: answers,
            refuses: refuses, .signedIn(handler))
    }

    /// A route of the platform's administrators, in one transaction of the platform. A POST may be repeated under an
    /// `Idempotency-Key`.
    package func system(
        _ method: HTTPVerb, _ path: String, parameters: [String] = [], body: RouteDescription.Body = .none,
        answers: Set<Int> = [200], refuses: Set<ErrorCode> = [], _ handler: @escaping SystemHandler
    ) {
        let (system, cursors, isPost) = (services.system, services.cursors, method == .post)
        add(
            method.rawValue, Self.prefix + path, .superadmin, parameters: parameters, body: body, answers: answers,
            refuses: refuses, takesIdempotencyKey: isPost,
            .signedIn { request in
                let repetition = isPost ? try IdempotentRequest(request, cursors) : nil
                return try await system.withTransaction(request.principal.actor) {
                    (tx: borrowing SystemTransaction) async throws -> Answer in
                    guard let repetition else { return try await handler(request, tx) }
                    return try await repetition.once(tx) {
                        (tx: borrowing SystemTransaction) async throws -> Answer in try await handler(request, tx)
                    }
                }
            })
    }

    /// A route of a device about itself. There is no transaction: the pipeline commits.
    package func device(
        _ method: HTTPVerb, _ path: String, parameters: [String] = [], body: RouteDescription.Body = .bytes,
        bodyLimit: Int? = nil, answers: Set<Int> = [202], refuses: Set<ErrorCode> = [], traffic: Traffic = .telemetry,
        _ handler: @escaping @Sendable (DeviceRequest) async throws -> Answer
    ) {
        add(
            method.rawValue, Self.prefix + path, .device, parameters: parameters, body: body, bodyLimit: bodyLimit,
            answers: answers, refuses: refuses, traffic: traffic, .device(handler))
    }

    /// A route in an organization whose handler sees to its transactions itself: streams, ingestion on behalf of a device.
    package func raw(
        _ method: HTTPVerb, _ path: String, _ permission: Permission, parameters: [String] = [],
        body: RouteDescription.Body = .none, bodyLimit: Int? = nil, answers: Set<Int> = [200],
        refuses: Set<ErrorCode> = [],
        traffic: Traffic = .api, _ handler: @escaping @Sendable (TenantRequest) async throws -> Answer
    ) {
        add(
            method.rawValue, Self.prefix + path, .permission(permission), parameters: parameters, body: body,
            bodyLimit: bodyLimit, answers: answers, refuses: refuses, traffic: traffic, .tenant(handler))
    }

    /// A WebSocket. The request passes everything that any other passes before it is upgraded; a plain GET answers 426.
    package func socket(
        _ path: String, _ permission: Permission, parameters: [String] = [],
        _ handler: @escaping @Sendable (TenantRequest) async throws -> WebSocketAcceptance
    ) {
        add(
            "GET", Self.prefix + path, .permission(permission), parameters: parameters, answers: [101],
            refuses: [.upgradeRequired], .socket(handler))
    }

    /// A route of the platform itself, outside of ``prefix``: health, metrics, the description of the API.
    func platform(
        _ path: String, parameters: [String] = [], answers: Set<Int> = [200], refuses: Set<ErrorCode> = [],
        isDocumented: Bool = true, _ handler: @escaping @Sendable (OpenRequest) async throws -> Answer
    ) {
        add(
            "GET", path, .open, parameters: parameters, answers: answers, refuses: refuses, isDocumented: isDocumented,
            traffic: .none, .open(handler))
    }
}

/// The methods of the API.
package enum HTTPVerb: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}
