import JSON
import Kernel
import Persistence
import Tenancy

extension APIRoutes {
    /// Reads one thing. An answer with a version is compared with `If-None-Match` (304).
    package func get(
        _ path: String, _ permission: Permission, parameters: [String] = [], refuses: Set<ErrorCode> = [],
        _ handler: @escaping TenantHandler
    ) {
        let tenants = services.tenants
        add(
            "GET", Self.prefix + path, .permission(permission), parameters: parameters, answers: [200],
            refuses: refuses,
            .tenant { request in
                try await tenants.withTransaction(request.scope, .readOnly) {
                    (tx: borrowing TenantTransaction) async throws -> Answer in
                    try await handler(request, tx)
                }
            })
    }

    /// Reads a page of a list: `limit`, `cursor`, `sort` and `count` are taken by themselves, `parameters` names the filters.
    package func list<Sort: ListSort, Item: JSONWritable & Sendable>(
        _ path: String, _ permission: Permission, sort: Sort.Type, parameters: [String] = [],
        limits: ListLimits = .items, refuses: Set<ErrorCode> = [], _ handler: @escaping ListHandler<Sort, Item>
    ) {
        let (tenants, cursors, route) = (services.tenants, services.cursors, Self.prefix + path)
        add(
            "GET", route, .permission(permission), parameters: ListParameters.names + parameters, answers: [200],
            refuses: refuses,
            .tenant { request in
                let binding = CursorBinding(
                    organizationID: request.organizationID, route: route, path: request.request.pathParameters,
                    parameters: request.request.parameters)
                let page = try ListParameters.read(
                    request.request, limits: limits, cursors: cursors, binding: binding, sort: Sort.self)
                return try await tenants.withTransaction(request.scope, .readOnly) {
                    (tx: borrowing TenantTransaction) async throws -> Answer in
                    let result = try await handler(request, page, tx)
                    return .page(result, nextCursor: result.next.map { cursors.seal($0, for: binding) })
                }
            })
    }

    /// Creates something or does something. May be repeated under an `Idempotency-Key`.
    package func post(
        _ path: String, _ permission: Permission, parameters: [String] = [], body: RouteDescription.Body = .json,
        bodyLimit: Int? = nil, answers: Set<Int> = [201], refuses: Set<ErrorCode> = [],
        _ handler: @escaping TenantHandler
    ) {
        change(
            "POST", path, permission, parameters: parameters, body: body, bodyLimit: bodyLimit, answers: answers,
            refuses: refuses, handler)
    }

    /// Replaces something.
    package func put(
        _ path: String, _ permission: Permission, parameters: [String] = [], bodyLimit: Int? = nil,
        answers: Set<Int> = [200], refuses: Set<ErrorCode> = [],
        _ handler: @escaping TenantHandler
    ) {
        change(
            "PUT", path, permission, parameters: parameters, body: .json, bodyLimit: bodyLimit, answers: answers,
            refuses: refuses, handler)
    }

    /// Changes parts of something by a JSON merge patch (RFC 7396).
    package func patch(
        _ path: String, _ permission: Permission, parameters: [String] = [], answers: Set<Int> = [200],
        refuses: Set<ErrorCode> = [], _ handler: @escaping TenantHandler
    ) {
        change(
            "PATCH", path, permission, parameters: parameters, body: .json, bodyLimit: nil, answers: answers,
            refuses: refuses, handler)
    }

    package func delete(
        _ path: String, _ permission: Permission, parameters: [String] = [], answers: Set<Int> = [204],
        refuses: Set<ErrorCode> = [], _ handler: @escaping TenantHandler
    ) {
        change(
            "DELETE", path, permission, parameters: parameters, body: .none, bodyLimit: nil, answers: answers,
            refuses: refuses, handler)
    }

    private func change(
        _ method: String, _ path: String, _ permission: Permission, parameters: [String], body: RouteDescription.Body,
        bodyLimit: Int?, answers: Set<Int>, refuses: Set<ErrorCode>,
        _ handler: @escaping TenantHandler
    ) {
        let (tenants, cursors, isPost) = (services.tenants, services.cursors, method == "POST")
        add(
            method, Self.prefix + path, .permission(permission), parameters: parameters, body: body,
            bodyLimit: bodyLimit,
            answers: answers, refuses: refuses, takesIdempotencyKey: isPost,
            .tenant { request in
                let repetition = isPost ? try IdempotentRequest(request, cursors) : nil
                return try await tenants.withTransaction(request.scope, .readWrite) {
                    (tx: borrowing TenantTransaction) async throws -> Answer in
                    guard let repetition else { return try await handler(request, tx) }
                    return try await repetition.once(tx) {
                        (tx: borrowing TenantTransaction) async throws -> Answer in try await handler(request, tx)
                    }
                }
            })
    }
}
