import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient

struct AlarmRepository: Sendable {
    private static let columns: SQL = """
        id, rule_id, rule_version, device_id, site_id, severity, raised_at, last_at, occurrences, acknowledged_at,
        acknowledged_by, cleared_at, cleared_by, clear_reason, message, evidence, created_at
        """

    func list(
        _ tx: borrowing TenantTransaction, _ filter: AlarmFilter, _ page: PageRequest<AlarmSort>
    ) async throws -> Page<Alarm> {
        try await tx.page("alarms", select: Self.columns, from: "app.alarms", where: filter.conditions, page)
    }

    func find(_ tx: borrowing TenantTransaction, _ id: AlarmID, locking: Bool = false) async throws -> Alarm? {
        let lock: SQL = locking ? " for update" : .empty
        let sql: SQL = "select \(Self.columns) from app.alarms where id = \(id)\(lock) /* alarms.find */"
        return try await tx.first(sql) { row in try Alarm(from: &row) }
    }

    /// Locks them in the order of their ids.
    func find(_ tx: borrowing TenantTransaction, _ ids: [AlarmID]) async throws -> [Alarm] {
        let sql: SQL = """
            select \(Self.columns) from app.alarms where id = any (\(ids)) order by id for update /* alarms.find_many */
            """
        return try await tx.all(sql) { row in try Alarm(from: &row) }
    }

    func acknowledge(_ tx: borrowing TenantTransaction, _ ids: [AlarmID], by actor: UUID) async throws -> [Alarm] {
        let sql: SQL = """
            update app.alarms set acknowledged_at = now(), acknowledged_by = \(actor)
            where id = any (\(ids)) and acknowledged_at is null returning \(Self.columns) /* alarms.acknowledge */
            """
        return try await tx.all(sql) { row in try Alarm(from: &row) }
    }

    func clear(_ tx: borrowing TenantTransaction, _ id: AlarmID, by actor: UUID) async throws -> Alarm? {
        let sql: SQL = """
            update app.alarms set cleared_at = now(), cleared_by = \(actor), clear_reason = \(ClearReason.manual.rawValue)
            where id = \(id) and cleared_at is null returning \(Self.columns) /* alarms.clear */
            """
        return try await tx.first(sql) { row in try Alarm(from: &row) }
    }

    /// Clears the open alarms of a rule; with a scope only those of devices outside of it.
    func clearAll(
        _ tx: borrowing TenantTransaction, of rule: AlarmRuleID, outside scope: RuleScope?, because reason: ClearReason,
        by actor: UUID
    ) async throws -> [Alarm] {
        let outside: SQL =
            switch scope?.kind {
            case nil: .empty
            case .organization: " and false"
            case .site: " and not exists (\(Self.device) and d.site_id = \(scope?.id))"
            case .model: " and not exists (\(Self.device) and d.model_id = \(scope?.id))"
            case .type: " and not exists (\(Self.device) and d.type_id = \(scope?.id))"
            case .device: " and device_id is distinct from \(scope?.id)"
            }
        let sql: SQL = """
            update app.alarms a set cleared_at = now(), cleared_by = \(actor), clear_reason = \(reason.rawValue)
            where rule_id = \(rule) and cleared_at is null\(outside) returning \(Self.columns) /* alarms.clear_of_rule */
            """
        return try await tx.all(sql) { row in try Alarm(from: &row) }
    }

    private static let device: SQL = "select from app.devices d where d.id = a.device_id"

    /// Clears the open alarms of a device, and forgets what its rules remember; of a device that moved only those of rules
    /// that do not cover it where it is now.
    func clearAll(
        _ tx: borrowing TenantTransaction, ofDevice device: DeviceID, onlyUncovered: Bool, because reason: ClearReason,
        by actor: UUID
    ) async throws -> [Alarm] {
        let covering: SQL = """
            select r.id from app.devices d join app.alarm_rules r on r.scope_id is not distinct from case r.scope
                when 'site' then d.site_id when 'model' then d.model_id when 'type' then d.type_id when 'device' then d.id end
            where d.id = \(device)
            """
        let uncovered: SQL = onlyUncovered ? " and rule_id not in (\(covering))" : .empty
        try await tx.execute(
            """
            delete from app.rule_states where source_no = (select d.source_no from app.devices d where d.id = \(device))
                \(uncovered) /* rule_states.delete_of_device */
            """)
        let sql: SQL = """
            update app.alarms set cleared_at = now(), cleared_by = \(actor), clear_reason = \(reason.rawValue)
            where device_id = \(device) and cleared_at is null\(uncovered) returning \(Self.columns)
            /* alarms.clear_of_device */
            """
        return try await tx.all(sql) { row in try Alarm(from: &row) }
    }

