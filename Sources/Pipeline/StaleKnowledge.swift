import Kernel
import Persistence

/// What the pipeline must read again, because somebody changed it.
struct StaleKnowledge: Sendable {
    /// Devices that were changed, moved or deleted, or whose alarm a person cleared.
    var devices: Set<DeviceID> = []
    /// Organizations whose sources are to be read again.
    var organizations: Set<OrganizationID> = []
    /// Everything: there was a gap in what was heard.
    var isEverything = false

    var isEmpty: Bool { !isEverything && devices.isEmpty && organizations.isEmpty }

    mutating func formUnion(_ other: StaleKnowledge) {
        devices.formUnion(other.devices)
        organizations.formUnion(other.organizations)
        isEverything = isEverything || other.isEverything
    }

    func concerns(_ state: SourceState) -> Bool {
        if isEverything || organizations.contains(state.profile.place.organizationID) { return true }
        return state.deviceID.map(devices.contains) ?? false
    }
}

extension StaleKnowledge {
    /// What of this invalidation the lanes' sources are concerned with; empty for what they do not keep.
    init(_ invalidation: Invalidation) {
        guard case .one(let kind, let organizationID, let subjectID) = invalidation else {
            isEverything = true
            return
        }
        switch kind {
        case .device, .alarm:
            if let subjectID {
                devices = [DeviceID(subjectID)]
            } else if let organizationID {
                organizations = [organizationID]
            } else {
                isEverything = true
            }
        case .site, .deviceModel, .deviceType, .organization, .tier, .session, .sessionsOf, .membership, .apiKey,
            .deviceCredential, .alarmRule, .signingKey:
            break
        }
    }
}
