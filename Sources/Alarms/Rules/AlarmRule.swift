import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// A rule that raises alarms: what to watch, where, and when it holds (ALM-1). A model's rules are its templates: every
/// device of the model has them.
package struct AlarmRule: StoredResource {
    package typealias Parent = NoParent
    package typealias Sort = AlarmRuleSort
    package typealias Filter = AlarmRuleFilter

    package let id: AlarmRuleID
    /// The number of the datapoint in this organization.
    package let keyNo: Int16
    package let fields: AlarmRuleFields
    package let revision: Revision

    package static let names = ResourceNames("alarm rule", audited: "alarm_rule", remembered: .alarmRule)
    package static let table = ResourceTable(
        "alarm_rules", columns: "key_nos[1], name, scope, scope_id, rule, severity, message, enabled",
        where: "outcome = 'alarm'",
        writeFaults: [
            "alarm_rules_name_key": ServiceError(
                .alreadyExists, "Another alarm rule of the organization has this name.")
        ])

    package init(from row: inout RowReader) throws {
        (id, keyNo) = (try row.next(), try row.next())
        (fields, revision) = (try AlarmRuleFields(from: &row), try Revision(from: &row))
    }
}

/// On which devices a rule is judged.
package struct RuleScope: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Every device of the organization.
        case organization
        case site, model, type, device
    }

    package let kind: Kind
    /// What the kind names; nil for the organization.
    package let id: RuleScopeID?

    package init(_ kind: Kind, _ id: RuleScopeID?) { (self.kind, self.id) = (kind, id) }
}

/// The id of a site, a model, a type or a device.
package enum RuleScopeSubject {}
package typealias RuleScopeID = TypedID<RuleScopeSubject>

/// What people edit of a rule.
package struct AlarmRuleFields: StoredFields {
    /// Unique in the organization.
    package var name: String
    package var scope: RuleScope
    package var definition: RuleDefinition
    package var severity: AlarmSeverity
    /// The text of a ``MessageTemplate``; empty for the standard one.
    package var message: String
    package var isEnabled: Bool

    package init(reading input: InputReader) {
        name = input.required("name", .name())
        let kind = input.required("scope", .oneOf(RuleScope.Kind.self))
        let scopeID = input.optional("scope_id", .id(RuleScopeID.self))
        if kind == .organization, scopeID != nil {
            input.fault("scope_id", "must be absent with the scope organization")
        }
        if kind != .organization, scopeID == nil {
            input.fault("scope_id", "is required with the scope \(kind.rawValue)")
        }
        scope = RuleScope(kind, scopeID)
        definition = RuleDefinition(reading: input)
        severity = input.optional("severity", .oneOf(AlarmSeverity.self), default: .warning)
        message = MessageTemplate.text(reading: input, "message")
        isEnabled = input.optional("enabled", .boolean, default: true)
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("scope", scope.kind.rawValue)
        json.field("scope_id", scope.id)
        definition.writeMembers(to: &json)
        json.field("severity", severity)
        json.field("message", message)
        json.field("enabled", isEnabled)
    }

    /// - Throws: `conflict` for a scope that this version of the server does not know.
    package init(from row: inout RowReader) throws {
        name = try row.next()
        let kind = try row.next(String.self)
        guard let kind = RuleScope.Kind(rawValue: kind) else {
            throw ServiceError(
                .conflict, "The rule has the scope \(kind), which this version of the server does not know.")
        }
        scope = RuleScope(kind, try row.next())
        definition = try RuleDefinition(document: try row.next(JSONValue.self))
        severity = try AlarmSeverity(stored: try row.next(String.self))
        message = try row.next()
        isEnabled = try row.next()
    }

    package func writeColumns(to row: inout ColumnValues) {
        row.set("name", name)
        row.set("scope", scope.kind.rawValue)
        row.set("scope_id", scope.id)
        // The organization's number of the datapoint; a new name takes a new number.
        row.set("key_nos", computed: "array[app.telemetry_key(\(definition.datapoint))]")
        row.set("rule", PostgresJSON(definition.document))
        row.set("severity", severity.rawValue)
        row.set("message", message)
        row.set("enabled", isEnabled)
    }
}

extension AlarmRule {
    /// The rule as it judges values.
    /// - Throws: ``MessageTemplate/Fault`` for a message that was stored by another version of the platform.
    package func compiled() throws -> CompiledRule {
        CompiledRule(
            id: id, version: Int32(truncatingIfNeeded: version), keyNo: keyNo, name: fields.name,
            severity: fields.severity, definition: fields.definition,
            message: try MessageTemplate(parsing: fields.message))
    }
}

/// Orders of the list of rules.
package enum AlarmRuleSort: String, RowSort {
    case name
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    package static var standard: AlarmRuleSort { .name }

    package var column: SortColumn<AlarmRule> {
        switch self {
        case .name: .text("name collate \"C\"") { $0.fields.name }
        case .createdAt: Self.unique
        case .updatedAt: .time("updated_at") { $0.updatedAt }
        }
    }
}

package struct AlarmRuleFilter: RowFilter {
    package static let parameters = ["scope", "scope_id", "severity", "enabled", "name"]

    package var scope: RuleScope.Kind?
    package var scopeID: RuleScopeID?
    package var severity: AlarmSeverity?
    package var isEnabled: Bool?
    package var name: String?

    package init(reading query: InputReader) {
        scope = query.optional("scope", .oneOf(RuleScope.Kind.self))
        scopeID = query.optional("scope_id", .id(RuleScopeID.self))
        severity = query.optional("severity", .oneOf(AlarmSeverity.self))
        isEnabled = query.optional("enabled", .boolean)
        name = query.optional("name", .text(0...200))
    }

    package var conditions: SQL {
        var sql = SQL.empty
        if let scope { sql += " and scope = \(scope.rawValue)" }
        if let scopeID { sql += " and scope_id = \(scopeID)" }
        if let severity { sql += " and severity = \(severity.rawValue)" }
        if let isEnabled { sql += " and enabled = \(isEnabled)" }
        if let name { sql += " and name = \(name)" }
        return sql
    }
}
