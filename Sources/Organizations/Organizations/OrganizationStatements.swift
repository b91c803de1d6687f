import JSON
import Kernel
import Persistence
import PostgresClient

/// The statements on organizations: an organization's own transactions see it and its descendants, the platform's see all.
enum OrganizationStatements {
    private static let columns: SQL = """
        o.id, o.parent_id, o.kind, o.slug, t.name, o.status, o.name, o.currency, o.locale, o.time_zone, o.settings,
        o.overrides, o.version, o.created_at, o.updated_at
        """

    static func list(
        _ tx: borrowing some ReadingTransaction & ~Copyable, _ filter: OrganizationFilter,
        _ page: PageRequest<OrganizationSort>
    ) async throws -> Page<Organization> {
        try await tx.page(
            "organizations", select: columns, from: "app.organizations o join app.tiers t on t.id = o.tier_id",
            counting: "app.organizations o", where: conditions(filter), page)
    }

    /// - Throws: `not-found`.
    static func hierarchy(
        _ tx: borrowing some ReadingTransaction & ~Copyable, _ id: OrganizationID
    ) async throws -> [OrganizationNode] {
        let nodes = try await tx.all(hierarchy(id)) { row in try OrganizationNode(from: &row) }
        guard !nodes.isEmpty else { throw ServiceError.notFound("organization") }
        return nodes
    }

    /// - Throws: `not-found`.
    static func find(
        _ tx: borrowing some ReadingTransaction & ~Copyable, _ id: OrganizationID, locking: Bool = false
    ) async throws -> Organization {
        guard let organization = try await tx.first(find(id, locking: locking), { row in try Organization(from: &row) })
        else { throw ServiceError.notFound("organization") }
        return organization
    }

    private static func conditions(_ filter: OrganizationFilter) -> SQL {
        """
        o.deleted_at is null and o.kind <> 'platform'
        and (\(filter.parentID)::uuid is null or o.parent_id = \(filter.parentID))
        and (\(filter.kind?.rawValue)::text is null or o.kind = \(filter.kind?.rawValue))
        and (\(filter.status?.rawValue)::text is null or o.status = \(filter.status?.rawValue))
        and (\(filter.slug)::text is null or o.slug = \(filter.slug))
        """
    }

    static func find(_ id: OrganizationID, locking: Bool) -> SQL {
        let lock: SQL = locking ? " for update of o" : ""
        return """
            select \(columns) from app.organizations o join app.tiers t on t.id = o.tier_id
            where o.id = \(id) and o.deleted_at is null and o.kind <> 'platform'\(lock) /* organizations.find */
            """
    }

    private static func hierarchy(_ id: OrganizationID) -> SQL {
        """
        with recursive below as (
            select o.id, o.parent_id, o.name, o.slug, o.kind, o.status, 0 as depth
            from app.organizations o where o.id = \(id) and o.deleted_at is null and o.kind <> 'platform'
            union all
            select o.id, o.parent_id, o.name, o.slug, o.kind, o.status, b.depth + 1
            from below b join app.organizations o on o.parent_id = b.id
            where o.deleted_at is null and b.depth < 8)
        select id, parent_id, name, slug, kind, status, depth from below order by depth, name collate "C", id
        limit 10000 /* organizations.hierarchy */
        """
    }

    static func update(_ id: OrganizationID, _ fields: OrganizationFields) -> SQL {
        """
        update app.organizations set name = \(fields.name), currency = \(fields.currency), locale = \(fields.locale),
            time_zone = \(fields.timeZone), settings = \(fields.settings)
        where id = \(id) /* organizations.update */
        """
    }

    static func quotas(_ id: OrganizationID) -> SQL {
        """
        select resource_key, scope, used, max_allowed, level, grace_until_at from app.quotas
        where organization_id = \(id) and window_on = '-infinity' order by resource_key, scope /* quotas.list */
        """
    }

    static func tiers() -> SQL { "select \(tierColumns) from app.tiers order by name /* tiers.list */" }

    static func tier(_ name: String, locking: Bool = false) -> SQL {
        let lock: SQL = locking ? " for update" : .empty
        return "select \(tierColumns) from app.tiers where name = \(name)\(lock) /* tiers.find */"
    }

    static let tierColumns: SQL = "id, name, limits, rates, features, version, created_at, updated_at"
}

/// What the statements of this module are refused for.
enum OrganizationRefusals {
    private static let constraints: KnownConstraints = [
        "organizations_slug_key": ServiceError(.alreadyExists, "Another organization has this slug.")
    ]

    /// Translates what `policies/35_organizations.sql` and `36_descendants.sql` raise.
    static func translating<T>(_ statement: () async throws -> T) async throws -> T {
        do {
            return try await constraints.translating(statement)
        } catch let error as PostgresError {
            switch (error.sqlState, error.serverFault) {
            case ("RK004", let fault?):
                throw ServiceError.invalidInput("/\(fault.column ?? "")", fault.message)
            case ("RK005", _):
                throw ServiceError(.inUse, "Organizations lie below it: delete them first.", cause: error)
            default: throw error
            }
        }
    }
}
