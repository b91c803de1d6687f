import Foundation
import Kernel
import Persistence
import PostgresClient
import Resources

/// ALM-1: the rules that raise alarms. Their number, and that of the datapoints' names, is limited by the database. The
/// pipeline learns of a change by the invalidation `alarm_rule`, after the commit.
package struct AlarmRuleService: StoredResourceService {
    package typealias Item = AlarmRule

    private let alarms: AlarmService

    package init(alarms: AlarmService) { self.alarms = alarms }

    /// - Throws: `invalid-input` when what the scope names does not exist.
    package func check(
        _ tx: borrowing TenantTransaction, _ fields: AlarmRuleFields, replacing present: AlarmRule?,
        in parent: NoParent
    ) async throws {
        guard fields.scope != present?.fields.scope else { return }
        guard try await exists(tx, fields.scope) else {
            throw ServiceError.invalidInput(
                "/scope_id", "names no \(fields.scope.kind.rawValue) of the organization")
        }
    }

    package func checkDeletion(_ tx: borrowing TenantTransaction, of rule: AlarmRule) async throws {
        try await tx.execute("delete from app.rule_states where rule_id = \(rule.id) /* rule_states.delete_of_rule */")
    }

    /// Open alarms of a changed rule stay open and are judged by the new version. Those of a rule that is now disabled or
    /// deleted or watches another datapoint, or of devices that it no longer covers, are cleared; a deleted rule's alarms
    /// stay in the history.
    package func follow(
        _ tx: borrowing TenantTransaction, from old: AlarmRule?, to new: AlarmRule?, in parent: NoParent
    ) async throws {
        switch (old, new) {
        case (nil, let new?): tx.invalidate(.alarmRule, new.id.uuid)
        case (let old?, nil): try await alarms.clearAll(tx, of: old.id, outside: nil, because: .ruleDeleted)
        case (let old?, let new?) where old.fields.isEnabled && !new.fields.isEnabled:
            try await alarms.clearAll(tx, of: new.id, outside: nil, because: .ruleDisabled)
        case (let old?, let new?) where old.fields.definition.datapoint != new.fields.definition.datapoint:
            try await alarms.clearAll(tx, of: new.id, outside: nil, because: .ruleChanged)
        case (let old?, let new?) where old.fields.scope != new.fields.scope:
            try await alarms.clearAll(tx, of: new.id, outside: new.fields.scope, because: .ruleMoved)
        default: break
        }
    }

    /// Whether what the scope names exists in the organization.
    private func exists(_ tx: borrowing TenantTransaction, _ scope: RuleScope) async throws -> Bool {
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
