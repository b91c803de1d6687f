internal import JSON
internal import Kernel
internal import Persistence
package import PostgresClient

struct AlarmRuleRepository: Sendable {
    private static let columns: SQL = """
        id, name, scope, scope_id, key_nos[1], rule, severity, message, enabled, version, created_at, updated_at
        """
    private static let constraints: KnownConstraints = [
        "alarm_rules_name_key": ServiceError(.alreadyExists, "Another alarm rule of the organization has this name.")
    ]

    func list(
        _ tx: borrowing TenantTransaction, _ filter: AlarmRuleFilter, _ page: PageRequest<AlarmRuleSort>
    ) async throws -> Page<AlarmRule> {
        var conditions: SQL = "outcome = 'alarm'"
        if let scope = filter.scope { conditions += " and scope = \(scope.rawValue)" }
        if let scopeID = filter.scopeID { conditions += " and scope_id = \(scopeID)" }
        if let severity = filter.severity { conditions += " and severity = \(severity.rawValue)" }
        if let isEnabled = filter.isEnabled { conditions += " and enabled = \(isEnabled)" }
        if let name = filter.name { conditions += " and name = \(name)" }
        let order = page.keyset(\.column)
        let sql: SQL = """
            select \(Self.columns) from app.alarm_rules
            where \(conditions)\(try order.after(page.after))\(order.order) limit \(page.limit + 1) /* alarm_rules.list */
            """
        let rows = try await tx.all(sql) { row in try AlarmRule(from: &row) }
        var total: Int?
        if page.includesTotal {
            let count: SQL = "select count(*) from app.alarm_rules where \(conditions) /* alarm_rules.count */"
            total = try await tx.first(count) { row in try row.next(Int.self) }
        }
        return Page(
            rows: rows, limit: page.limit, total: total,
            position: { rule in page.position(rule.id) { $0.key(of: rule) } })
    }

    func find(_ tx: borrowing TenantTransaction, _ id: AlarmRuleID, locking: Bool = false) async throws -> AlarmRule? {
        let lock: SQL = locking ? " for update" : .empty
        let sql: SQL = """
            select \(Self.columns) from app.alarm_rules where id = \(id) and outcome = 'alarm'\(lock) /* alarm_rules.find */
            """
        return try await tx.first(sql) { row in try AlarmRule(from: &row) }
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: AlarmRuleID, keyNo: Int16, _ fields: AlarmRuleFields
    ) async throws -> AlarmRule? {
        let sql: SQL = """
            insert into app.alarm_rules (
                organization_id, id, name, scope, scope_id, key_nos, rule, severity, message, enabled)
            values (app.organization_id(), \(id), \(fields.name), \(fields.scope.kind.rawValue), \(fields.scope.id),
                \([keyNo]), \(PostgresJSON(fields.definition.document)), \(fields.severity.rawValue), \(fields.message),
                \(fields.isEnabled))
            returning \(Self.columns) /* alarm_rules.insert */
            """
        return try await Self.constraints.translating { try await tx.first(sql) { row in try AlarmRule(from: &row) } }
    }

    func update(
        _ tx: borrowing TenantTransaction, _ id: AlarmRuleID, keyNo: Int16, _ fields: AlarmRuleFields
    ) async throws -> AlarmRule? {
        let sql: SQL = """
            update app.alarm_rules set name = \(fields.name), scope = \(fields.scope.kind.rawValue),
                scope_id = \(fields.scope.id), key_nos = \([keyNo]), rule = \(PostgresJSON(fields.definition.document)),
                severity = \(fields.severity.rawValue), message = \(fields.message), enabled = \(fields.isEnabled)
            where id = \(id) returning \(Self.columns) /* alarm_rules.update */
            """
        return try await Self.constraints.translating { try await tx.first(sql) { row in try AlarmRule(from: &row) } }
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: AlarmRuleID) async throws {
        try await tx.execute("delete from app.rule_states where rule_id = \(id) /* rule_states.delete_of_rule */")
        try await tx.execute("delete from app.alarm_rules where id = \(id) /* alarm_rules.delete */")
    }

    /// The number of the datapoint in this organization; a new name gets one.
    func keyNo(_ tx: borrowing TenantTransaction, datapoint: String) async throws -> Int16? {
        let sql: SQL = "select app.telemetry_key(\(datapoint)) /* telemetry_keys.number */"
        return try await tx.first(sql) { row in try row.next(Int16.self) }
    }

    /// Whether what the scope names exists in the organization.
    func exists(_ tx: borrowing TenantTransaction, _ scope: RuleScope) async throws -> Bool {
        guard let id = scope.id else { return true }
        let sql: SQL =
            switch scope.kind {
            case .organization: "select true /* rule_scopes.organization */"
            case .site: "select true from app.sites where id = \(id) /* rule_scopes.site */"
            case .model: "select true from app.device_models where id = \(id) /* rule_scopes.model */"
            case .type: "select true from app.device_types where id = \(id) /* rule_scopes.type */"
            case .device:
                "select true from app.devices where id = \(id) and deleted_at is null /* rule_scopes.device */"
            }
        return try await tx.first(sql) { row in try row.next(Bool.self) } ?? false
    }
}

extension AlarmRule: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        let name = try row.next(String.self)
        let kind = try row.next(String.self)
        guard let kind = RuleScope.Kind(rawValue: kind) else {
            throw ServiceError(
                .conflict, "The rule has the scope \(kind), which this version of the server does not know.")
        }
        let scope = RuleScope(kind, try row.next(RuleScopeID?.self))
        keyNo = try row.next()
        let definition = try RuleDefinition(document: try row.next(JSONValue.self))
        let severity = try AlarmSeverity(stored: try row.next(String.self))
        fields = AlarmRuleFields(
            name: name, scope: scope, definition: definition, severity: severity, message: try row.next(),
            isEnabled: try row.next())
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}

extension AlarmSeverity {
    /// The column's CHECK admits these words only.
    init(stored: String) throws(ServiceError) {
        guard let severity = AlarmSeverity(rawValue: stored) else {
            throw ServiceError(.internalError, "A stored severity is not known.")
        }
        self = severity
    }
}

extension AlarmRuleSort {
    fileprivate var column: Keyset.Column {
        switch self {
        case .name: .text("name collate \"C\"")
        case .createdAt: .id
        case .updatedAt: .time("updated_at")
        }
    }

    fileprivate func key(of rule: AlarmRule) -> JSONValue {
        switch self {
        case .name: .string(rule.fields.name)
        case .createdAt: .null
        case .updatedAt: .integer(rule.updatedAt.microseconds)
        }
    }
}
