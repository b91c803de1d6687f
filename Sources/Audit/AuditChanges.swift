import Foundation
import JSON
import Persistence

/// The difference between two states of a resource as the audit trail keeps it: each field that differs, with its `old`
/// and `new` value. A new resource has only `new` values, a deleted one only `old` ones.
package enum AuditChanges {
    package static func between(_ old: JSONObject?, _ new: JSONObject?) -> JSONValue {
        var changes = JSONObject()
        for (name, value) in old?.members ?? [] where value != new?[name] {
            var change: JSONObject = ["old": value]
            if let new { change["new"] = new[name] ?? .null }
            changes[name] = .object(change)
        }
        for (name, value) in new?.members ?? [] where old?[name] == nil {
            if old == nil && isEmpty(value) { continue }
            changes[name] = old == nil ? ["new": value] : ["old": .null, "new": value]
        }
        return .object(changes)
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        switch value {
        case .null: true
        case .array(let elements): elements.isEmpty
        case .object(let object): object.isEmpty
        default: false
        }
    }
}

extension TenantTransaction {
    /// Writes into the audit trail who made, changed or deleted a resource, in this transaction.
    /// - Parameter action: a verb such as `create`, `update`, `delete`, `transition`.
    package borrowing func recordChange(
        _ action: String, of kind: String, _ id: UUID, from old: JSONObject?, to new: JSONObject?
    ) {
        record(
            AuditRecord(action: action, resourceKind: kind, resourceID: id, changes: AuditChanges.between(old, new)))
    }
}
