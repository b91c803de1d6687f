import JSON
import Kernel
import Persistence
import PostgresClient

/// Something that happened (EVT-1): to a device, in the system, by a person.
package struct Event: Sendable {
    package enum Origin: String, Sendable, CaseIterable { case device, rule, system, user }
    package enum Severity: String, Sendable, CaseIterable { case info, warning, error, critical }

    package let id: EventID
    /// When it happened, by whoever reported it.
    package let at: Timestamp
    package let origin: Origin
    package let category: String
    package let type: String
    package let severity: Severity
    package let deviceID: DeviceID?
    package let siteID: SiteID?
    package let title: String
    package let message: String
    package let data: JSONValue
    package let correlationKey: String?
    /// When it was stored.
    package let createdAt: Timestamp
}

/// An event about to be stored.
package struct NewEvent: Sendable {
    package var origin: Event.Origin
    package var category: String
    package var type: String
    package var severity: Event.Severity
    package var deviceID: DeviceID?
    package var siteID: SiteID?
    package var title: String
    package var message: String
    package var data: JSONValue
    package var correlationKey: String?
    /// Nil: now.
    package var at: Timestamp?

    package init(
        origin: Event.Origin, category: String = "", type: String, severity: Event.Severity = .info,
        deviceID: DeviceID? = nil, siteID: SiteID? = nil, title: String, message: String = "", data: JSONValue = [:],
        correlationKey: String? = nil, at: Timestamp? = nil
    ) {
        self.origin = origin
        self.category = category
        self.type = type
        self.severity = severity
        self.deviceID = deviceID
        self.siteID = siteID
        self.title = String(title.unicodeScalars.prefix(255))
        self.message = message
        self.data = data
        self.correlationKey = correlationKey
        self.at = at
    }

    /// What a client reports of a device.
    package init(reading input: InputReader) {
        type = input.required("type", .key(1...100))
        title = input.required("title", .text(1...255))
        category = input.optional("category", .name(1...100), default: "")
        severity = input.optional("severity", .oneOf(Event.Severity.self), default: .info)
        message = input.optional("message", .text(0...4000), default: "")
        data = input.optional("data", .document(), default: [:])
        correlationKey = input.optional("correlation_key", .name())
        at = input.optional("at", .time)
        origin = .device
    }
}

package struct EventFilter: Sendable {
    package static let parameters = [
        "device_id", "site_id", "type", "category", "origin", "severity", "correlation_key", "from", "to",
    ]

    package var deviceID: DeviceID?
    package var siteID: SiteID?
    package var type: String?
    package var category: String?
    package var origin: Event.Origin?
    package var severities: [Event.Severity]?
    package var correlationKey: String?
    package var from: Timestamp?
    package var to: Timestamp?

    package init(reading query: InputReader) {
        deviceID = query.optional("device_id", .id(DeviceID.self))
        siteID = query.optional("site_id", .id(SiteID.self))
        type = query.optional("type", .text(1...100))
        category = query.optional("category", .text(1...100))
        origin = query.optional("origin", .oneOf(Event.Origin.self))
        severities = query.optional("severity", .list(.oneOf(Event.Severity.self), count: 1...4))
        correlationKey = query.optional("correlation_key", .text(1...200))
        from = query.optional("from", .time)
        to = query.optional("to", .time)
        if let from, let to, from >= to { query.fault("from", "must lie before to") }
    }
}

/// The order of the log: by time.
package enum EventSort: String, RowSort {
    case at
    package static var standard: EventSort { .at }
    package static var isDescendingByDefault: Bool { true }
    package static var unique: SortColumn<Event> { .id { $0.id } }
    package var column: SortColumn<Event> { Self.unique }
}

extension Event: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        at = try row.next()
        origin = Origin(rawValue: try row.next()) ?? .system
        category = try row.next()
        type = try row.next()
        severity = Severity(rawValue: try row.next()) ?? .info
        deviceID = try row.next()
        siteID = try row.next()
        title = try row.next()
        message = try row.next()
        data = try row.next()
        correlationKey = try row.next()
        createdAt = try row.next()
    }
}

/// Events of one span of a timeline, counted.
package struct TimelineBucket: Sendable {
    package let start: Timestamp
    package let counts: [(severity: Event.Severity, count: Int)]
}

/// Events that belong together: one correlation key, or one device within a window of silence.
package struct EventGroup: Sendable {
    package let correlationKey: String?
    package let deviceID: DeviceID?
    package let from: Timestamp
    package let to: Timestamp
    package let severity: Event.Severity
    package let events: [Event]
}
