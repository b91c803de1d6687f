import JSON
import Kernel
import Persistence
import PostgresClient

/// How much is measured in an organization.
package struct TelemetryStatistics: Sendable, JSONWritable {
    package let devices: Int64
    /// Devices from which something ever came, and in the last 24 hours.
    package let reporting: Int64
    package let reportingLastDay: Int64
    /// Names of datapoints, and series: a device times a datapoint.
    package let datapoints: Int64
    package let series: Int64
    package let lastReceivedAt: Timestamp?

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("devices", devices)
            json.field("reporting_devices", reporting)
            json.field("reporting_devices_24h", reportingLastDay)
            json.field("datapoints", datapoints)
            json.field("series", series)
            json.field("last_received_at", lastReceivedAt)
        }
    }

    package static func read(_ tx: borrowing TenantTransaction, now: Timestamp) async throws -> TelemetryStatistics {
        let found = try await tx.first(
            """
            select count(*), count(l.source_no), count(l.source_no) filter (where l.received_at > \(now - .seconds(86_400))),
                (select count(*) from app.telemetry_keys), coalesce(sum(cardinality(l.k)), 0)::bigint, max(l.received_at)
            from app.devices d left join app.telemetry_latest l on l.source_no = d.source_no
            where d.deleted_at is null /* telemetry.statistics */
            """
        ) { row in
            TelemetryStatistics(
                devices: try row.next(), reporting: try row.next(), reportingLastDay: try row.next(),
                datapoints: try row.next(), series: try row.next(), lastReceivedAt: try row.next())
        }
        guard let found else { throw ServiceError(.internalError, "A count answered no row.") }
        return found
    }
}
