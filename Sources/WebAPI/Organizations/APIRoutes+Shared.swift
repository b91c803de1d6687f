import JSON
import Kernel
import Persistence
import Tenancy

extension APIRoutes {
    /// A route of an organization's people that platform administrators may use, too: the former need `permission` and act
    /// in their organization's transaction, the latter in one of the platform.
    func shared(
        _ method: HTTPVerb, _ path: String, _ permission: Permission, parameters: [String] = [],
        body: RouteDescription.Body = .none, answers: Set<Int> = [200], refuses: Set<ErrorCode> = [],
        tenant: @escaping TenantHandler, platform: @escaping SystemHandler
    ) {
        let (tenants, system, cursors) = (services.tenants, services.system, services.cursors)
        let (isPost, reads) = (method == .post, method == .get)
        add(
            method.rawValue, Self.prefix + path, .signedIn, parameters: parameters, body: body, answers: answers,
            refuses: refuses.union([.forbidden]), takesIdempotencyKey: isPost,
            .signedIn { request in
                if case .superadmin = request.principal.kind {
                    let repetition = isPost ? try IdempotentRequest(request, cursors) : nil
                    return try await system.withTransaction(request.principal.actor, reads ? .readOnly : .readWrite) {
                        (tx: borrowing SystemTransaction) async throws -> Answer in
                        guard let repetition else { return try await platform(request, tx) }
                        return try await repetition.once(tx) {
                            (tx: borrowing SystemTransaction) async throws -> Answer in try await platform(request, tx)
                        }
                    }
                }
                guard let scope = request.principal.scope, request.principal.permissions.contains(permission) else {
                    throw ServiceError(
                        .forbidden, "This needs the permission \(permission.rawValue) in an organization.")
                }
                let inTenant = TenantRequest(request: request.request, principal: request.principal, scope: scope)
                let repetition = isPost ? try IdempotentRequest(inTenant, cursors) : nil
                return try await tenants.withTransaction(scope, reads ? .readOnly : .readWrite) {
                    (tx: borrowing TenantTransaction) async throws -> Answer in
                    guard let repetition else { return try await tenant(inTenant, tx) }
                    return try await repetition.once(tx) {
                        (tx: borrowing TenantTransaction) async throws -> Answer in try await tenant(inTenant, tx)
                    }
                }
            })
    }

    /// The same for a page of a list.
    func sharedList<Sort: ListSort, Item: JSONWritable & Sendable>(
        _ path: String, _ permission: Permission, sort: Sort.Type, parameters: [String] = [],
        tenant: @escaping ListHandler<Sort, Item>,
        platform:
            @escaping @Sendable (SignedInRequest, PageRequest<Sort>, borrowing SystemTransaction) async throws -> Page<
                Item
            >
    ) {
        let (cursors, route) = (services.cursors, Self.prefix + path)
        @Sendable func page(_ request: APIRequest, _ organization: OrganizationID?) throws -> (
            PageRequest<Sort>, CursorBinding
        ) {
            let binding = CursorBinding(
                organizationID: organization, route: route, path: request.pathParameters,
                parameters: request.parameters)
            let page = try ListParameters.read(
                request, limits: .items, cursors: cursors, binding: binding, sort: Sort.self)
            return (page, binding)
        }
        shared(
            .get, path, permission, parameters: ListParameters.names + parameters,
            tenant: { request, tx in
                let (wanted, binding) = try page(request.request, request.organizationID)
                let result = try await tenant(request, wanted, tx)
                return .page(result, nextCursor: result.next.map { cursors.seal($0, for: binding) })
            },
            platform: { request, tx in
                let (wanted, binding) = try page(request.request, nil)
                let result = try await platform(request, wanted, tx)
                return .page(result, nextCursor: result.next.map { cursors.seal($0, for: binding) })
            })
    }
}
