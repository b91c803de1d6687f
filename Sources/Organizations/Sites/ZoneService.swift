import Kernel
import Persistence
import PostgresClient
import Resources

/// Zones of a site: a tree of at most ``Zone/maximumDepth`` levels.
package struct ZoneService: StoredResourceService {
    package typealias Item = Zone

    package init() {}

    /// Two moves at once could close a circle that neither sees: the locked site makes them wait for each other.
    /// - Throws: `invalid-input` for a parent that is none, lies below the zone itself, or lies too deep.
    package func check(
        _ tx: borrowing TenantTransaction, _ fields: ZoneFields, replacing present: Zone?, in site: SiteID
    ) async throws {
        guard let parent = fields.parentID, parent != present?.fields.parentID else { return }
        let path = try await path(tx, site, parent)
        guard !path.isEmpty else { throw ServiceError.invalidInput("/parent_id", "is no zone of this site") }
        var levels = path.count + 1
        if let present {
            guard !path.contains(present.id) else {
                throw ServiceError.invalidInput("/parent_id", "lies inside the zone itself")
            }
            levels += try await height(tx, present.id)
        }
        guard levels <= Zone.maximumDepth else {
            throw ServiceError.invalidInput("/parent_id", "would nest zones deeper than \(Zone.maximumDepth) levels")
        }
    }

    /// - Throws: `in-use` while devices are in it.
    package func checkDeletion(_ tx: borrowing TenantTransaction, of zone: Zone) async throws {
        let sql: SQL = """
            select exists (select from app.devices where zone_id = \(zone.id) and deleted_at is null)
            /* zones.has_devices */
            """
        if try await tx.first(sql, { row in try row.next(Bool.self) }) == true {
            throw ServiceError(.inUse, "Devices stand in this zone: move or delete them first.")
        }
    }

    /// The ids from the zone up to the one below the site; empty when there is no such zone.
    private func path(_ tx: borrowing TenantTransaction, _ site: SiteID, _ id: ZoneID) async throws -> [ZoneID] {
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
    private func height(_ tx: borrowing TenantTransaction, _ id: ZoneID) async throws -> Int {
        let sql: SQL = """
            with recursive down as (
                select id, 0 as depth from app.zones where id = \(id)
                union all
                select z.id, down.depth + 1 from down join app.zones z on z.parent_id = down.id where down.depth < 100)
            select max(depth) from down /* zones.height */
            """
        return try await tx.first(sql) { row in try row.next(Int?.self) ?? 0 } ?? 0
    }
}
