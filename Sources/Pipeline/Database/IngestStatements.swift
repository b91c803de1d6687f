import Alarms
import FoundationEssentials
import Kernel
import Persistence
import PostgresClient
import Telemetry

/// What the pipeline asks of the database. Its role may only execute `app.ingest…`.
struct IngestStatements: Sendable {
    let database: IngestDatabase

    /// What is stored of these sources; one that is gone has no entry.
    func load(_ sources: [Int32]) async throws -> [LoadedSource] {
        let rows = try await database.execute(
            """
            select source_no, organization_id, kind, subject_id, device_key, device_name, site_id, type_id, model_id,
                seen_at, connection, received_at, k, t, v, x, state_rule_ids, states, alarm_ids, alarm_rule_ids,
                alarm_raised_at, alarm_occurrences
            from app.ingest_load(\(sources)) /* pipeline.load */
            """)
        return try rows.map { (row: inout RowReader) throws -> LoadedSource in try LoadedSource(from: &row) }
    }

    func rules(of organization: OrganizationID) async throws -> RuleBook {
        let rows = try await database.execute(
            """
            select id, version, name, outcome, scope, scope_id, key_nos, rule, severity, message, overrides_id
            from app.ingest_rules(\(organization.uuid)) /* pipeline.rules */
            """)
        let entries = try rows.map { (row: inout RowReader) throws -> RuleRow in try RuleRow(from: &row) }
        return RuleBook(
            entries.compactMap { if case .readable(let rule) = $0 { rule } else { nil } },
            unreadable: entries.compactMap { if case .unreadable(let id) = $0 { id } else { nil } })
    }

    /// The number of a set of names, and the names' numbers in the order given. Nil when the source is gone.
    func keyset(source: Int32, names: [String], kinds: [String]) async throws -> (number: Int32, keys: [Int16])? {
        let rows = try await database.execute(
            """
            select keyset_no, key_nos from app.ingest_keyset(\(source), \(names), \(kinds)) /* pipeline.keyset */
            """)
        return try rows.first { (row: inout RowReader) throws -> (number: Int32, keys: [Int16]) in
            (number: try row.next(Int32.self), keys: try row.next([Int16].self))
        }
    }

    func deadLetter(source: Int32, origin: String, reason: String, detail: String, payload: [UInt8], attempts: Int32)
        async throws
    {
        try await database.execute(
            """
            select app.ingest_dead_letter(\(source), \(origin), \(reason), \(detail), \(payload), \(attempts))
            /* pipeline.dead_letter */
            """)
    }
}

/// A row of `app.ingest_rules`.
private enum RuleRow {
    case readable(ScopedRule)
    /// Written by a newer version, or broken.
    case unreadable(AlarmRuleID)
    /// Not for the pipeline: another outcome, or a scope whose members it does not know.
    case foreign

    init(from row: inout RowReader) throws {
        let id = AlarmRuleID(try row.next(UUID.self))
        let version = try row.next(Int32.self)
        let name = try row.next(String.self)
        let outcome = try row.next(String.self)
        let scopeKind = try row.next(String.self)
        let scopeID = try row.next(UUID?.self)
        let keys = try row.next([Int16].self)
        let document = try row.next(PostgresJSON.self)
        let severity = AlarmSeverity(rawValue: try row.next(String.self))
        let message = try row.next(String.self)
        let overrides = try row.next(UUID?.self).map { AlarmRuleID($0) }
        let scope: ScopedRule.Scope?
        switch (scopeKind, scopeID) {
        case ("organization", _): scope = .organization
        case ("site", let id?): scope = .site(SiteID(id))
        case ("model", let id?): scope = .model(DeviceModelID(id))
        case ("type", let id?): scope = .type(DeviceTypeID(id))
        case ("device", let id?): scope = .device(DeviceID(id))
        default: scope = nil
        }
        guard let scope, outcome == "alarm" else {
            self = .foreign
            return
        }
        guard let key = keys.first, let severity else {
            self = .unreadable(id)
            return
        }
        do {
            let rule = try CompiledRule(
                id: id, version: version, keyNo: key, name: name, severity: severity, message: message,
                document: document.bytes)
            self = .readable(ScopedRule(rule: rule, scope: scope, overrides: overrides))
        } catch {
            self = .unreadable(id)
        }
    }
}
