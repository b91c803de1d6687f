import JSON
import Kernel
import Tenancy

/// What a connection can listen to, always within its own organization (RTM-1).
package enum RealtimeTopic: Hashable, Sendable {
    /// `org`: everything of the organization.
    case organization
    /// `device:ID`
    case device(DeviceID)
    /// `site:ID`: everything of the devices at that site.
    case site(SiteID)
    /// `alarm:*`
    case alarms
    /// `alarm:ID`
    case alarm(AlarmID)

    /// Nil when `text` is no topic.
    package init?(_ text: String) {
        switch text {
        case "org": self = .organization
        case "alarm:*": self = .alarms
        default:
            guard let colon = text.firstIndex(of: ":") else { return nil }
            let id = text[text.index(after: colon)...]
            switch text[..<colon] {
            case "device":
                guard let id = DeviceID(id) else { return nil }
                self = .device(id)
            case "site":
                guard let id = SiteID(id) else { return nil }
                self = .site(id)
            case "alarm":
                guard let id = AlarmID(id) else { return nil }
                self = .alarm(id)
            default: return nil
            }
        }
    }

    /// What a subscriber needs beside `realtime:read`. The kinds of event are filtered on top of it.
    package var permission: Permission {
        switch self {
        case .organization: .organizationsRead
        case .device: .devicesRead
        case .site: .sitesRead
        case .alarms, .alarm: .alarmsRead
        }
    }
}

extension RealtimeTopic: CustomStringConvertible, JSONWritable {
    package var description: String {
        switch self {
        case .organization: "org"
        case .device(let id): "device:\(id)"
        case .site(let id): "site:\(id)"
        case .alarms: "alarm:*"
        case .alarm(let id): "alarm:\(id)"
        }
    }

    package func write(to json: inout JSONWriter) { json.string(description) }
}

extension InputRule where Value == RealtimeTopic {
    package static var topic: InputRule {
        InputRule(placeholder: .organization) { value, _ in
            value.string.flatMap { RealtimeTopic($0) }.map { .success($0) }
                ?? .failure(InputRefusal("must be org, device:ID, site:ID, alarm:* or alarm:ID"))
        }
    }
}
