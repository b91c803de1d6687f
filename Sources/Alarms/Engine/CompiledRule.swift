import JSON
import Kernel

/// A rule ready to judge values. Pure: no I/O, no clock; the same values always give the same alarms.
package struct CompiledRule: Sendable {
    package let id: AlarmRuleID
    package let version: Int32
    /// The number of the datapoint that the rule watches.
    package let keyNo: Int16
    package let name: String
    package let severity: AlarmSeverity
    package let definition: RuleDefinition
    private let message: MessageTemplate
    /// The definition's, where ``step(_:previous:value:at:alarmID:)`` reads them without chasing.
    private let condition: AlarmCondition
    private let durationMicroseconds: Int64

    package init(
        id: AlarmRuleID, version: Int32, keyNo: Int16, name: String, severity: AlarmSeverity,
        definition: RuleDefinition, message: MessageTemplate
    ) {
        self.id = id
        self.version = version
        self.keyNo = keyNo
        self.name = name
        self.severity = severity
        self.definition = definition
        self.message = message
        condition = definition.condition
        durationMicroseconds = Int64(definition.durationSeconds) * 1_000_000
    }

    /// Compiles a row of `alarm_rules`.
    ///
    /// - Parameters:
    ///   - document: the `rule` column's JSON text.
    ///   - message: the `message` column: a template's text, empty for the standard one.
    /// - Throws: ``ServiceError`` or ``JSONError`` for a row that this version cannot judge.
    package init(
        id: AlarmRuleID, version: Int32, keyNo: Int16, name: String, severity: AlarmSeverity, message: String,
        document: some Collection<UInt8>
    ) throws {
        self.init(
            id: id, version: version, keyNo: keyNo, name: name, severity: severity,
            definition: try RuleDefinition(document: JSONValue(parsing: document)),
            message: try MessageTemplate(parsing: message))
    }
}

/// What one value did to a rule's state.
package enum RuleOutcome: Hashable, Sendable {
    /// The state is as it was: nothing to store.
    case nothing
    /// The state is to be stored, and nobody to be told.
    case stateChanged
    /// A new alarm is open.
    case raise(AlarmRaising)
    /// The condition came back while the alarm was still open; `occurrences` is the new count.
    case occurrence(AlarmID, occurrences: Int32)
    case clear(AlarmID, ClearReason)
}

/// The evaluation that raised an alarm.
package struct AlarmRaising: Hashable, Sendable {
    package let alarmID: AlarmID
    package let value: AlarmValue
    /// The datapoint's value before, when there was one.
    package let previous: AlarmValue?
    /// The first value of the run in which the condition held.
    package let since: Timestamp
    /// The event time of the value that raised the alarm: its `raised_at`.
    package let at: Timestamp
}

/// Why an alarm is cleared; the raw values are what `clear_reason` says.
package enum ClearReason: String, Sendable, CaseIterable {
    case conditionEnded = "condition_ended"
    case clearConditionMet = "clear_condition_met"
    case manual
    case ruleDisabled = "rule_disabled"
    case ruleDeleted = "rule_deleted"
    /// The rule no longer covers the device.
    case ruleMoved = "rule_moved"
    /// The rule watches another datapoint now.
    case ruleChanged = "rule_changed"
    /// The device went to where the rule does not cover it.
    case deviceMoved = "device_moved"
    case deviceDecommissioned = "device_decommissioned"
    case deviceDeleted = "device_deleted"

    /// Whether a value cleared the alarm, rather than a person.
    package var isAutomatic: Bool { self == .conditionEnded || self == .clearConditionMet }
}

