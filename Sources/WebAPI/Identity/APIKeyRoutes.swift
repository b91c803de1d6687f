import HTTPTypes
import Identity
import JSON
import Kernel
import Persistence
import Resources
import Tenancy

/// The API keys of an organization. A secret is in the answer that makes it, and nowhere else.
package struct APIKeyRoutes: Sendable {
    let keys: APIKeyService

    package init(keys: APIKeyService) { self.keys = keys }

    package func register(in api: APIRoutes) {
        api.list("/api-keys", .apiKeysRead, sort: APIKeySort.self, list)
        api.post("/api-keys", .apiKeysWrite, refuses: [.quotaExceeded, .forbidden], create)
        api.get("/api-keys/{id}", .apiKeysRead, show)
        api.put("/api-keys/{id}", .apiKeysWrite, replace)
        api.patch("/api-keys/{id}", .apiKeysWrite, change)
        api.delete("/api-keys/{id}", .apiKeysWrite, remove)
    }

    func list(
        _ request: TenantRequest, _ page: PageRequest<APIKeySort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<APIKey> {
        try await keys.list(tx, page)
    }

    func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let made = try await keys.issue(tx, APIKeyFields(body: request.request.json ?? .null), by: request.principal)
        var answer = Answer.created(made, at: "/api-keys/\(made.key.id)", version: made.key.version)
        answer.headers[.cacheControl] = "no-store"
        return answer
    }

    func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let key = try await keys.find(tx, request.id(of: "API key"))
        return .ok(key, version: key.version)
    }

    func replace(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let present = try await present(request, tx)
        return try await save(request, tx, present, APIKeyFields(body: request.request.json ?? .null))
    }

    func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let present = try await present(request, tx)
        return try await save(request, tx, present, present.fields.applying(mergePatch: request.request.json ?? .null))
    }

    func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await keys.revoke(tx, try await present(request, tx))
        return .noContent
    }

    private func present(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> APIKey {
        let present = try await keys.find(tx, request.id(of: "API key"), forChange: true)
        try request.requireVersion(present.version)
        return present
    }

    private func save(
        _ request: TenantRequest, _ tx: borrowing TenantTransaction, _ present: APIKey, _ fields: APIKeyFields
    ) async throws -> Answer {
        let key = try await keys.change(tx, present, to: fields, by: request.principal)
        return .ok(key, version: key.version)
    }
}
