import JSON
import Kernel

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

extension AlarmSeverity {
    /// The column's CHECK admits these words only.
    init(stored: String) throws(ServiceError) {
        guard let severity = AlarmSeverity(rawValue: stored) else {
            throw ServiceError(.internalError, "A stored severity is not known.")
        }
        self = severity
    }
}