    /// One entry for each alarm.
    func insertEntries(
        _ tx: borrowing TenantTransaction, _ alarms: [AlarmID], _ kind: TimelineEntry.Kind, by actor: UUID,
        body: String,
        data: JSONValue
    ) async throws -> [TimelineEntry] {
        let sql: SQL = """
            insert into app.timeline_entries (organization_id, subject_kind, subject_id, kind, actor_id, body, data)
            select app.organization_id(), 'alarm', subject, \(kind.rawValue), \(actor), \(body), \(data)
            from unnest(\(alarms)) as subject
            returning id, kind, actor_id, body, data, created_at /* timeline_entries.insert_of_alarms */
            """
        return try await tx.all(sql) { row in try TimelineEntry(from: &row) }
    }

    func timeline(
        _ tx: borrowing TenantTransaction, _ alarm: AlarmID, _ page: PageRequest<TimelineSort>
    ) async throws -> Page<TimelineEntry> {
        try await tx.page(
            "alarm_timeline", select: "id, kind, actor_id, body, data, created_at", from: "app.timeline_entries",
            where: "subject_kind = 'alarm' and subject_id = \(alarm)", page)
    }

    /// The latest open alarms of these devices or sites, or of these ids; nil for all of the organization.
    func listOpen(
        _ tx: borrowing TenantTransaction, of subjects: AlarmSubjects?, limit: Int
    ) async throws -> [Alarm] {
        var conditions: SQL = "state in ('active', 'acknowledged')"
        if let subjects {
            conditions += " and (device_id = any (\(subjects.devices)) or site_id = any (\(subjects.sites))"
            conditions += " or id = any (\(subjects.alarms)))"
        }
        let sql: SQL = """
            select \(Self.columns) from app.alarms where \(conditions) order by id desc limit \(limit) /* alarms.list_open */
            """
        return try await tx.all(sql) { row in try Alarm(from: &row) }
    }

    /// How many of these different ids the organization has.
    func count(_ tx: borrowing TenantTransaction, of subjects: AlarmSubjects) async throws -> Int {
        let sql: SQL = """
            select (select count(*) from app.devices where id = any (\(subjects.devices)) and deleted_at is null)
                + (select count(*) from app.sites where id = any (\(subjects.sites)))
                + (select count(*) from app.alarms where id = any (\(subjects.alarms))) /* alarms.count_subjects */
            """
        return try await tx.first(sql) { row in try row.next(Int.self) } ?? 0
    }
}

extension AlarmFilter {
    /// Only comparisons that an index can serve under row-level security.
    var conditions: SQL {
        var conditions: SQL = "true"
        let stored = storedStates
        if stored.count < 4 { conditions += " and state = any (\(stored))" }
        if !severities.isEmpty { conditions += " and severity = any (\(severities.map(\.rawValue)))" }
        if let deviceID { conditions += " and device_id = \(deviceID)" }
        if let siteID { conditions += " and site_id = \(siteID)" }
        if let ruleID { conditions += " and rule_id = \(ruleID)" }
        if let from { conditions += " and raised_at >= \(from)" }
        if let to { conditions += " and raised_at < \(to)" }
        return conditions
    }

    /// The column tells the cleared ones apart by whether they were acknowledged.
    private var storedStates: [String] {
        let states = states.isEmpty ? Alarm.State.allCases : states
        var stored: [String] = []
        if states.contains(.active), isAcknowledged != true { stored.append("active") }
        if states.contains(.acknowledged), isAcknowledged != false { stored.append("acknowledged") }
        if states.contains(.cleared), isAcknowledged != false { stored.append("cleared") }
        if states.contains(.cleared), isAcknowledged != true { stored.append("cleared_unacknowledged") }
        return stored
    }
}

extension Alarm: RowDecodable {
    package init(from row: inout RowReader) throws {
        self.init(
            id: try row.next(), ruleID: try row.next(), ruleVersion: try row.next(), deviceID: try row.next(),
            siteID: try row.next(), severity: try AlarmSeverity(stored: try row.next()), raisedAt: try row.next(),
            lastAt: try row.next(), occurrences: try row.next(), acknowledgedAt: try row.next(),
            acknowledgedBy: try row.next(), clearedAt: try row.next(), clearedBy: try row.next(),
            clearReason: try row.next(String?.self).flatMap(ClearReason.init(rawValue:)), message: try row.next(),
            evidence: try row.next(), createdAt: try row.next())
    }
}

extension TimelineEntry: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        kind = Kind(rawValue: try row.next(String.self)) ?? .note
        actorID = try row.next()
        body = try row.next()
        data = try row.next()
        createdAt = try row.next()
    }
}
