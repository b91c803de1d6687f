import Devices
import JSON
import Kernel
import Persistence
import Resources
import Tenancy

/// DEV-1 to DEV-4.
package struct DeviceRoutes: Sendable {
    private let devices: DeviceService
    private let connections: DeviceConnectionService

    package init(devices: DeviceService, connections: DeviceConnectionService) {
        (self.devices, self.connections) = (devices, connections)
    }

    package func register(in api: APIRoutes) {
        api.resource(
            "/devices", devices, read: .devicesRead, write: .devicesWrite, refuses: [.alreadyExists],
            creating: [.quotaExceeded], deleting: [.inUse], create: register)
        api.post(
            "/devices/{id}/transitions", .devicesWrite, answers: [200],
            refuses: [.illegalTransition, .preconditionFailed], move)
        api.get("/devices/{id}/connection", .devicesRead, showConnection)
        api.get("/sites/{id}/connection-statistics", .devicesRead, showStatistics)
    }

    /// The first status may come along.
    private func register(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let new = NewDevice(reading: input)
        try input.finish()
        let device = try await devices.register(tx, new)
        return .created(device, at: "/devices/\(device.id)", version: device.version)
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
