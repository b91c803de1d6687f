internal import JSON
package import Kernel
package import Persistence
internal import PostgresClient

/// DEV-4, read from what the pipeline writes when devices speak.
package struct DeviceConnectionService: Sendable {
    private let clock: any WallClock

    package init(clock: any WallClock = SystemClock()) { self.clock = clock }

    /// - Throws: `not-found`.
    package func read(
        _ tx: borrowing TenantTransaction, _ id: DeviceID
    ) async throws -> (connection: DeviceConnection, thresholds: ConnectionThresholds) {
        let sql: SQL = """
            select t.thresholds -> 'connection', p.connection, p.since_at, p.seen_at, p.peer, p.protocol
            from app.devices d join app.device_types t on t.id = d.type_id
            left join app.device_presence p on p.organization_id = d.organization_id and p.device_id = d.id
            where d.id = \(id) and d.deleted_at is null /* device_presence.find */
            """
        let found = try await tx.first(sql) { row in
            (thresholds: ConnectionThresholds(try row.next(JSONValue?.self)), stored: try DeviceConnection(from: &row))
        }
        guard let found else { throw ServiceError.notFound("device") }
        return (connection: found.stored.seen(at: clock.now(), found.thresholds), thresholds: found.thresholds)
    }

    /// Devices of a site that are neither deleted nor decommissioned, by type and state.
    /// - Throws: `not-found`.
    package func statistics(_ tx: borrowing TenantTransaction, of site: SiteID) async throws -> ConnectionStatistics {
        let exists = try await tx.first("select true from app.sites where id = \(site) /* sites.exists */") { row in
            try row.next(Bool.self)
        }
        guard exists == true else { throw ServiceError.notFound("site") }
        let now = clock.now()
        let standard = ConnectionThresholds.standard
        let sql: SQL = """
            with there as (
                select d.type_id, coalesce(p.connection, 'unknown') as stored, \(now) - p.seen_at as silence,
                    make_interval(secs => coalesce(
                        (t.thresholds #>> '{connection,degraded_after_seconds}')::float8,
                        \(Double(standard.degradedAfterSeconds)))) as degraded_after,
                    make_interval(secs => coalesce(
                        (t.thresholds #>> '{connection,offline_after_seconds}')::float8,
                        \(Double(standard.offlineAfterSeconds)))) as offline_after
                from app.devices d join app.device_types t on t.id = d.type_id
                left join app.device_presence p on p.organization_id = d.organization_id and p.device_id = d.id
                where d.site_id = \(site) and d.deleted_at is null and d.status <> 'decommissioned'),
            counted as (
                select type_id,
                    case
                        when stored in ('online', 'degraded') and silence >= offline_after then 'offline'
                        when stored = 'online' and silence >= degraded_after then 'degraded'
                        else stored
                    end as state,
                    count(*) as devices
                from there group by 1, 2)
            select c.type_id, t.name, c.state, c.devices
            from counted c join app.device_types t on t.id = c.type_id order by t.name collate "C", c.state
            /* device_presence.statistics */
            """
        let rows = try await tx.all(sql) { row in
            ConnectionStatistics.Row(
                typeID: try row.next(), typeName: try row.next(),
                state: DeviceConnection.State(rawValue: try row.next()) ?? .unknown, devices: try row.next())
        }
        return ConnectionStatistics(siteID: site, at: now, rows: rows)
    }
}
