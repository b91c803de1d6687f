import Audit
import Devices
import JSON
import Kernel
import Persistence
import Tenancy

/// DEV-1 to DEV-4.
package struct DeviceRoutes: Sendable {
    private let devices: DeviceService
    private let connections: DeviceConnectionService

    package init(devices: DeviceService, connections: DeviceConnectionService) {
        (self.devices, self.connections) = (devices, connections)
    }

    package func register(in api: APIRoutes) {
        api.list("/devices", .devicesRead, sort: DeviceSort.self, parameters: DeviceFilter.parameters, list)
        api.post("/devices", .devicesWrite, refuses: [.alreadyExists, .quotaExceeded], create)
        api.get("/devices/{id}", .devicesRead, show)
        api.put("/devices/{id}", .devicesWrite, refuses: [.alreadyExists], replace)
        api.patch("/devices/{id}", .devicesWrite, refuses: [.alreadyExists], change)
        api.delete("/devices/{id}", .devicesWrite, refuses: [.inUse], remove)
        api.post(
            "/devices/{id}/transitions", .devicesWrite, answers: [200],
            refuses: [.illegalTransition, .preconditionFailed], move)
        api.get("/devices/{id}/connection", .devicesRead, showConnection)
        api.get("/sites/{id}/connection-statistics", .devicesRead, showStatistics)
    }

    private func list(
        _ request: TenantRequest, _ page: PageRequest<DeviceSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Device> {
        let query = request.query()
        let filter = DeviceFilter(reading: query)
        try query.finish()
        return try await devices.list(tx, filter, page)
    }

    private func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let new = NewDevice(reading: input)
        try input.finish()
        let device = try await devices.register(tx, new)
        return .created(device, at: "/devices/\(device.id)", version: device.version)
    }

    private func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let device = try await devices.read(tx, request.id(of: "device"))
        return .ok(device, version: device.version)
    }

    private func replace(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try request.replacement(of: DeviceFields.self)
        let device = try await devices.revise(tx, request.id(of: "device"), expecting: request.expected(), fields)
        return .ok(device, version: device.version)
    }

    private func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let patch = request.mergePatch(of: DeviceFields.self)
        let device = try await devices.revise(tx, request.id(of: "device"), expecting: request.expected(), patch)
        return .ok(device, version: device.version)
    }

    private func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await devices.delete(tx, request.id(of: "device"), expecting: request.expected())
        return .noContent
    }

    private func move(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let status = input.required("to", .oneOf(DeviceStatus.self))
        let reason = input.optional("reason", .text(1...1000))
        try input.finish()
        let device = try await devices.move(
            tx, request.id(of: "device"), to: status, reason: reason, expecting: request.expected())
        return .ok(device, version: device.version)
    }

    private func showConnection(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let id: DeviceID = try request.id(of: "device")
        let found = try await connections.read(tx, id)
        return .ok(ConnectionAnswer(deviceID: id, connection: found.connection, thresholds: found.thresholds))
    }

    private func showStatistics(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        .ok(try await connections.statistics(tx, of: request.id(of: "site")))
    }
}
