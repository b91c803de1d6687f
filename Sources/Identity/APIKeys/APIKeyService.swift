import Audit
import JSON
import Kernel
import Persistence
import Resources
import Secrets
import Tenancy

/// The API keys of an organization (IAM-4).
package struct APIKeyService: Sendable {
    private let keys = APIKeyRepository()
    private let members = MemberRepository()

    package init() {}

    package func list(_ tx: borrowing TenantTransaction, _ page: PageRequest<APIKeySort>) async throws -> Page<APIKey> {
        try await keys.list(tx, page)
    }

    /// - Throws: `not-found`.
    package func find(_ tx: borrowing TenantTransaction, _ id: APIKeyID, forChange: Bool = false) async throws -> APIKey
    {
        guard let key = try await keys.find(tx, id, forChange: forChange) else {
            throw ServiceError.notFound("API key")
        }
        return key
    }

    /// Makes a key that acts with its maker's roles, within its scopes. The secret is in this answer only.
    /// - Throws: `forbidden` for scopes beyond the maker's own and for makers who are no members here; `quota-exceeded`.
    package func issue(_ tx: borrowing TenantTransaction, _ fields: APIKeyFields, by principal: Principal) async throws
        -> NewAPIKey
    {
        try refuseForeignScopes(fields.scopes, principal)
        guard let user = principal.actor.userID, let owner = try await members.findMembership(tx, user) else {
            throw ServiceError(
                .forbidden, "An API key belongs to a member of the organization, who makes it signed in.")
        }
        let token = try SecretToken(generating: .apiKey, from: SystemRandom())
        let id = APIKeyID.make()
        try await keys.insert(tx, id, fields, owner: owner, token: token)
        let key = try await find(tx, id)
        tx.recordChange("create", of: "api_key", id.uuid, from: nil, to: key.fields.document)
        return NewAPIKey(key: key, secret: token.revealed)
    }

    /// - Throws: `not-found`, `forbidden` for scopes beyond one's own.
    package func change(
        _ tx: borrowing TenantTransaction, _ present: APIKey, to fields: APIKeyFields, by principal: Principal
    ) async throws -> APIKey {
        try refuseForeignScopes(fields.scopes.filter { !present.fields.scopes.contains($0) }, principal)
        try await keys.update(tx, present.id, fields)
        tx.invalidate(.apiKey, present.id.uuid)
        let key = try await find(tx, present.id)
        tx.recordChange("update", of: "api_key", key.id.uuid, from: present.fields.document, to: key.fields.document)
        return key
    }

    /// Ends a key: within seconds on every node.
    /// - Throws: `not-found`.
    package func revoke(_ tx: borrowing TenantTransaction, _ key: APIKey) async throws {
        guard try await keys.delete(tx, key.id) else { throw ServiceError.notFound("API key") }
        tx.invalidate(.apiKey, key.id.uuid)
        tx.recordChange("delete", of: "api_key", key.id.uuid, from: key.fields.document, to: nil)
    }

    private func refuseForeignScopes(_ scopes: [Permission], _ principal: Principal) throws(ServiceError) {
        let foreign = scopes.filter { !principal.permissions.contains($0) }
        guard !foreign.isEmpty else { return }
        throw ServiceError(
            .forbidden, "You cannot give what you do not have: \(foreign.map(\.rawValue).joined(separator: ", ")).")
    }
}
