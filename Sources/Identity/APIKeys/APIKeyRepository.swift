import JSON
import Kernel
import Persistence
import PostgresClient
import Secrets
import Tenancy

struct APIKeyRepository: Sendable {
    private static let columns: SQL = """
        k.id, k.name, k.prefix, k.scopes, k.ip_allow, k.rate, k.expires_at, k.used_at, m.user_id, k.created_at, k.updated_at,
        k.version
        """

    private static let source: SQL = """
        app.api_keys k left join app.memberships m on m.organization_id = k.organization_id and m.id = k.membership_id
        """

    func list(_ tx: borrowing TenantTransaction, _ page: PageRequest<APIKeySort>) async throws -> Page<APIKey> {
        try await tx.page(
            "api_keys", select: Self.columns, from: Self.source, counting: "app.api_keys k",
            where: "k.revoked_at is null", page)
    }

    func find(_ tx: borrowing TenantTransaction, _ id: APIKeyID, forChange: Bool) async throws -> APIKey? {
        let lock: SQL = forChange ? " for update of k" : ""
        return try await tx.first(
            """
            select \(Self.columns) from \(Self.source) where k.id = \(id) and k.revoked_at is null\(lock)
            /* api_keys.find */
            """
        ) { (row: inout RowReader) throws -> APIKey in try APIKey(from: &row) }
    }

    /// A live key with what its owner may do now.
    func findGrant(_ tx: borrowing TenantTransaction, _ id: APIKeyID) async throws -> APIKeyGrant? {
        try await tx.first(
            """
            select k.id, k.name, k.prefix, k.ip_allow, k.expires_at, k.used_at,
                coalesce(m.status = 'active', s.enabled, false), k.scopes,
                array(
                    select distinct p.permission
                    from app.roles r cross join unnest(r.permissions) as p (permission)
                    where r.id = s.role_id or r.id in (
                        select mr.role_id from app.membership_roles mr where mr.membership_id = k.membership_id)),
                k.rate
            from app.api_keys k
            left join app.memberships m on m.organization_id = k.organization_id and m.id = k.membership_id
            left join app.service_accounts s on s.organization_id = k.organization_id and s.id = k.service_account_id
            where k.id = \(id) and k.revoked_at is null /* api_keys.find_grant */
            """
        ) { (row: inout RowReader) throws -> APIKeyGrant in try APIKeyGrant(from: &row) }
    }

    /// At most once a minute, whatever the number of nodes.
    func markUsed(_ tx: borrowing TenantTransaction, _ id: APIKeyID, at now: Timestamp) async throws {
        try await tx.execute(
            """
            update app.api_keys set used_at = \(now)
            where id = \(id) and (used_at is null or used_at < \(now - .seconds(60))) /* api_keys.mark_used */
            """)
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: APIKeyID, _ fields: APIKeyFields, owner: MembershipID,
        token: SecretToken
    ) async throws {
        try await tx.execute(
            """
            insert into app.api_keys (
                organization_id, id, membership_id, name, prefix, secret_hash, scopes, ip_allow, rate, expires_at)
            values (
                \(tx.scope.organizationID), \(id), \(owner), \(fields.name), \(token.displayPrefix), \(token.lookupHash.bytes),
                \(fields.scopes.map(\.rawValue)), \(fields.networks)::cidr[], \(fields.rate?.stored), \(fields.expiresAt))
            /* api_keys.insert */
            """)
    }

    func update(_ tx: borrowing TenantTransaction, _ id: APIKeyID, _ fields: APIKeyFields) async throws {
        try await tx.execute(
            """
            update app.api_keys set name = \(fields.name), scopes = \(fields.scopes.map(\.rawValue)),
                ip_allow = \(fields.networks)::cidr[], rate = \(fields.rate?.stored), expires_at = \(fields.expiresAt)
            where id = \(id) /* api_keys.update */
            """)
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: APIKeyID) async throws -> Bool {
        try await tx.execute("delete from app.api_keys where id = \(id) /* api_keys.delete */") > 0
    }
}

extension APIKeyFields {
    fileprivate var networks: [PostgresInet] { addresses.compactMap { PostgresInet($0) } }
}

extension APIKey: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        let name = try row.next(String.self)
        prefix = try row.next()
        fields = APIKeyFields(
            name: name, scopes: try row.next([String].self).compactMap { Permission(rawValue: $0) },
            addresses: try row.next([PostgresInet].self).map(\.text),
            rate: try row.next(JSONValue?.self).flatMap { APIKeyRate(stored: $0) }, expiresAt: try row.next())
        usedAt = try row.next()
        ownerID = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
        version = try row.next()
    }
}
