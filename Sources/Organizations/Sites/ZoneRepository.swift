internal import Audit
internal import JSON
internal import Kernel
internal import Persistence
internal import PostgresClient

struct ZoneRepository: Sendable {
    private static let columns: SQL = "id, site_id, name, kind, parent_id, version, created_at, updated_at"
    private static let constraints: KnownConstraints = [
        "zones_name_key": ServiceError(.alreadyExists, "Another zone at this place has this name."),
        "zones_parent_fkey": .invalidInput("/parent_id", "is no zone of this site"),
    ]

    func list(
        _ tx: borrowing TenantTransaction, _ site: SiteID, parent: ZoneID?, _ page: PageRequest<ZoneSort>
    ) async throws -> Page<Zone> {
        let order = page.keyset(\.column)
        let conditions: SQL = "site_id = \(site) and (\(parent)::uuid is null or parent_id = \(parent))"
        let sql: SQL = """
            select \(Self.columns) from app.zones where \(conditions)\(try order.after(page.after))\(order.order)
            limit \(page.limit + 1) /* zones.list */
            """
        let rows = try await tx.all(sql) { row in try Zone(from: &row) }
        var total: Int?
        if page.includesTotal {
            total = try await tx.first("select count(*) from app.zones where \(conditions) /* zones.count */") { row in
                try row.next(Int.self)
            }
        }
        return Page(
            rows: rows, limit: page.limit, total: total,
            position: { zone in page.position(zone.id) { $0.key(of: zone) } })
    }

    func find(
        _ tx: borrowing TenantTransaction, _ site: SiteID, _ id: ZoneID, locking: Bool = false
    ) async throws -> Zone? {
        let lock: SQL = locking ? " for update" : ""
        let sql: SQL = """
            select \(Self.columns) from app.zones where id = \(id) and site_id = \(site)\(lock) /* zones.find */
            """
        return try await tx.first(sql) { row in try Zone(from: &row) }
    }

    /// The ids from the zone up to the one below the site; empty when there is no such zone.
    func path(_ tx: borrowing TenantTransaction, _ site: SiteID, _ id: ZoneID) async throws -> [ZoneID] {
        let sql: SQL = """
            with recursive up as (
                select id, parent_id, 1 as depth from app.zones where id = \(id) and site_id = \(site)
                union all
                select z.id, z.parent_id, up.depth + 1 from up join app.zones z on z.id = up.parent_id where up.depth < 100)
            select id from up order by depth /* zones.path */
            """
        return try await tx.all(sql) { row in try row.next(ZoneID.self) }
    }

    /// How many levels lie below the zone.
    func height(_ tx: borrowing TenantTransaction, _ id: ZoneID) async throws -> Int {
        let sql: SQL = """
            with recursive down as (
                select id, 0 as depth from app.zones where id = \(id)
                union all
                select z.id, down.depth + 1 from down join app.zones z on z.parent_id = down.id where down.depth < 100)
            select max(depth) from down /* zones.height */
            """
        return try await tx.first(sql) { row in try row.next(Int?.self) ?? 0 } ?? 0
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: ZoneID, _ site: SiteID, _ fields: ZoneFields
    ) async throws -> Zone? {
        let sql: SQL = """
            insert into app.zones (organization_id, id, site_id, parent_id, name, kind)
            values (app.organization_id(), \(id), \(site), \(fields.parentID), \(fields.name), \(fields.kind))
            returning \(Self.columns) /* zones.insert */
            """
        return try await Self.constraints.translating { try await tx.first(sql) { row in try Zone(from: &row) } }
    }

    func update(_ tx: borrowing TenantTransaction, _ id: ZoneID, _ fields: ZoneFields) async throws -> Zone? {
        let sql: SQL = """
            update app.zones set name = \(fields.name), kind = \(fields.kind), parent_id = \(fields.parentID)
            where id = \(id) returning \(Self.columns) /* zones.update */
            """
        return try await Self.constraints.translating { try await tx.first(sql) { row in try Zone(from: &row) } }
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: ZoneID) async throws {
        let inUse: KnownConstraints = [
            "zones_parent_fkey": ServiceError(.inUse, "The zone has zones below it: move or delete them first.")
        ]
        _ = try await inUse.translating {
            try await tx.execute("delete from app.zones where id = \(id) /* zones.delete */")
        }
    }

    func hasDevices(_ tx: borrowing TenantTransaction, _ id: ZoneID) async throws -> Bool {
        let sql: SQL = """
            select exists (select from app.devices where zone_id = \(id) and deleted_at is null) /* zones.has_devices */
            """
        return try await tx.first(sql) { row in try row.next(Bool.self) } ?? false
    }
}

extension ZoneSort {
    fileprivate var column: Keyset.Column {
        switch self {
        case .name: .text("name collate \"C\"")
        case .createdAt: .id
        }
    }

    fileprivate func key(of zone: Zone) -> JSONValue {
        switch self {
        case .name: .string(zone.fields.name)
        case .createdAt: .null
        }
    }
}
