package import JSON

/// How bad an alarm is. The order is that of urgency.
package enum AlarmSeverity: String, Sendable, CaseIterable, Comparable {
    case info, warning, error, critical

    private var rank: Int {
        switch self {
        case .info: 0
        case .warning: 1
        case .error: 2
        case .critical: 3
        }
    }

    package static func < (left: AlarmSeverity, right: AlarmSeverity) -> Bool { left.rank < right.rank }
}

extension AlarmSeverity: JSONWritable {
    package func write(to json: inout JSONWriter) { json.string(rawValue) }
}
