import JSON
import Kernel

/// The life of a device (DEV-3).
package enum DeviceStatus: String, Sendable, CaseIterable {
    case manufactured, provisioned, registered, active, suspended, maintenance, decommissioned

    /// Where it may go from here.
    package var successors: [DeviceStatus] {
        switch self {
        case .manufactured: [.provisioned, .decommissioned]
        case .provisioned: [.registered, .decommissioned]
        case .registered: [.active, .decommissioned]
        case .active: [.suspended, .maintenance, .decommissioned]
        case .suspended: [.active, .maintenance, .decommissioned]
        case .maintenance: [.active, .suspended, .decommissioned]
        case .decommissioned: []
        }
    }

    /// - Throws: `illegal-transition`, naming what is legal.
    package func requireTransition(to next: DeviceStatus) throws(ServiceError) {
        guard !successors.contains(next) else { return }
        let legal = successors.map(\.rawValue)
        let advice =
            legal.isEmpty ? "nothing follows that" : "from there it can become \(legal.joined(separator: ", "))"
        throw ServiceError(
            .illegalTransition, "The device is \(rawValue) and cannot become \(next.rawValue): \(advice).",
            members: [
                "from": .string(rawValue), "to": .string(next.rawValue), "allowed": .array(legal.map { .string($0) }),
            ])
    }
}
