import JSON
import Kernel
import Persistence
import PostgresClient

/// DEV-4, read from what the pipeline writes when devices speak.
package struct DeviceConnectionService: Sendable {
    package init() {}

    /// - Throws: `not-found`.
    package func read(
        _ tx: borrowing TenantTransaction, _ id: DeviceID
    ) async throws -> (connection: DeviceConnection, thresholds: ConnectionThresholds) {
        let sql: SQL = """
            select \(DeviceConnection.columns) from app.devices d
            left join app.device_presence p on p.organization_id = d.organization_id and p.device_id = d.id
            where d.id = \(id) and d.deleted_at is null /* device_presence.find */
            """
        guard let found = try await tx.first(sql, { row in try DeviceConnection.read(from: &row) }) else {
            throw ServiceError.notFound("device")
        }
        return found
    }

    /// Devices of a site that are neither deleted nor decommissioned, by type and state.
    /// - Throws: `not-found`.
    package func statistics(_ tx: borrowing TenantTransaction, of site: SiteID) async throws -> ConnectionStatistics {
        let exists = try await tx.first("select true from app.sites where id = \(site) /* sites.exists */") { row in
            try row.next(Bool.self)
        }
        guard exists == true else { throw ServiceError.notFound("site") }
        let sql: SQL = """
            with counted as (
                select d.type_id, \(DeviceConnection.stateNow) as state, count(*) as devices
                from app.devices d join app.device_types t on t.id = d.type_id
                left join app.device_presence p on p.organization_id = d.organization_id and p.device_id = d.id
                where d.site_id = \(site) and d.deleted_at is null and d.status <> 'decommissioned'
                group by 1, 2)
            select c.type_id, t.name, c.state, c.devices
            from counted c join app.device_types t on t.id = c.type_id order by t.name collate "C", c.state
            /* device_presence.statistics */
            """
        let rows = try await tx.all(sql) { row in
            ConnectionStatistics.Row(
                typeID: try row.next(), typeName: try row.next(),
                state: DeviceConnection.State(rawValue: try row.next()) ?? .unknown, devices: try row.next())
        }
        let now = try await tx.first("select now() /* device_presence.now */") { row in try row.next(Timestamp.self) }
        return ConnectionStatistics(siteID: site, at: now ?? .now(), rows: rows)
    }
}
