import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// ORG-8. The quota of sites is kept by the database. Deleting a site deletes its zones.
package struct SiteService: StoredResourceService {
    package typealias Item = Site

    package init() {}

    /// - Throws: `in-use` while devices stand there, telling how many, up to a thousand.
    package func checkDeletion(_ tx: borrowing TenantTransaction, of site: Site) async throws {
        let sql: SQL = """
            select count(*) from (
                select from app.devices where site_id = \(site.id) and deleted_at is null limit 1000) as there
            /* sites.device_count */
            """
        let devices = try await tx.first(sql) { row in try row.next(Int.self) } ?? 0
        guard devices == 0 else {
            throw ServiceError(
                .inUse, "Devices stand at this site: move or delete them first.",
                members: ["devices": .integer(Int64(devices))])
        }
    }
}
