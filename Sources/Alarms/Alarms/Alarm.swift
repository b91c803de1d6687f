import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient

/// An alarm: a rule held on a device (ALM-2). At most one is open for a rule and a device.
package struct Alarm: Sendable {
    /// Acknowledging and clearing may come in either order.
    package enum State: String, Sendable, CaseIterable { case active, acknowledged, cleared }

    package let id: AlarmID
    package let ruleID: AlarmRuleID
    package let ruleVersion: Int
    package let deviceID: DeviceID?
    package let siteID: SiteID?
    package var severity: AlarmSeverity
    /// The event time of the value that raised it.
    package let raisedAt: Timestamp
    /// The event time of the latest occurrence.
    package var lastAt: Timestamp
    package var occurrences: Int
    package var acknowledgedAt: Timestamp?
    /// The user or key that acknowledged it.
    package var acknowledgedBy: UUID?
    package var clearedAt: Timestamp?
    /// Nil when a value cleared it.
    package var clearedBy: UUID?
    package var clearReason: ClearReason?
    package let message: String
    /// What ``CompiledRule/writeEvidence(of:to:)`` wrote.
    package let evidence: JSONValue
    /// When the platform raised it, which may be long after ``raisedAt``.
    package let createdAt: Timestamp

    package init(
        id: AlarmID, ruleID: AlarmRuleID, ruleVersion: Int, deviceID: DeviceID?, siteID: SiteID?,
        severity: AlarmSeverity, raisedAt: Timestamp, lastAt: Timestamp, occurrences: Int = 1,
        acknowledgedAt: Timestamp? = nil, acknowledgedBy: UUID? = nil, clearedAt: Timestamp? = nil,
        clearedBy: UUID? = nil, clearReason: ClearReason? = nil, message: String, evidence: JSONValue,
        createdAt: Timestamp
    ) {
        self.id = id
        self.ruleID = ruleID
        self.ruleVersion = ruleVersion
        self.deviceID = deviceID
        self.siteID = siteID
        self.severity = severity
        self.raisedAt = raisedAt
        self.lastAt = lastAt
        self.occurrences = occurrences
        self.acknowledgedAt = acknowledgedAt
        self.acknowledgedBy = acknowledgedBy
        self.clearedAt = clearedAt
        self.clearedBy = clearedBy
        self.clearReason = clearReason
        self.message = message
        self.evidence = evidence
        self.createdAt = createdAt
    }

    package var state: State {
        if clearedAt != nil { return .cleared }
        return acknowledgedAt == nil ? .active : .acknowledged
    }

    /// Grows with each change, so that it can serve as the version of a table without that column.
    package var version: Int { occurrences + (acknowledgedAt == nil ? 0 : 1) + (clearedAt == nil ? 0 : 1) }
}

extension Alarm: JSONWritable {
    package func write(to json: inout JSONWriter) { json.object { writeMembers(to: &$0) } }

    /// Writes every member of an object that the caller has opened.
    package func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("rule_id", ruleID)
        json.field("rule_version", ruleVersion)
        json.field("device_id", deviceID)
        json.field("site_id", siteID)
        json.field("severity", severity)
        json.field("state", state.rawValue)
        json.field("datapoint", evidence["datapoint"] ?? .null)
        json.field("trigger_value", evidence["value"] ?? .null)
        json.field("message", message)
        json.field("raised_at", raisedAt)
        json.field("last_at", lastAt)
        json.field("occurrences", occurrences)
        json.field("acknowledged_at", acknowledgedAt)
        json.field("acknowledged_by", acknowledgedBy?.uuidString.lowercased())
        json.field("cleared_at", clearedAt)
        json.field("cleared_by", clearedBy?.uuidString.lowercased())
        json.field("clear_reason", clearReason?.rawValue)
        json.field("auto_cleared", clearReason?.isAutomatic ?? false)
        json.field("evidence", evidence)
        json.field("created_at", createdAt)
        json.field("version", version)
    }
}

/// Orders of the lists of alarms.
package enum AlarmSort: String, RowSort {
    case raisedAt = "raised_at"
    case createdAt = "created_at"
    package static var standard: AlarmSort { .raisedAt }
    package static var isDescendingByDefault: Bool { true }
    package static var unique: SortColumn<Alarm> { .id { $0.id } }

    package var column: SortColumn<Alarm> {
        switch self {
        case .raisedAt: .time("raised_at") { $0.raisedAt }
        case .createdAt: Self.unique
        }
    }
}

package struct AlarmFilter: Sendable {
    package var states: [Alarm.State]
    /// Whether somebody has acknowledged it, cleared or not.
    package var isAcknowledged: Bool?
    package var severities: [AlarmSeverity]
    package var deviceID: DeviceID?
    package var siteID: SiteID?
    package var ruleID: AlarmRuleID?
    /// Raised at or after.
    package var from: Timestamp?
    /// Raised before.
    package var to: Timestamp?

    package init(
        states: [Alarm.State] = [], isAcknowledged: Bool? = nil, severities: [AlarmSeverity] = [],
        deviceID: DeviceID? = nil, siteID: SiteID? = nil, ruleID: AlarmRuleID? = nil, from: Timestamp? = nil,
        to: Timestamp? = nil
    ) {
        self.states = states
        self.isAcknowledged = isAcknowledged
        self.severities = severities
        self.deviceID = deviceID
        self.siteID = siteID
        self.ruleID = ruleID
        self.from = from
        self.to = to
    }
}
