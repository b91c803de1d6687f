import Audit
import Devices
import Events
import Foundation
import JSON
import Kernel
import Persistence
import Resources
import Tenancy

/// ALM-2, ALM-3: what people do with alarms. Raising and clearing by measurements is the pipeline's.
package struct AlarmService: Sendable {
    private let alarms = AlarmRepository()
    private let announcer: any AlarmAnnouncer
    private let events: EventService

    /// - Parameters:
    ///   - announcer: hears of every change after its commit.
    ///   - events: gets an entry for each alarm that ends, as the pipeline writes one.
    package init(announcer: any AlarmAnnouncer, events: EventService = EventService()) {
        self.announcer = announcer
        self.events = events
    }

    package func list(
        _ tx: borrowing TenantTransaction, _ filter: AlarmFilter, _ page: PageRequest<AlarmSort>
    ) async throws -> Page<Alarm> {
        try await alarms.list(tx, filter, page)
    }

    /// The alarms of a device, also of those at a site.
    /// - Throws: `not-found` for a device or site that the organization does not have.
    package func list(
        _ tx: borrowing TenantTransaction, ofDevice device: DeviceID, _ filter: AlarmFilter,
        _ page: PageRequest<AlarmSort>
    ) async throws -> Page<Alarm> {
        guard try await isOwn(tx, AlarmSubjects(devices: [device])) else { throw ServiceError.notFound("device") }
        var filter = filter
        filter.deviceID = device
        return try await alarms.list(tx, filter, page)
    }

    package func list(
        _ tx: borrowing TenantTransaction, ofSite site: SiteID, _ filter: AlarmFilter, _ page: PageRequest<AlarmSort>
    ) async throws -> Page<Alarm> {
        guard try await isOwn(tx, AlarmSubjects(sites: [site])) else { throw ServiceError.notFound("site") }
        var filter = filter
        filter.siteID = site
        return try await alarms.list(tx, filter, page)
    }

    /// The latest open alarms of these subjects, at most `limit`; nil for all of the organization.
    package func listOpen(
        _ tx: borrowing TenantTransaction, of subjects: AlarmSubjects?, limit: Int
    ) async throws -> [Alarm] {
        try await alarms.listOpen(tx, of: subjects, limit: limit)
    }

    /// Whether all of these exist in the organization. Another organization's are like unknown ones.
    package func isOwn(_ tx: borrowing TenantTransaction, _ subjects: AlarmSubjects) async throws -> Bool {
        let different = AlarmSubjects(
            devices: Array(Set(subjects.devices)), sites: Array(Set(subjects.sites)),
            alarms: Array(Set(subjects.alarms)))
        return try await alarms.count(tx, of: different) == different.count
    }

    /// - Throws: `not-found`.
    package func read(_ tx: borrowing TenantTransaction, _ id: AlarmID) async throws -> Alarm {
        guard let alarm = try await alarms.find(tx, id) else { throw ServiceError.notFound("alarm") }
        return alarm
    }

    /// Takes note of an alarm, open or cleared.
    /// - Throws: `not-found`, `precondition-failed`, `illegal-transition` when it is acknowledged already.
    package func acknowledge(
        _ tx: borrowing TenantTransaction, _ id: AlarmID, notes: String, expecting expected: ExpectedVersion
    ) async throws -> Alarm {
        guard let alarm = try await alarms.find(tx, id, locking: true) else { throw ServiceError.notFound("alarm") }
        try expected.require(alarm.version)
        guard alarm.acknowledgedAt == nil else {
            throw ServiceError(.illegalTransition, "The alarm is acknowledged already.")
        }
        guard let changed = try await alarms.acknowledge(tx, [id], by: tx.actorID).first else {
            throw ServiceError.notFound("alarm")
        }
        try await keep(tx, [changed], as: .acknowledged, notes: notes)
        return changed
    }

    /// What became of one alarm of a bulk request.
    package enum BulkResult: String, Sendable {
        case acknowledged
        case alreadyAcknowledged = "already_acknowledged"
        case notFound = "not_found"
    }

    /// Acknowledges what can be; the rest is told apart. Ids of another organization are like unknown ones.
    /// - Parameter ids: at most 500.
    package func acknowledge(
        _ tx: borrowing TenantTransaction, _ ids: [AlarmID], notes: String
    ) async throws -> [(id: AlarmID, result: BulkResult)] {
        let present = try await alarms.find(tx, ids)
        let changed = try await alarms.acknowledge(
            tx, present.filter { $0.acknowledgedAt == nil }.map(\.id), by: tx.actorID)
        try await keep(tx, changed, as: .acknowledged, notes: notes)
        let (known, done) = (Set(present.map(\.id)), Set(changed.map(\.id)))
        return ids.map { id in
            (id: id, result: done.contains(id) ? .acknowledged : known.contains(id) ? .alreadyAcknowledged : .notFound)
        }
    }

    /// Ends an alarm by hand. While the condition holds, the next value raises a new one.
    /// - Throws: `not-found`, `precondition-failed`, `illegal-transition` when it is cleared already.
    package func clear(
        _ tx: borrowing TenantTransaction, _ id: AlarmID, notes: String, expecting expected: ExpectedVersion
    ) async throws -> Alarm {
        guard let alarm = try await alarms.find(tx, id, locking: true) else { throw ServiceError.notFound("alarm") }
        try expected.require(alarm.version)
        guard alarm.clearedAt == nil, let changed = try await alarms.clear(tx, id, by: tx.actorID) else {
            throw ServiceError(.illegalTransition, "The alarm is cleared already.")
        }
        try await keep(tx, [changed], as: .cleared, notes: notes)
        if let device = changed.deviceID { tx.invalidate(.alarm, device.uuid) }
        return changed
    }

    /// Clears the open alarms of a rule that changed; with a scope only those of devices outside of it.
    func clearAll(
        _ tx: borrowing TenantTransaction, of rule: AlarmRuleID, outside scope: RuleScope?, because reason: ClearReason
    ) async throws {
        let cleared = try await alarms.clearAll(tx, of: rule, outside: scope, because: reason, by: tx.actorID)
        try await keep(tx, cleared, as: .cleared, notes: "")
        // The lanes believe these open, and would raise nothing for as long as the condition holds.
        let devices = Set(cleared.compactMap(\.deviceID))
        if devices.count > 100 {
            tx.invalidate(.alarm)
        } else {
            for device in devices { tx.invalidate(.alarm, device.uuid) }
        }
    }

    /// - Throws: `not-found`.
    package func comment(
        _ tx: borrowing TenantTransaction, _ id: AlarmID, _ body: String
    ) async throws -> TimelineEntry {
        let alarm = try await read(tx, id)
        let entries = try await alarms.insertEntries(tx, [id], .comment, by: tx.actorID, body: body, data: [:])
        guard let entry = entries.first else { throw ServiceError.notFound("alarm") }
        tx.recordChange("comment", of: "alarm", id.uuid, from: nil, to: ["comment": .string(body)])
        announce(tx, .commented, alarm)
        return entry
    }

    /// - Throws: `not-found`.
    package func timeline(
        _ tx: borrowing TenantTransaction, _ id: AlarmID, _ page: PageRequest<TimelineSort>
    ) async throws -> Page<TimelineEntry> {
        _ = try await read(tx, id)
        return try await alarms.timeline(tx, id, page)
    }

    /// Writes the step into the timelines and the audit trail, and announces it once it is committed.
    private func keep(
        _ tx: borrowing TenantTransaction, _ changed: [Alarm], as change: AlarmNews.Change, notes: String
    ) async throws {
        guard !changed.isEmpty else { return }
        _ = try await alarms.insertEntries(
            tx, changed.map(\.id), .state, by: tx.actorID, body: notes, data: ["to": .string(change.rawValue)])
        if change == .cleared { try await events.append(tx, changed.map(\.clearing)) }
        for alarm in changed {
            var (old, new): (JSONObject, JSONObject) = ([:], [:])
            if change == .acknowledged {
                old = ["acknowledged": false]
                new = ["acknowledged": true]
            } else {
                old = ["cleared": false]
                new = ["cleared": true, "clear_reason": .string(alarm.clearReason?.rawValue ?? "")]
            }
            if !notes.isEmpty { new["notes"] = .string(notes) }
            tx.recordChange(
                change == .acknowledged ? "acknowledge" : "clear", of: "alarm", alarm.id.uuid, from: old, to: new)
            announce(tx, change, alarm)
        }
    }

    private func announce(_ tx: borrowing TenantTransaction, _ change: AlarmNews.Change, _ alarm: Alarm) {
        let (announcer, organizationID) = (announcer, tx.scope.organizationID)
        tx.afterCommit { announcer.announce(AlarmNews(change, alarm), in: organizationID) }
    }
}

