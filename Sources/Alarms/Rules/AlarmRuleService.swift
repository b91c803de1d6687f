internal import Audit
internal import Foundation
internal import JSON
package import Kernel
package import Persistence

/// ALM-1: the rules that raise alarms. Their number is limited by the database. The pipeline learns of a change by the
/// invalidation `alarm_rule`, after the commit.
package struct AlarmRuleService: Sendable {
    private let rules = AlarmRuleRepository()
    private let alarms: AlarmService
    private let makeID: @Sendable () -> AlarmRuleID

    package init(alarms: AlarmService, makeID: @escaping @Sendable () -> AlarmRuleID = { AlarmRuleID.make() }) {
        self.alarms = alarms
        self.makeID = makeID
    }

    package func list(
        _ tx: borrowing TenantTransaction, _ filter: AlarmRuleFilter, _ page: PageRequest<AlarmRuleSort>
    ) async throws -> Page<AlarmRule> {
        try await rules.list(tx, filter, page)
    }

    /// - Throws: `not-found`.
    package func read(_ tx: borrowing TenantTransaction, _ id: AlarmRuleID) async throws -> AlarmRule {
        guard let rule = try await rules.find(tx, id) else { throw ServiceError.notFound("alarm rule") }
        return rule
    }

    /// - Throws: `already-exists`, `quota-exceeded`; `invalid-input` when what the scope names does not exist.
    package func create(_ tx: borrowing TenantTransaction, _ fields: AlarmRuleFields) async throws -> AlarmRule {
        try await requireExistence(tx, of: fields.scope)
        let id = makeID()
        let keyNo = try await keyNo(tx, fields)
        let rule = try await rules.insert(tx, id, keyNo: keyNo, fields)
        guard let rule else { throw ServiceError.notFound("alarm rule") }
        tx.recordChange("create", of: "alarm_rule", id.uuid, from: nil, to: fields.document)
        tx.invalidate(.alarmRule, id.uuid)
        return rule
    }

    /// Replaces what people edit by what `revision` makes of it. Open alarms stay open and are judged by the new version;
    /// those of a rule that is now disabled or watches another datapoint, or of devices that it no longer covers, are cleared.
    /// - Throws: `not-found`, `precondition-failed`, `already-exists`, `quota-exceeded`, `invalid-input`.
    package func revise(
        _ tx: borrowing TenantTransaction, _ id: AlarmRuleID, expecting expected: ExpectedVersion,
        _ revision: (AlarmRuleFields) throws -> AlarmRuleFields
    ) async throws -> AlarmRule {
        guard let rule = try await rules.find(tx, id, locking: true) else { throw ServiceError.notFound("alarm rule") }
        try expected.require(rule.version)
        let fields = try revision(rule.fields)
        guard fields != rule.fields else { return rule }
        if fields.scope != rule.fields.scope { try await requireExistence(tx, of: fields.scope) }
        let keyNo = try await keyNo(tx, fields)
        guard let changed = try await rules.update(tx, id, keyNo: keyNo, fields) else {
            throw ServiceError.notFound("alarm rule")
        }
        tx.recordChange("update", of: "alarm_rule", id.uuid, from: rule.fields.document, to: fields.document)
        tx.invalidate(.alarmRule, id.uuid)
        if rule.fields.isEnabled, !fields.isEnabled {
            try await alarms.clearAll(tx, of: id, outside: nil, because: .ruleDisabled)
        } else if fields.definition.datapoint != rule.fields.definition.datapoint {
            try await alarms.clearAll(tx, of: id, outside: nil, because: .ruleChanged)
        } else if fields.scope != rule.fields.scope {
            try await alarms.clearAll(tx, of: id, outside: fields.scope, because: .ruleMoved)
        }
        return changed
    }

    /// Deletes a rule and clears its open alarms; its alarms stay in the history.
    /// - Throws: `not-found`, `precondition-failed`.
    package func delete(
        _ tx: borrowing TenantTransaction, _ id: AlarmRuleID, expecting expected: ExpectedVersion
    ) async throws {
        guard let rule = try await rules.find(tx, id, locking: true) else { throw ServiceError.notFound("alarm rule") }
        try expected.require(rule.version)
        try await rules.delete(tx, id)
        tx.recordChange("delete", of: "alarm_rule", id.uuid, from: rule.fields.document, to: nil)
        tx.invalidate(.alarmRule, id.uuid)
        try await alarms.clearAll(tx, of: id, outside: nil, because: .ruleDeleted)
    }

    /// - Throws: `quota-exceeded`, because the number of datapoints' names is limited, too.
    private func keyNo(_ tx: borrowing TenantTransaction, _ fields: AlarmRuleFields) async throws -> Int16 {
        guard let keyNo = try await rules.keyNo(tx, datapoint: fields.definition.datapoint) else {
            throw ServiceError.notFound("datapoint")
        }
        return keyNo
    }

    private func requireExistence(_ tx: borrowing TenantTransaction, of scope: RuleScope) async throws {
        guard try await rules.exists(tx, scope) else {
            throw ServiceError.invalidInput("/scope_id", "names no \(scope.kind.rawValue) of the organization")
        }
    }
}
