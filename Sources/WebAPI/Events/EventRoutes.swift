import Events
import JSON
import Kernel
import Persistence
import Tenancy

/// EVT-1.
package struct EventRoutes: Sendable {
    private let events: EventService

    package init(events: EventService) { self.events = events }

    package func register(in api: APIRoutes) {
        let filters = EventFilter.parameters
        api.list("/events", .eventsRead, sort: EventSort.self, parameters: filters, list)
        api.get("/events/timeline", .eventsRead, parameters: filters + ["interval"], timeline)
        api.get("/events/correlated", .eventsRead, parameters: filters + ["window_seconds"], correlated)
        api.list(
            "/devices/{id}/events", .eventsRead, sort: EventSort.self, parameters: filters.filter { $0 != "device_id" },
            listOfDevice)
        api.post("/devices/{id}/events", .eventsWrite, report)
    }

    private func list(
        _ request: TenantRequest, _ page: PageRequest<EventSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Event> {
        let query = request.query()
        let filter = EventFilter(reading: query)
        try query.finish()
        return try await events.list(tx, filter, page)
    }

    private func listOfDevice(
        _ request: TenantRequest, _ page: PageRequest<EventSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Event> {
        let query = request.query()
        let filter = EventFilter(reading: query)
        try query.finish()
        return try await events.list(tx, of: request.id(of: "device"), filter, page)
    }

    /// A device with its token says `me`, or names a peripheral that is connected through it.
    private func report(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let new = NewEvent(reading: input)
        try input.finish()
        let event: Event
        if case .device(let own, _) = request.principal.kind {
            event = try await events.report(tx, by: own, of: request.path("id"), new)
        } else {
            event = try await events.report(tx, of: request.id(of: "device"), new)
        }
        return .created(event, at: "/devices/\(event.deviceID?.description ?? "")/events")
    }

    private enum Interval: String, CaseIterable {
        case minute = "1m", fiveMinutes = "5m", quarter = "15m", hour = "1h", sixHours = "6h", day = "1d"

        var span: Duration {
            switch self {
            case .minute: .seconds(60)
            case .fiveMinutes: .seconds(300)
            case .quarter: .seconds(900)
            case .hour: .seconds(3600)
            case .sixHours: .seconds(21_600)
            case .day: .seconds(86_400)
            }
        }
    }

    private func timeline(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let query = request.query()
        let filter = EventFilter(reading: query)
        let interval = query.optional("interval", .oneOf(Interval.self), default: .hour)
        try query.finish()
        return .items(try await events.timeline(tx, filter, span: interval.span))
    }

    private func correlated(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let query = request.query()
        let filter = EventFilter(reading: query)
        let window = query.optional("window_seconds", .integer(1...3600), default: 60)
        try query.finish()
        return .items(try await events.correlate(tx, filter, window: .seconds(window)))
    }
}
