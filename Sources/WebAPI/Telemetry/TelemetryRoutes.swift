import JSON
import Kernel
import Persistence
import Telemetry
import Tenancy

/// Measurements are read (TEL-7).
package struct TelemetryRoutes: Sendable {
    private let telemetry: TelemetryReader
    private let clock: any WallClock

    package init(telemetry: TelemetryReader, clock: any WallClock = SystemClock()) {
        self.telemetry = telemetry
        self.clock = clock
    }

    package func register(in api: APIRoutes) {
        api.list(
            "/devices/{id}/telemetry", .telemetryRead, sort: TelemetrySort.self, parameters: TelemetryRange.parameters,
            limits: .points, listMessages)
        api.get("/devices/{id}/telemetry/latest", .telemetryRead, parameters: ["keys"], showLatest)
        api.get("/devices/{id}/telemetry/history", .telemetryRead, parameters: HistoryRequest.parameters, showHistory)
        api.list(
            "/telemetry/device/{id}", .telemetryRead, sort: TelemetrySort.self, parameters: TelemetryRange.parameters,
            limits: .points, listMessages)
        api.list(
            "/telemetry/latest", .telemetryRead, sort: LatestSort.self, parameters: ["device_ids", "site_id", "keys"],
            refuses: [.notFound], listLatest)
        api.get("/telemetry/stats", .telemetryRead, showStatistics)
    }

    private func listMessages(
        _ request: TenantRequest, _ page: PageRequest<TelemetrySort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<StoredMessage> {
        let query = request.query()
        let range = TelemetryRange(reading: query)
        try query.finish()
        return try await telemetry.messages(tx, of: request.id(of: "device"), range, page)
    }

    private func showLatest(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let query = request.query()
        let keys = query.optional("keys", Self.keys, default: [])
        try query.finish()
        return .ok(try await telemetry.latest(tx, of: request.id(of: "device"), keys: keys))
    }

    private func showHistory(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let query = InputReader(query: request.request.parameters)
        let limits = ListLimits.points
        let limit = query.optional("limit", .integer(1...limits.maximum), default: limits.standard)
        let history = HistoryRequest(reading: query, limit: limit, now: clock.now())
        try query.finish()
        return .ok(try await telemetry.history(tx, of: request.id(of: "device"), history))
    }

    /// Of named devices all at once, of a site page by page.
    private func listLatest(
        _ request: TenantRequest, _ page: PageRequest<LatestSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<LatestOfDevice> {
        let query = request.query()
        let ids = query.optional(
            "device_ids", .list(.id(DeviceID.self), count: 1...ListLimits.items.maximum), default: [])
        let site = query.optional("site_id", .id(SiteID.self))
        let keys = query.optional("keys", Self.keys, default: [])
        if query.names.contains("device_ids") == query.names.contains("site_id") {
            query.fault("device_ids", "must be given, or site_id, and not both")
        }
        try query.finish()
        if let site {
            return try await telemetry.latest(tx, atSite: site, keys: keys, page)
        }
        let found = try await telemetry.latest(tx, of: ids, keys: keys)
        return Page(items: page.descending ? found.reversed() : found, total: page.includesTotal ? found.count : nil)
    }

    private func showStatistics(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        .ok(try await TelemetryStatistics.read(tx, now: clock.now()))
    }

    private static var keys: InputRule<[String]> { .list(.text(1...100), count: 1...TelemetryRange.mostKeys) }
}
