internal import Audit
package import JSON
package import Kernel

/// A rule that raises alarms: what to watch, where, and when it holds (ALM-1). A model's rules are its templates: every
/// device of the model has them.
package struct AlarmRule: Sendable {
    package let id: AlarmRuleID
    package let fields: AlarmRuleFields
    /// The number of the datapoint in this organization.
    package let keyNo: Int16
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
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
package struct AlarmRuleFields: EditableFields {
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

    init(
        name: String, scope: RuleScope, definition: RuleDefinition, severity: AlarmSeverity, message: String,
        isEnabled: Bool
    ) {
        self.name = name
        self.scope = scope
        self.definition = definition
        self.severity = severity
        self.message = message
        self.isEnabled = isEnabled
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

extension AlarmRule: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            fields.writeMembers(to: &json)
            json.field("version", version)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }
}

/// Orders of the list of rules.
package enum AlarmRuleSort: String, ListSort {
    case name
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    package static var standard: AlarmRuleSort { .name }
}

package struct AlarmRuleFilter: Sendable {
    package var scope: RuleScope.Kind?
    package var scopeID: RuleScopeID?
    package var severity: AlarmSeverity?
    package var isEnabled: Bool?
    package var name: String?

    package init(
        scope: RuleScope.Kind? = nil, scopeID: RuleScopeID? = nil, severity: AlarmSeverity? = nil,
        isEnabled: Bool? = nil, name: String? = nil
    ) {
        self.scope = scope
        self.scopeID = scopeID
        self.severity = severity
        self.isEnabled = isEnabled
        self.name = name
    }
}
