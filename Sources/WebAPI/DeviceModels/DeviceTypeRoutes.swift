import Audit
import Devices
import JSON
import Kernel
import Persistence
import Tenancy

/// The organization's device types (DEV-6, as far as the registry needs them).
package struct DeviceTypeRoutes: Sendable {
    private let types: DeviceTypeService

    package init(types: DeviceTypeService) { self.types = types }

    package func register(in api: APIRoutes) {
        api.list(
            "/device-types", .modelsRead, sort: DeviceTypeSort.self, parameters: ["name", "code", "device_class"], list)
        api.post("/device-types", .modelsWrite, refuses: [.alreadyExists], create)
        api.get("/device-types/{id}", .modelsRead, show)
        api.put("/device-types/{id}", .modelsWrite, refuses: [.alreadyExists], replace)
        api.patch("/device-types/{id}", .modelsWrite, refuses: [.alreadyExists], change)
        api.delete("/device-types/{id}", .modelsWrite, refuses: [.inUse], remove)
    }

    private func list(
        _ request: TenantRequest, _ page: PageRequest<DeviceTypeSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<DeviceType> {
        let query = request.query()
        let filter = DeviceTypeFilter(reading: query)
        try query.finish()
        return try await types.list(tx, filter, page)
    }

    private func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let type = try await types.create(tx, DeviceTypeFields(body: request.document))
        return .created(type, at: "/device-types/\(type.id)", version: type.version)
    }

    private func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let type = try await types.read(tx, request.id(of: "device type"))
        return .ok(type, version: type.version)
    }

    private func replace(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try request.replacement(of: DeviceTypeFields.self)
        let type = try await types.revise(tx, request.id(of: "device type"), expecting: request.expected(), fields)
        return .ok(type, version: type.version)
    }

    private func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let patch = request.mergePatch(of: DeviceTypeFields.self)
        let type = try await types.revise(tx, request.id(of: "device type"), expecting: request.expected(), patch)
        return .ok(type, version: type.version)
    }

    private func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await types.delete(tx, request.id(of: "device type"), expecting: request.expected())
        return .noContent
    }
}
