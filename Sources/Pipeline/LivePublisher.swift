import Alarms
import JSON
import Kernel
import Realtime
import Telemetry

/// Tells the live hub what was committed. Nothing is encoded for an organization that nobody listens to.
struct LivePublisher: Sendable {
    let hub: RealtimeHub?

    func isHeard(in organization: OrganizationID) -> Bool { hub?.isHeard(in: organization) ?? false }

    /// `data`: `{"values": {"flow": 12.5, …}}`, with `quality` for what is not good.
    func publish(_ batch: MessageBatch, message: Int, at time: Timestamp, of state: SourceState) {
        let place = state.profile.place
        hub?.publish(
            LiveEvent(.telemetry, at: time, deviceID: state.deviceID, siteID: place.siteID), in: place.organizationID
        ) { json in
            json.object { json in batch.writeValues(of: message, to: &json) }
        }
    }

    /// `data`: `{"action": "raised", "id", "rule_id", "rule", "severity", "message"}`, or `occurred`, or `cleared`.
    func publish(_ transition: AlarmTransition) {
        let place = transition.state.profile.place
        let rule = transition.held.rule
        let event = LiveEvent(
            .alarm, at: transition.at, deviceID: transition.state.deviceID, siteID: place.siteID,
            alarmID: transition.alarmID)
        hub?.publish(event, in: place.organizationID) { json in
            json.object { json in
                switch transition.change {
                case .raise(_, let message):
                    json.field("action", "raised")
                    json.field("message", message)
                    json.field("occurrences", 1)
                case .occur(_, let occurrences):
                    json.field("action", "occurred")
                    json.field("occurrences", occurrences)
                case .clear(_, let reason):
                    json.field("action", "cleared")
                    json.field("clear_reason", reason.rawValue)
                }
                json.field("id", transition.alarmID)
                json.field("rule_id", rule.id)
                json.field("rule", rule.name)
                json.field("severity", rule.severity.rawValue)
            }
        }
    }

    /// `data`: `{"connection": "online"}`
    func publish(_ presence: GroupCommit.Presence) {
        let place = presence.state.profile.place
        let event = LiveEvent(.status, at: presence.at, deviceID: presence.state.deviceID, siteID: place.siteID)
        hub?.publish(event, in: place.organizationID) { json in
            json.object { json in json.field("connection", "online") }
        }
    }
}
