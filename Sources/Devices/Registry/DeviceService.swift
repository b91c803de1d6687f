import Audit
import Events
import Foundation
import JSON
import Kernel
import Organizations
import Persistence
import PostgresClient
import Resources
import Tenancy

/// The registry of devices (DEV-1, DEV-2, DEV-3). The quota of devices is kept by the database.
package struct DeviceService: ResourceService {
    package typealias Item = Device

    let devices = DeviceRepository()
    let credentials = DeviceCredentialRepository()
    private let events: EventService
    private let observer: (any DevicePlaceObserver)?
    let clock: any WallClock

    /// - Parameter observer: hears of devices that move, end or are deleted; nil where nobody keeps anything by them.
    package init(
        events: EventService = EventService(), observer: (any DevicePlaceObserver)? = nil,
        clock: any WallClock = SystemClock()
    ) {
        self.events = events
        self.observer = observer
        self.clock = clock
    }

    package func list(
        _ tx: borrowing TenantTransaction, in parent: NoParent, _ filter: DeviceFilter, _ page: PageRequest<DeviceSort>
    ) async throws -> Page<Device> {
        try await devices.list(tx, filter, page)
    }

    /// - Throws: `not-found`.
    package func read(
        _ tx: borrowing TenantTransaction, _ id: DeviceID, in parent: NoParent
    ) async throws -> Device {
        guard let device = try await devices.find(tx, id) else { throw ServiceError.notFound("device") }
        return device
    }

    package func create(
        _ tx: borrowing TenantTransaction, in parent: NoParent, _ fields: DeviceFields
    ) async throws -> Device {
        try await register(tx, NewDevice(fields: fields, status: .registered))
    }

    /// Registers a device. Without a serial number it gets the next one by the organization's pattern.
    /// - Throws: `already-exists`, `quota-exceeded`, `invalid-input` for references and metadata.
    package func register(_ tx: borrowing TenantTransaction, _ new: NewDevice) async throws -> Device {
        var fields = new.fields
        let references = try await DeviceReferences.find(tx, fields)
        let faults = references.faults(of: fields)
        guard faults.isEmpty else { throw ServiceError.invalidInput(faults) }
        if fields.serialNumber == nil {
            fields.serialNumber = try await nextSerial(tx, typeCode: references.typeCode ?? "")
        }
        fields.deviceKey = fields.deviceKey ?? fields.serialNumber
        let id = DeviceID.make()
        try await devices.insert(
            tx, id, fields, new.status, activatedAt: new.status == .active ? clock.now() : nil)
        let device = try await read(tx, id)
        tx.recordChange("create", of: "device", id.uuid, from: nil, to: device.document)
        return device
    }

    /// Replaces what people edit by what `revision` makes of it. Key and serial number stay when they are not given.
    /// - Throws: `not-found`, `precondition-failed`, `already-exists`, `invalid-input` for references and metadata.
    package func revise(
        _ tx: borrowing TenantTransaction, _ id: DeviceID, in parent: NoParent, expecting expected: ExpectedVersion,
        _ revision: (DeviceFields) throws -> DeviceFields
    ) async throws -> Device {
        let device = try await locked(tx, id, expected)
        var fields = try revision(device.fields)
        fields.deviceKey = fields.deviceKey ?? device.fields.deviceKey
        fields.serialNumber = fields.serialNumber ?? device.fields.serialNumber
        guard fields != device.fields else { return device }
        guard fields.gatewayID != id else { throw ServiceError.invalidInput("/gateway_id", "must be another device") }
        let faults = try await DeviceReferences.find(tx, fields).faults(of: fields)
        guard faults.isEmpty else { throw ServiceError.invalidInput(faults) }
        if let gateway = fields.gatewayID, gateway != device.fields.gatewayID,
            try await devices.isReached(tx, from: gateway, through: id)
        {
            throw ServiceError.invalidInput("/gateway_id", "is itself connected through this device")
        }
        try await devices.update(tx, device, fields)
        if fields.place != device.fields.place { try await observer?.devicePlaceChanged(tx, of: id, by: .moved) }
        tx.recordChange("update", of: "device", id.uuid, from: device.fields.document, to: fields.document)
        tx.invalidate(.device, id.uuid)
        return try await read(tx, id)
    }

    /// Moves a device on in its life. A decommissioned device's credentials are revoked.
    /// - Throws: `not-found`, `precondition-failed`, `illegal-transition` naming the legal ones.
    package func move(
        _ tx: borrowing TenantTransaction, _ id: DeviceID, to status: DeviceStatus, reason: String?,
        expecting expected: ExpectedVersion
    ) async throws -> Device {
        let device = try await locked(tx, id, expected)
        try device.status.requireTransition(to: status)
        try await devices.move(tx, id, to: status, activatedAt: status == .active ? clock.now() : nil)
        if status == .decommissioned {
            try await credentials.revokeAll(tx, of: id)
            try await observer?.devicePlaceChanged(tx, of: id, by: .decommissioned)
        }
        var data: JSONObject = ["from": .string(device.status.rawValue), "to": .string(status.rawValue)]
        if let reason { data["reason"] = .string(reason) }
        try await events.append(
            tx,
            NewEvent(
                origin: .user, category: "lifecycle", type: "device.status", severity: .info, deviceID: id,
                siteID: device.fields.siteID, title: "\(device.fields.name) is now \(status.rawValue)",
                message: reason ?? "", data: .object(data)))
        var changes: JSONObject = ["status": .string(status.rawValue)]
        if let reason { changes["reason"] = .string(reason) }
        tx.recordChange(
            "transition", of: "device", id.uuid, from: ["status": .string(device.status.rawValue)], to: changes)
        tx.invalidate(.device, id.uuid)
        return try await read(tx, id)
    }

    /// Soft delete: the device is gone for everybody, its credentials are revoked, its measurements stay until retention
    /// takes them. Key and serial number are free again.
    /// - Throws: `not-found`, `precondition-failed`, `in-use` while devices are connected through it.
    package func delete(
        _ tx: borrowing TenantTransaction, _ id: DeviceID, in parent: NoParent, expecting expected: ExpectedVersion
    ) async throws {
        let device = try await locked(tx, id, expected)
        guard try await !devices.hasChildren(tx, id) else {
            throw ServiceError(.inUse, "Devices are connected through this gateway: move or delete them first.")
        }
        try await credentials.revokeAll(tx, of: id)
        try await devices.markDeleted(tx, device, by: tx.scope.actor.id.flatMap { UUID(uuidString: $0) })
        try await observer?.devicePlaceChanged(tx, of: id, by: .deleted)
        tx.recordChange("delete", of: "device", id.uuid, from: device.document, to: nil)
        tx.invalidate(.device, id.uuid)
    }

    func locked(
        _ tx: borrowing TenantTransaction, _ id: DeviceID, _ expected: ExpectedVersion
    ) async throws -> Device {
        guard let device = try await devices.find(tx, id, locking: true) else { throw ServiceError.notFound("device") }
        try expected.require(device.version)
        return device
    }

    /// A number that somebody gave by hand is skipped.
    private func nextSerial(_ tx: borrowing TenantTransaction, typeCode: String) async throws -> String {
        let pattern = try await devices.serialPattern(tx).flatMap { SerialPattern($0) } ?? .standard
        let now = clock.now()
        let series = pattern.series(typeCode: typeCode, at: now)
        for _ in 0..<100 {
            let number = try await devices.nextNumber(tx, series: series.name, period: series.period)
            let serial = pattern.serial(typeCode: typeCode, at: now, number: number)
            if try await !devices.serialExists(tx, serial) { return serial }
        }
        throw ServiceError(
            .conflict,
            "The next hundred serial numbers of the pattern \(pattern.text) are taken: give one, or change the pattern."
        )
    }
}

extension DeviceFields {
    /// What decides which rules apply.
    fileprivate var place: [UUID?] { [siteID?.uuid, modelID?.uuid, typeID.uuid] }
}

extension Device {
    /// What the audit trail keeps.
    fileprivate var document: JSONObject {
        var document = fields.document
        document["status"] = .string(status.rawValue)
        return document
    }
}
