import JSON
import Kernel

/// What is read of a device's measurements.
package struct TelemetryRange: Sendable {
    /// Empty: all datapoints.
    package var keys: [String]
    /// Included; nil: from the beginning.
    package var from: Timestamp?
    /// Not included; nil: to the end.
    package var to: Timestamp?

    package init(keys: [String] = [], from: Timestamp? = nil, to: Timestamp? = nil) {
        self.keys = keys
        self.from = from
        self.to = to
    }

    package static let parameters = ["keys", "from", "to"]
    package static let mostKeys = 50

    /// Reads `keys` (separated by commas), `from` and `to`.
    package init(reading query: InputReader) {
        keys = query.optional("keys", .list(.text(1...100), count: 1...Self.mostKeys), default: [])
        from = query.optional("from", .time)
        to = query.optional("to", .time)
        if let from, let to, from > to { query.fault("from", "must not be after to") }
    }
}

/// The order of measurements.
package enum TelemetrySort: String, ListSort {
    case time = "ts"
    package static let standard = TelemetrySort.time
}

/// The order of a list of devices with their latest values.
package enum LatestSort: String, ListSort {
    case device = "device_id"
    package static let standard = LatestSort.device
}
