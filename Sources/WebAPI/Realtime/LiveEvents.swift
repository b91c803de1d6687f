import Events
import JSON
import Kernel
import Realtime

/// Tells live subscribers of events in the log.
package struct LiveEvents: EventAnnouncer {
    private let hub: RealtimeHub

    package init(hub: RealtimeHub) { self.hub = hub }

    package func announce(_ event: Event, in organizationID: OrganizationID) {
        let live = LiveEvent(.event, at: event.at, deviceID: event.deviceID, siteID: event.siteID)
        hub.publish(live, in: organizationID) { $0.value(event) }
    }
}
