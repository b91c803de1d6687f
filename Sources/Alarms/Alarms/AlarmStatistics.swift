import JSON
import Kernel
import Persistence
import PostgresClient

/// How an organization fares with its alarms over a period (ALM-3).
package struct AlarmStatistics: Sendable {
    package struct SeverityCount: Sendable {
        package let severity: AlarmSeverity
        /// Raised in the period.
        package let raised: Int
        /// Of these, still open.
        package let open: Int
        /// Of these, not acknowledged yet.
        package let unacknowledged: Int
        package let occurrences: Int
    }

    package struct Offender: Sendable {
        package let deviceID: DeviceID
        /// Nil when the device is deleted.
        package let name: String?
        package let raised: Int
    }

    package let from: Timestamp
    package let to: Timestamp
    package let bySeverity: [SeverityCount]
    /// Mean time until somebody acknowledged, from when the platform raised the alarm, in seconds.
    package let meanSecondsToAcknowledge: Double?
    /// Mean time until the alarm was cleared: in event time when a value did it, else from when it was raised.
    package let meanSecondsToResolve: Double?
    /// The ten devices with the most alarms.
    package let topOffenders: [Offender]
}

extension AlarmStatistics {
    package static let longestPeriod = Duration.seconds(400 * 86_400)

    /// Counts the alarms raised in `from ..< to`, of one device or site when given.
    package static func read(
        _ tx: borrowing TenantTransaction, from: Timestamp, to: Timestamp, device: DeviceID? = nil, site: SiteID? = nil
    ) async throws -> AlarmStatistics {
        let conditions = AlarmFilter(deviceID: device, siteID: site, from: from, to: to).conditions
        let severities: SQL = """
            select severity, count(*), count(*) filter (where cleared_at is null),
                count(*) filter (where acknowledged_at is null), sum(occurrences)::bigint
            from app.alarms where \(conditions) group by severity /* alarms.count_by_severity */
            """
        let counts = try await tx.all(severities) { row in
            SeverityCount(
                severity: try AlarmSeverity(stored: try row.next()), raised: try row.next(), open: try row.next(),
                unacknowledged: try row.next(), occurrences: try row.next())
        }
        // A device's clock may run ahead of ours: nothing takes less than no time.
        let means: SQL = """
            select avg(greatest(extract(epoch from acknowledged_at - created_at), 0))
                    filter (where acknowledged_at is not null)::float8,
                avg(greatest(extract(epoch from
                    cleared_at - case when cleared_by is null then raised_at else created_at end), 0))
                    filter (where cleared_at is not null)::float8
            from app.alarms where \(conditions) /* alarms.mean_times */
            """
        let mean = try await tx.first(means) { row in
            (acknowledge: try row.next(Double?.self), resolve: try row.next(Double?.self))
        }
        let top: SQL = """
            select t.device_id, d.name, t.raised
            from (select device_id, count(*) as raised from app.alarms
                where \(conditions) and device_id is not null group by device_id
                order by raised desc, device_id limit 10) as t
            left join app.devices d on d.id = t.device_id and d.deleted_at is null
            order by t.raised desc, t.device_id /* alarms.top_offenders */
            """
        let offenders = try await tx.all(top) { row in
            Offender(deviceID: try row.next(), name: try row.next(), raised: try row.next())
        }
        return AlarmStatistics(
            from: from, to: to, bySeverity: counts.sorted { $0.severity > $1.severity },
            meanSecondsToAcknowledge: mean?.acknowledge, meanSecondsToResolve: mean?.resolve, topOffenders: offenders)
    }
}

extension AlarmStatistics: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("from", from)
            json.field("to", to)
            json.field("raised", bySeverity.reduce(0) { $0 + $1.raised })
            json.field("open", bySeverity.reduce(0) { $0 + $1.open })
            json.field("by_severity", bySeverity)
            json.field("mean_seconds_to_acknowledge", meanSecondsToAcknowledge)
            json.field("mean_seconds_to_resolve", meanSecondsToResolve)
            json.field("top_offenders", topOffenders)
        }
    }
}

extension AlarmStatistics.SeverityCount: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("severity", severity)
            json.field("raised", raised)
            json.field("open", open)
            json.field("unacknowledged", unacknowledged)
            json.field("occurrences", occurrences)
        }
    }
}

extension AlarmStatistics.Offender: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("device_id", deviceID)
            json.field("name", name)
            json.field("raised", raised)
        }
    }
}
