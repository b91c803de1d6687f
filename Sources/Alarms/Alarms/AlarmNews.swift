import JSON
import Kernel

/// What happened to an alarm, for those who listen live: `{"action": "acknowledged", …}` and the alarm's members.
package struct AlarmNews: Sendable {
    package enum Change: String, Sendable { case raised, occurred, acknowledged, cleared, commented }

    package let change: Change
    package let alarm: Alarm

    package init(_ change: Change, _ alarm: Alarm) {
        self.change = change
        self.alarm = alarm
    }
}

extension AlarmNews: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("action", change.rawValue)
            alarm.writeMembers(to: &json)
        }
    }
}

/// Who passes the news on. Called after the commit; must not wait.
package protocol AlarmAnnouncer: Sendable {
    func announce(_ news: AlarmNews, in organizationID: OrganizationID)
}
