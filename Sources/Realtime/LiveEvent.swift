import JSON
import Kernel
import Tenancy

/// Something that happened, after its commit, told to whoever listens now. Not stored.
package struct LiveEvent: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case telemetry, alarm, event, status

        /// What a subscriber needs to be told of this kind, whatever the topic.
        package var permission: Permission {
            switch self {
            case .telemetry: .telemetryRead
            case .alarm: .alarmsRead
            case .event: .eventsRead
            case .status: .devicesRead
            }
        }

        var bit: UInt8 {
            switch self {
            case .telemetry: 1
            case .alarm: 2
            case .event: 4
            case .status: 8
            }
        }
    }

    package let kind: Kind
    /// When it happened, by the device's clock where there is one.
    package let at: Timestamp
    package let deviceID: DeviceID?
    package let siteID: SiteID?
    package let alarmID: AlarmID?

    package init(
        _ kind: Kind, at: Timestamp, deviceID: DeviceID? = nil, siteID: SiteID? = nil, alarmID: AlarmID? = nil
    ) {
        self.kind = kind
        self.at = at
        self.deviceID = deviceID
        self.siteID = siteID
        self.alarmID = alarmID
    }

    /// Calls `body` with each topic that this event belongs to.
    func forEachTopic(_ body: (RealtimeTopic) -> Void) {
        body(.organization)
        if let deviceID { body(.device(deviceID)) }
        if let siteID { body(.site(siteID)) }
        if kind == .alarm { body(.alarms) }
        if let alarmID { body(.alarm(alarmID)) }
    }

    func belongs(to topics: Set<RealtimeTopic>) -> Bool {
        var belongs = false
        forEachTopic { if topics.contains($0) { belongs = true } }
        return belongs
    }
}

/// The kinds of event that a subscriber may see, by its permissions.
struct VisibleKinds: Hashable, Sendable {
    private let bits: UInt8

    init(_ permissions: Permissions) {
        bits = LiveEvent.Kind.allCases.reduce(0) { permissions.contains($1.permission) ? $0 | $1.bit : $0 }
    }

    func contains(_ kind: LiveEvent.Kind) -> Bool { bits & kind.bit != 0 }
}

/// An event with its place in the organization's sequence, encoded once and shared by all who receive it.
package struct SequencedEvent: Sendable {
    package let sequence: Int64
    package let event: LiveEvent
    /// `{"type": "event", "seq": …, "kind": …, "at": …, "device_id": …, "data": {…}}`
    package let bytes: [UInt8]

    init(sequence: Int64, event: LiveEvent, data: (inout JSONWriter) -> Void) {
        self.sequence = sequence
        self.event = event
        var json = JSONWriter(reserving: 512)
        json.object { json in
            json.field("type", "event")
            json.field("seq", sequence)
            json.field("kind", event.kind.rawValue)
            json.field("at", event.at)
            if let deviceID = event.deviceID { json.field("device_id", deviceID) }
            if let siteID = event.siteID { json.field("site_id", siteID) }
            if let alarmID = event.alarmID { json.field("alarm_id", alarmID) }
            json.field("data") { data(&$0) }
        }
        bytes = json.bytes
    }
}
