import FoundationEssentials
import JSON
import Kernel
import Persistence
import PostgresClient

/// A row of `telemetry_hot` or `telemetry_late`.
struct MessageRow {
    let time: Timestamp
    let keyset: Int32
    let receivedMilliseconds: Int32
    let provenance: Int16
    let values: [Double]
    let qualities: [Int16]?
    let others: PostgresJSON?
}

enum TelemetryRepository {
    /// The source of a device that is not deleted.
    static func source(_ tx: borrowing TenantTransaction, of device: DeviceID) async throws -> SourceNumber? {
        try await tx.first(
            "select source_no from app.devices where id = \(device) and deleted_at is null /* devices.source */"
        ) { row in try row.next() }
    }

    /// Keysets that hold one of the keys.
    static func keysets(_ tx: borrowing TenantTransaction, with keys: [Int16]) async throws -> [Int32] {
        try await tx.all(
            "select keyset_no from app.telemetry_keysets where key_nos && \(keys) /* telemetry_keysets.with */"
        ) { row in try row.next() }
    }

    /// Messages in the order of time and keyset, behind `after`; at most `limit`.
    static func messages(
        _ tx: borrowing TenantTransaction, of source: SourceNumber, keysets: [Int32]?, from: Timestamp, to: Timestamp,
        after: (time: Timestamp, keyset: Int32)?, descending: Bool, limit: Int
    ) async throws -> [MessageRow] {
        var filter: SQL = " where source_no = \(source) and ts >= \(from) and ts < \(to)"
        if let keysets { filter += " and keyset_no = any(\(keysets))" }
        if let after {
            // The first condition is what the index and the pruning of days go by.
            filter +=
                descending
                ? " and ts <= \(after.time) and (ts, keyset_no) < (\(after.time), \(after.keyset))"
                : " and ts >= \(after.time) and (ts, keyset_no) > (\(after.time), \(after.keyset))"
        }
        filter += descending ? " order by ts desc, keyset_no desc" : " order by ts, keyset_no"
        filter += " limit \(Int64(limit))"
        let columns: SQL = "select ts, keyset_no, received_ms, origin, v, q, x from app."
        let order: SQL = descending ? " order by ts desc, keyset_no desc" : " order by ts, keyset_no"
        let sql =
            "select * from ((" + columns + "telemetry_hot" + filter + ") union all (" + columns + "telemetry_late"
            + filter
            + ")) m" + order + " limit \(Int64(limit)) /* telemetry.range */"
        return try await tx.all(sql) { row in
            MessageRow(
                time: try row.next(), keyset: try row.next(), receivedMilliseconds: try row.next(),
                provenance: try row.next(), values: try row.next(), qualities: try row.next(), others: try row.next())
        }
    }

    static func count(
        _ tx: borrowing TenantTransaction, of source: SourceNumber, keysets: [Int32]?, from: Timestamp, to: Timestamp
    ) async throws -> Int {
        try await tx.first(
            """
            select (select count(*) from app.telemetry_hot where source_no = \(source) and ts >= \(from) and ts < \(to)
                    and (\(keysets)::integer[] is null or keyset_no = any(\(keysets))))
                + (select count(*) from app.telemetry_late where source_no = \(source) and ts >= \(from) and ts < \(to)
                    and (\(keysets)::integer[] is null or keyset_no = any(\(keysets)))) /* telemetry.count */
            """
        ) { row in try row.next(Int.self) } ?? 0
    }

    /// The latest values of these sources that have any.
    ///
    /// One plan for all values: planned for each, a few hundred sources of an organization with a thousand have the planner
    /// read them all.
    static func latest(
        _ tx: borrowing TenantTransaction, of sources: [SourceNumber]
    ) async throws -> [(source: SourceNumber, values: LatestValues)] {
        let results = try await tx.run([
            "select set_config('plan_cache_mode', 'force_generic_plan', true) /* planning.generic */",
            """
            select source_no, received_at, k, t, v, x from app.telemetry_latest where source_no = any(\(sources))
            /* telemetry_latest.of_sources */
            """,
        ])
        return try results.last?.map { row in (source: try row.next(), values: try LatestValues(from: &row)) } ?? []
    }

    /// Without values: nothing has come from it yet.
    static func latest(
        _ tx: borrowing TenantTransaction, atSite site: SiteID, after: DeviceID?, descending: Bool, limit: Int
    ) async throws -> [(device: DeviceDirectory.Device, values: LatestValues?)] {
        var sql: SQL = """
            select d.id, d.device_key, d.source_no, l.received_at, l.k, l.t, l.v, l.x
            from app.devices d left join app.telemetry_latest l on l.source_no = d.source_no
            where d.site_id = \(site) and d.deleted_at is null
            """
        if let after { sql += descending ? " and d.id < \(after)" : " and d.id > \(after)" }
        sql += descending ? " order by d.id desc" : " order by d.id"
        sql += " limit \(Int64(limit)) /* telemetry_latest.of_site */"
        return try await tx.all(sql) { row in
            let device = DeviceDirectory.Device(id: try row.next(), key: try row.next(), source: try row.next())
            return (device: device, values: row.nextIsNull ? nil : try LatestValues(from: &row))
        }
    }

    static func countDevices(_ tx: borrowing TenantTransaction, atSite site: SiteID) async throws -> Int {
        try await tx.first(
            "select count(*) from app.devices where site_id = \(site) and deleted_at is null /* devices.count_at_site */"
        ) { row in try row.next(Int.self) } ?? 0
    }

    static func siteExists(_ tx: borrowing TenantTransaction, _ site: SiteID) async throws -> Bool {
        try await tx.first("select true from app.sites where id = \(site) /* sites.exists */") { row in
            try row.next(Bool.self)
        } ?? false
    }
}
