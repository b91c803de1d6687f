import Alarms
import JSON
import Kernel
import Realtime

/// Tells those who listen live what people did with an alarm.
package struct LiveAlarms: AlarmAnnouncer {
    private let hub: RealtimeHub
    private let clock: any WallClock

    package init(hub: RealtimeHub, clock: any WallClock = SystemClock()) {
        self.hub = hub
        self.clock = clock
    }

    package func announce(_ news: AlarmNews, in organizationID: OrganizationID) {
        let alarm = news.alarm
        let event = LiveEvent(
            .alarm, at: clock.now(), deviceID: alarm.deviceID, siteID: alarm.siteID, alarmID: alarm.id)
        hub.publish(event, in: organizationID) { $0.value(news) }
    }
}
