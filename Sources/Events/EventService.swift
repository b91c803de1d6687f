import Foundation
import JSON
import Kernel
import Persistence

/// Tells whoever listens live of an event, after its commit.
package protocol EventAnnouncer: Sendable {
    func announce(_ event: Event, in organizationID: OrganizationID)
}

/// The log of occurrences (EVT-1).
package struct EventService: Sendable {
    /// How many events a correlation looks at.
    package static let correlatedEvents = 2000
    package static let maximumBuckets = 1000
    /// How far an id's time may be from the present: its table has leaves only around it. The event's own time is kept.
    private static let reach: (back: Duration, ahead: Duration) = (.seconds(86_400), .seconds(86_400))

    private let events = EventRepository()
    private let announcer: (any EventAnnouncer)?
    private let clock: any WallClock

    /// - Parameter announcer: nil where nobody listens.
    package init(announcer: (any EventAnnouncer)? = nil, clock: any WallClock = SystemClock()) {
        self.announcer = announcer
        self.clock = clock
    }

    package func list(
        _ tx: borrowing TenantTransaction, _ filter: EventFilter, _ page: PageRequest<EventSort>
    ) async throws -> Page<Event> {
        try await events.list(tx, filter, page)
    }

    /// The events of a device.
    /// - Throws: `not-found` for the device.
    package func list(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ filter: EventFilter, _ page: PageRequest<EventSort>
    ) async throws -> Page<Event> {
        guard try await events.place(of: device, tx) != nil else { throw ServiceError.notFound("device") }
        var filter = filter
        filter.deviceID = device
        return try await events.list(tx, filter, page)
    }

    /// Stores an event. Events are a record themselves: they leave no entry in the audit trail.
    @discardableResult
    package func append(_ tx: borrowing TenantTransaction, _ event: NewEvent) async throws -> Event {
        guard let stored = try await append(tx, [event]).first else {
            throw ServiceError(.internalError, "The event was not stored.")
        }
        return stored
    }

    /// The same for many.
    @discardableResult
    package func append(_ tx: borrowing TenantTransaction, _ new: [NewEvent]) async throws -> [Event] {
        let now = clock.now()
        var generator = SystemRandomNumberGenerator()
        let rows = new.map { event in
            let at = event.at ?? now
            let id = EventID(at: min(max(at, now - Self.reach.back), now + Self.reach.ahead), using: &generator)
            return (id: id, event: event, at: at)
        }
        let stored = try await events.insert(tx, rows)
        if let announcer {
            let organizationID = tx.organizationID
            tx.afterCommit { for event in stored { announcer.announce(event, in: organizationID) } }
        }
        return stored
    }

    /// Stores what somebody reports of a device.
    /// - Throws: `not-found` for the device.
    package func report(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ event: NewEvent
    ) async throws -> Event {
        guard let site = try await events.place(of: device, tx) else { throw ServiceError.notFound("device") }
        var event = event
        event.deviceID = device
        event.siteID = site
        return try await append(tx, event)
    }

    /// Stores what a device reports of itself (`me`) or of a peripheral that is connected through it, by its key or id.
    /// - Throws: `not-found` for every other device.
    package func report(
        _ tx: borrowing TenantTransaction, by reporter: DeviceID, of reference: String, _ event: NewEvent
    ) async throws -> Event {
        let subject = reference == "me" ? reporter : try await events.device(tx, reference, reportedBy: reporter)
        guard let subject else { throw ServiceError.notFound("device") }
        return try await report(tx, of: subject, event)
    }

    /// How many events of which severity fell into each span; spans without events are left out.
    /// - Throws: `invalid-parameter` when the range has more than ``maximumBuckets`` spans.
    package func timeline(
        _ tx: borrowing TenantTransaction, _ filter: EventFilter, span: Duration
    ) async throws -> [TimelineBucket] {
        let filter = ranged(filter)
        let seconds = Int(span.components.seconds)
        if let from = filter.from, let to = filter.to, (to - from) / span > Double(Self.maximumBuckets) {
            throw ServiceError.invalidParameters([
                FieldFault(pointer: "interval", detail: "divides the range into more than \(Self.maximumBuckets) spans")
            ])
        }
        var buckets: [TimelineBucket] = []
        for row in try await events.counts(tx, filter, spanSeconds: seconds) {
            let count = (severity: row.severity, count: row.count)
            if let last = buckets.last, last.start == row.start {
                buckets[buckets.count - 1] = TimelineBucket(start: last.start, counts: last.counts + [count])
            } else {
                buckets.append(TimelineBucket(start: row.start, counts: [count]))
            }
        }
        return buckets
    }

    /// Groups of at least two events that belong together, the latest group first. Looks at the latest
    /// ``correlatedEvents`` events of the range.
    package func correlate(
        _ tx: borrowing TenantTransaction, _ filter: EventFilter, window: Duration
    ) async throws -> [EventGroup] {
        let page = PageRequest<EventSort>(limit: Self.correlatedEvents, sort: .at, descending: true)
        let latest = try await events.list(tx, ranged(filter), page).items
        return EventGroup.groups(of: latest, window: window)
    }

    /// The last day when no range is given.
    private func ranged(_ filter: EventFilter) -> EventFilter {
        var filter = filter
        let to = filter.to ?? clock.now() + .seconds(1)
        filter.to = to
        filter.from = filter.from ?? to - .seconds(86_400)
        return filter
    }
}

extension EventGroup {
    /// Events with one correlation key belong together; of the others, those of one device that follow each other within
    /// `window`. Groups of one are left out.
    package static func groups(of events: [Event], window: Duration) -> [EventGroup] {
        var keyed: [String: [Event]] = [:]
        var byDevice: [DeviceID?: [[Event]]] = [:]
        for event in events.sorted(by: { ($0.at, $0.id) < ($1.at, $1.id) }) {
            if let key = event.correlationKey {
                keyed[key, default: []].append(event)
            } else if let last = byDevice[event.deviceID]?.last?.last, event.at - last.at <= window {
                let runs = byDevice[event.deviceID]?.count ?? 0
                byDevice[event.deviceID]?[runs - 1].append(event)
            } else {
                byDevice[event.deviceID, default: []].append([event])
            }
        }
        let groups =
            keyed.map { EventGroup(correlationKey: $0.key, events: $0.value) }
            + byDevice.flatMap { device in device.value.map { EventGroup(correlationKey: nil, events: $0) } }
        return groups.compactMap(\.self).sorted { ($0.to, $0.from) > ($1.to, $1.from) }
    }

    private init?(correlationKey: String?, events: [Event]) {
        guard events.count > 1, let first = events.first, let last = events.last else { return nil }
        let devices = Set(events.map(\.deviceID))
        let order = Event.Severity.allCases
        let worst = events.map(\.severity).max { (order.firstIndex(of: $0) ?? 0) < (order.firstIndex(of: $1) ?? 0) }
        self.init(
            correlationKey: correlationKey, deviceID: devices.count == 1 ? first.deviceID : nil, from: first.at,
            to: last.at,
            severity: worst ?? .info, events: events)
    }
}
