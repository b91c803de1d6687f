import Alarms
import JSON
import Kernel
import PostgresClient

/// What a value did to an alarm; committed with the value.
struct AlarmTransition {
    enum Change {
        case raise(AlarmRaising, message: String)
        case occur(AlarmID, occurrences: Int32)
        case clear(AlarmID, ClearReason)
    }

    let change: Change
    let state: SourceState
    let held: HeldRule
    /// Event time.
    let at: Timestamp

    var alarmID: AlarmID {
        switch change {
        case .raise(let raising, _): raising.alarmID
        case .occur(let id, _), .clear(let id, _): id
        }
    }
}

extension GroupCommit {
    /// The `rare` parameter of app.ingest: alarms, events, presence. Nil, as mostly, when there is none.
    var rareDocument: PostgresJSON? {
        guard !transitions.isEmpty || !seen.isEmpty else { return nil }
        var json = JSONWriter(reserving: 1_024)
        json.object { json in
            if !transitions.isEmpty {
                json.field("alarms") { json in
                    json.array { json in for transition in transitions { Self.write(transition, to: &json) } }
                }
            }
            json.field("events") { json in
                json.array { json in
                    for transition in transitions { Self.writeEvent(of: transition, to: &json) }
                    for presence in seen where !presence.wasOnline { Self.writeEvent(of: presence, to: &json) }
                }
            }
            if !seen.isEmpty {
                json.field("presence") { json in
                    json.array { json in for presence in seen { Self.write(presence, to: &json) } }
                }
            }
        }
        return PostgresJSON(json.bytes)
    }

    private static func write(_ transition: AlarmTransition, to json: inout JSONWriter) {
        let rule = transition.held.rule
        json.object { json in
            json.field("rule_id", rule.id)
            json.field("source_no", transition.state.source)
            json.field("at", transition.at.milliseconds)
            switch transition.change {
            case .raise(let raising, let message):
                json.field("do", "raise")
                json.field("id", raising.alarmID)
                json.field("rule_version", rule.version)
                json.field("severity", rule.severity.rawValue)
                json.field("message", message)
                json.field("evidence") { rule.writeEvidence(of: raising, to: &$0) }
            case .occur(_, let occurrences):
                json.field("do", "occur")
                json.field("occurrences", occurrences)
            case .clear(_, let reason):
                json.field("do", "clear")
                json.field("reason", reason.rawValue)
            }
        }
    }

    /// Raising and clearing are events; another occurrence of an open alarm is only counted.
    private static func writeEvent(of transition: AlarmTransition, to json: inout JSONWriter) {
        let rule = transition.held.rule
        let message: String
        switch transition.change {
        case .raise(_, let text): message = text
        case .occur: return
        case .clear(_, let reason): message = reason.rawValue
        }
        let isRaised = if case .raise = transition.change { true } else { false }
        json.object { json in
            json.field("source_no", transition.state.source)
            json.field("at", transition.at.milliseconds)
            json.field("origin", "rule")
            json.field("category", "alarm")
            json.field("type_key", isRaised ? "alarm.raised" : "alarm.cleared")
            json.field("severity", isRaised ? rule.severity.rawValue : AlarmSeverity.info.rawValue)
            json.field("title", rule.name)
            json.field("message", message)
            json.field("correlation_key", transition.alarmID.description)
            json.field("data") { json in
                json.object { json in
                    json.field("alarm_id", transition.alarmID)
                    json.field("rule_id", rule.id)
                }
            }
        }
    }

    private static func writeEvent(of presence: Presence, to json: inout JSONWriter) {
        guard presence.state.deviceID != nil else { return }
        json.object { json in
            json.field("source_no", presence.state.source)
            json.field("at", presence.at.milliseconds)
            json.field("origin", "device")
            json.field("category", "state_change")
            json.field("type_key", "device.online")
            json.field("title", "Device online")
        }
    }

    private static func write(_ presence: Presence, to json: inout JSONWriter) {
        json.object { json in
            json.field("source_no", presence.state.source)
            json.field("at", presence.at.milliseconds)
            json.field("connection", "online")
        }
    }
}