extension AlarmService: DevicePlaceObserver {
    /// Clears the open alarms that nobody judges any more: all of a device that is gone, and of one that moved those of rules
    /// that do not cover it where it is now.
    package func devicePlaceChanged(
        _ tx: borrowing TenantTransaction, of device: DeviceID, by change: DevicePlaceChange
    ) async throws {
        let reason: ClearReason =
            switch change {
            case .moved: .deviceMoved
            case .decommissioned: .deviceDecommissioned
            case .deleted: .deviceDeleted
            }
        let cleared = try await alarms.clearAll(
            tx, ofDevice: device, onlyUncovered: change == .moved, because: reason, by: tx.actorID)
        try await keep(tx, cleared, as: .cleared, notes: "")
    }
}

extension Alarm {
    /// What the event log says of an alarm that somebody cleared.
    fileprivate var clearing: NewEvent {
        NewEvent(
            origin: .user, category: "alarm", type: "alarm.cleared", deviceID: deviceID, siteID: siteID,
            title: message.isEmpty ? "Alarm cleared" : message, message: clearReason?.rawValue ?? "",
            data: ["alarm_id": .string(id.description), "rule_id": .string(ruleID.description)],
            correlationKey: id.description)
    }
}

/// What alarms are about, by id.
package struct AlarmSubjects: Sendable {
    package var devices: [DeviceID]
    package var sites: [SiteID]
    package var alarms: [AlarmID]

    package init(devices: [DeviceID] = [], sites: [SiteID] = [], alarms: [AlarmID] = []) {
        self.devices = devices
        self.sites = sites
        self.alarms = alarms
    }

    var count: Int { devices.count + sites.count + alarms.count }
}

extension TenantTransaction {
    /// Who acts, as a column `…_by` keeps it; the organization itself for the platform's own tasks.
    var actorID: UUID { scope.actor.id.flatMap { UUID(uuidString: $0) } ?? scope.organizationID.uuid }
}