extension CompiledRule {
    /// Judges the next value of the rule's datapoint.
    ///
    /// Values come in the order of their event time, each later than the one before. A value that the condition says
    /// nothing about (text for a bound, NaN) changes nothing.
    ///
    /// - Parameters:
    ///   - previous: the datapoint's value before this one, whatever its age; nil for the first ever.
    ///   - alarmID: makes the id of a new alarm; asked only when there is one.
    package func step(
        _ state: inout RuleState, previous: AlarmValue?, value: AlarmValue, at time: Timestamp,
        alarmID: @autoclosure () -> AlarmID
    ) -> RuleOutcome {
        guard let isMet = condition.holds(for: value, previous: previous) else { return .nothing }
        switch state {
        case .idle:
            return isMet ? begin(&state, previous: previous, value: value, at: time, alarmID) : .nothing
        case .pending(let since, let ruleVersion):
            guard isMet else {
                state = .idle
                return .stateChanged
            }
            // A run that began under another version of the rule proves nothing about this one.
            guard ruleVersion == version else {
                return begin(&state, previous: previous, value: value, at: time, alarmID)
            }
            guard time.microseconds - since.microseconds >= durationMicroseconds else { return .nothing }
            return raise(&state, since: since, previous: previous, value: value, at: time, alarmID())
        case .open(var alarm):
            if isMet {
                if alarm.isMet { return .nothing }
                alarm.isMet = true
                alarm.since = time
                alarm.occurrences = alarm.occurrences == .max ? .max : alarm.occurrences + 1
                alarm.ruleVersion = version
                state = .open(alarm)
                return .occurrence(alarm.id, occurrences: alarm.occurrences)
            }
            if let reason = reasonToClear(value: value, previous: previous) {
                state = .idle
                return .clear(alarm.id, reason)
            }
            if !alarm.isMet { return .nothing }
            alarm.isMet = false
            state = .open(alarm)
            return .stateChanged
        }
    }

    private func begin(
        _ state: inout RuleState, previous: AlarmValue?, value: AlarmValue, at time: Timestamp,
        _ alarmID: () -> AlarmID
    ) -> RuleOutcome {
        if durationMicroseconds == 0 {
            return raise(&state, since: time, previous: previous, value: value, at: time, alarmID())
        }
        state = .pending(since: time, ruleVersion: version)
        return .stateChanged
    }

    private func raise(
        _ state: inout RuleState, since: Timestamp, previous: AlarmValue?, value: AlarmValue, at time: Timestamp,
        _ alarmID: AlarmID
    ) -> RuleOutcome {
        state = .open(RuleState.OpenAlarm(id: alarmID, since: since, ruleVersion: version))
        return .raise(AlarmRaising(alarmID: alarmID, value: value, previous: previous, since: since, at: time))
    }

    /// Asked only when the condition no longer holds.
    private func reasonToClear(value: AlarmValue, previous: AlarmValue?) -> ClearReason? {
        guard definition.clearsAutomatically else { return nil }
        if let clearCondition = definition.clearCondition {
            return clearCondition.holds(for: value, previous: previous) == true ? .clearConditionMet : nil
        }
        let holdsStill = condition.holds(for: value, previous: previous, margin: definition.hysteresis)
        return holdsStill == false ? .conditionEnded : nil
    }
}

extension CompiledRule {
    /// Renders the message of a new alarm.
    package func message(for raising: AlarmRaising, device: String, deviceKey: String) -> String {
        message.rendered { placeholder in
            switch placeholder {
            case .value: raising.value.description
            case .threshold: condition.threshold
            case .condition: condition.phrase
            case .datapoint: definition.datapoint
            case .device: device
            case .deviceKey: deviceKey
            case .rule: name
            case .severity: severity.rawValue
            case .time: raising.at.rfc3339
            case .duration: Self.spelled(seconds: (raising.at.microseconds - raising.since.microseconds) / 1_000_000)
            }
        }
    }

    /// What the alarm's `evidence` column keeps: enough to see, without the rule, why the alarm was raised.
    package func writeEvidence(of raising: AlarmRaising, to json: inout JSONWriter) {
        json.object { json in
            json.field("schema", 1)
            json.field("rule", name)
            json.field("datapoint", definition.datapoint)
            json.field("condition", condition)
            json.field("duration_seconds", definition.durationSeconds)
            json.field("value", raising.value)
            json.field("previous_value", raising.previous)
            json.field("since", raising.since)
            json.field("at", raising.at)
        }
    }

    /// The two largest units: "2 h", "1 d 3 h", "45 s".
    static func spelled(seconds: Int64) -> String {
        let units: [(size: Int64, name: String)] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")]
        var (parts, rest): ([String], Int64) = ([], max(seconds, 0))
        for unit in units where rest >= unit.size && parts.count < 2 {
            parts.append("\(rest / unit.size) \(unit.name)")
            rest %= unit.size
        }
        return parts.isEmpty ? "0 s" : parts.joined(separator: " ")
    }
}
