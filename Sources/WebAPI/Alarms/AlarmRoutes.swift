import Alarms
import JSON
import Kernel
import Persistence
import Tenancy

/// `/alarms` and the alarms of devices and sites (ALM-2, ALM-3).
package struct AlarmRoutes: Sendable {
    private let alarms: AlarmService
    private let clock: any WallClock

    package init(alarms: AlarmService, clock: any WallClock = SystemClock()) {
        self.alarms = alarms
        self.clock = clock
    }

    private static let filters = ["acknowledged", "severity", "rule_id", "from", "to"]

    package func register(in api: APIRoutes) {
        api.list(
            "/alarms", .alarmsRead, sort: AlarmSort.self, parameters: ["state", "device_id", "site_id"] + Self.filters,
            list)
        api.list(
            "/alarms/active", .alarmsRead, sort: AlarmSort.self, parameters: ["device_id", "site_id"] + Self.filters,
            listActive)
        api.list(
            "/alarms/history", .alarmsRead, sort: AlarmSort.self, parameters: ["device_id", "site_id"] + Self.filters,
            listHistory)
        api.list(
            "/devices/{id}/alarms", .alarmsRead, sort: AlarmSort.self, parameters: ["state", "site_id"] + Self.filters,
            listOfDevice)
        api.list(
            "/sites/{id}/alarms", .alarmsRead, sort: AlarmSort.self, parameters: ["state", "device_id"] + Self.filters,
            listOfSite)
        api.get(
            "/alarms/statistics", .alarmsRead, parameters: ["from", "to", "device_id", "site_id"], statistics)
        api.post("/alarms/bulk-acknowledge", .alarmsAcknowledge, answers: [200], acknowledgeMany)
        api.get("/alarms/{id}", .alarmsRead, show)
        api.post(
            "/alarms/{id}/acknowledge", .alarmsAcknowledge, body: .optionalJSON, answers: [200],
            refuses: [.illegalTransition, .preconditionFailed], acknowledge)
        api.post(
            "/alarms/{id}/clear", .alarmsAcknowledge, body: .optionalJSON, answers: [200],
            refuses: [.illegalTransition, .preconditionFailed], clear)
        api.post("/alarms/{id}/comments", .alarmsAcknowledge, comment)
        api.list("/alarms/{id}/timeline", .alarmsRead, sort: TimelineSort.self, timeline)
    }

    // MARK: - Lists

    private func list(
        _ request: TenantRequest, _ page: PageRequest<AlarmSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Alarm> {
        try await alarms.list(tx, try filter(request), page)
    }

    private func listActive(
        _ request: TenantRequest, _ page: PageRequest<AlarmSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Alarm> {
        try await alarms.list(tx, try filter(request, states: [.active, .acknowledged]), page)
    }

    private func listHistory(
        _ request: TenantRequest, _ page: PageRequest<AlarmSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Alarm> {
        try await alarms.list(tx, try filter(request, states: [.cleared]), page)
    }

    private func listOfDevice(
        _ request: TenantRequest, _ page: PageRequest<AlarmSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Alarm> {
        try await alarms.list(tx, ofDevice: request.id(of: "device"), try filter(request), page)
    }

    private func listOfSite(
        _ request: TenantRequest, _ page: PageRequest<AlarmSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Alarm> {
        try await alarms.list(tx, ofSite: request.id(of: "site"), try filter(request), page)
    }

    private func filter(_ request: TenantRequest, states: [Alarm.State]? = nil) throws(ServiceError) -> AlarmFilter {
        let query = request.query()
        let asked = states ?? query.optional("state", .list(.oneOf(Alarm.State.self), count: 1...3), default: [])
        let filter = AlarmFilter(
            states: asked, isAcknowledged: query.optional("acknowledged", .boolean),
            severities: query.optional("severity", .list(.oneOf(AlarmSeverity.self), count: 1...4), default: []),
            deviceID: query.optional("device_id", .id(DeviceID.self)),
            siteID: query.optional("site_id", .id(SiteID.self)),
            ruleID: query.optional("rule_id", .id(AlarmRuleID.self)), from: query.optional("from", .time),
            to: query.optional("to", .time))
        try query.finish()
        return filter
    }

    private func timeline(
        _ request: TenantRequest, _ page: PageRequest<TimelineSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<TimelineEntry> {
        try await alarms.timeline(tx, request.id(of: "alarm"), page)
    }

    // MARK: - One alarm

    private func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let alarm = try await alarms.read(tx, request.id(of: "alarm"))
        return .ok(alarm, version: alarm.version)
    }

    private func acknowledge(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let alarm = try await alarms.acknowledge(
            tx, request.id(of: "alarm"), notes: try notes(request), expecting: request.expectedVersion() ?? .any)
        return .ok(alarm, version: alarm.version)
    }

    private func clear(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let alarm = try await alarms.clear(
            tx, request.id(of: "alarm"), notes: try notes(request), expecting: request.expectedVersion() ?? .any)
        return .ok(alarm, version: alarm.version)
    }

    private func notes(_ request: TenantRequest) throws(ServiceError) -> String {
        let input = request.input()
        let notes = input.optional("notes", .text(0...4000), default: "")
        try input.finish()
        return notes
    }

    private func comment(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let id: AlarmID = try request.id(of: "alarm")
        let input = request.input()
        let body = input.required("body", .text(1...4000))
        try input.finish()
        let entry = try await alarms.comment(tx, id, body)
        return .created(entry, at: "/alarms/\(id)/timeline")
    }

    // MARK: - Many alarms

    private func acknowledgeMany(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let ids = input.required("alarm_ids", .list(.id(AlarmID.self), count: 1...500))
        let notes = input.optional("notes", .text(0...4000), default: "")
        try input.finish()
        let results = try await alarms.acknowledge(tx, ids, notes: notes)
        return .ok(BulkAcknowledgement(results: results))
    }

    private func statistics(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let query = request.query()
        let to = query.optional("to", .time) ?? clock.now()
        let from = query.optional("from", .time) ?? to - .seconds(30 * 86_400)
        if from > to { query.fault("from", "must not be after to") }
        if to - from > AlarmStatistics.longestPeriod { query.fault("from", "must be at most 400 days before to") }
        let device = query.optional("device_id", .id(DeviceID.self))
        let site = query.optional("site_id", .id(SiteID.self))
        try query.finish()
        return .ok(try await AlarmStatistics.read(tx, from: from, to: to, device: device, site: site))
    }
}

private struct BulkAcknowledgement: JSONWritable {
    let results: [(id: AlarmID, result: AlarmService.BulkResult)]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("items") { json in
                json.array { json in
                    for (id, result) in results {
                        json.object { json in
                            json.field("alarm_id", id)
                            json.field("result", result.rawValue)
                        }
                    }
                }
            }
        }
    }
}
