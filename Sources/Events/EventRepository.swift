import JSON
import Kernel
import Persistence
import PostgresClient

struct EventRepository: Sendable {
    private static let columns: SQL = """
        id, at, origin, category, type_key, severity, device_id, site_id, title, message, data, correlation_key, created_at
        """

    func list(
        _ tx: borrowing TenantTransaction, _ filter: EventFilter, _ page: PageRequest<EventSort>
    ) async throws -> Page<Event> {
        try await tx.page(
            "events", select: Self.columns, from: "app.events", where: "true\(Self.conditions(filter))", page)
    }

    /// In one round trip, however many they are.
    func insert(
        _ tx: borrowing TenantTransaction, _ events: [(id: EventID, event: NewEvent, at: Timestamp)]
    ) async throws -> [Event] {
        try await tx.run(events.map { Self.insertion($0.id, $0.event, at: $0.at) }).flatMap { rows in
            try rows.map { row in try Event(from: &row) }
        }
    }

    private static func insertion(_ id: EventID, _ event: NewEvent, at: Timestamp) -> SQL {
        """
        insert into app.events (
            organization_id, id, at, origin, category, type_key, severity, device_id, site_id, title, message, data,
            correlation_key)
        values (app.organization_id(), \(id), \(at), \(event.origin.rawValue), \(event.category), \(event.type),
            \(event.severity.rawValue), \(event.deviceID), \(event.siteID), \(event.title), \(event.message),
            \(event.data), \(event.correlationKey))
        returning \(Self.columns) /* events.insert */
        """
    }

    /// Counts by span and severity, in the order of time.
    func counts(
        _ tx: borrowing TenantTransaction, _ filter: EventFilter, spanSeconds: Int
    ) async throws -> [(start: Timestamp, severity: Event.Severity, count: Int)] {
        let sql: SQL = """
            select to_timestamp(floor(extract(epoch from at)::float8 / \(Double(spanSeconds))) * \(Double(spanSeconds))) as start_at,
                severity, count(*)
            from app.events where true\(Self.conditions(filter)) group by 1, 2 order by 1, 2 /* events.timeline */
            """
        return try await tx.all(sql) { row in
            (
                start: try row.next(Timestamp.self),
                severity: Event.Severity(rawValue: try row.next(String.self)) ?? .info, count: try row.next(Int.self)
            )
        }
    }

    /// Where the device stands; nil when there is no such device.
    func place(of device: DeviceID, _ tx: borrowing TenantTransaction) async throws -> SiteID?? {
        let sql: SQL = "select site_id from app.devices where id = \(device) and deleted_at is null /* events.device */"
        return try await tx.first(sql) { row in try row.next(SiteID?.self) }
    }

    /// The device with this key or id, when it is the reporter or connected through it.
    func device(
        _ tx: borrowing TenantTransaction, _ reference: String, reportedBy reporter: DeviceID
    ) async throws -> DeviceID? {
        let sql: SQL = """
            select id from app.devices
            where deleted_at is null and (device_key = \(reference) or id = \(DeviceID(reference)))
                and (id = \(reporter) or gateway_id = \(reporter))
            order by id limit 1 /* events.device_of_reporter */
            """
        return try await tx.first(sql) { row in try row.next(DeviceID.self) }
    }

    /// An id's time is never before the event's own, so leaves before `from` need not be read.
    private static func conditions(_ filter: EventFilter) -> SQL {
        var sql = SQL.empty
        if let device = filter.deviceID { sql += " and device_id = \(device)" }
        if let site = filter.siteID { sql += " and site_id = \(site)" }
        if let type = filter.type { sql += " and type_key = \(type)" }
        if let category = filter.category { sql += " and category = \(category)" }
        if let origin = filter.origin { sql += " and origin = \(origin.rawValue)" }
        if let severities = filter.severities { sql += " and severity = any(\(severities.map(\.rawValue)))" }
        if let key = filter.correlationKey { sql += " and correlation_key = \(key)" }
        if let from = filter.from {
            sql += " and at >= \(from) and id >= app.uuid_floor(least(\(from), now() - interval '1 hour'))"
        }
        if let to = filter.to { sql += " and at < \(to)" }
        return sql
    }
}
