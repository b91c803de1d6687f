import Foundation
import JSON
import Kernel
import Tenancy

/// One line of the audit trail. A transaction collects them and writes them with its COMMIT.
package struct AuditRecord: Sendable {
    /// What was done to the resource: `create`, `update`, `acknowledge`.
    package var action: String
    /// To what: `device`, `alarm`.
    package var resourceKind: String
    package var resourceID: UUID?
    /// Per field `{"old": …, "new": …}`; secrets masked by who writes it.
    package var changes: JSONValue

    package init(action: String, resourceKind: String, resourceID: UUID? = nil, changes: JSONValue = [:]) {
        self.action = action
        self.resourceKind = resourceKind
        self.resourceID = resourceID
        self.changes = changes
    }

    var json: JSONValue {
        var object: JSONObject = [
            "action": .string(action), "resource_kind": .string(resourceKind), "changes": changes,
        ]
        if let resourceID { object["resource_id"] = .string(resourceID.uuidString) }
        return .object(object)
    }
}

extension Actor {
    /// As `app.audit_append` takes it.
    package var json: JSONValue {
        var object: JSONObject = [
            "kind": .string(kind.rawValue), "label": .string(label), "request_id": .string(requestID),
        ]
        if let id { object["id"] = .string(id) }
        if let sessionID { object["session_id"] = .string(sessionID.description) }
        if let address { object["ip"] = .string(address) }
        return .object(object)
    }
}
