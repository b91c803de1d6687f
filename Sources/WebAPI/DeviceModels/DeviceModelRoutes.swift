import Devices
import Kernel
import Persistence
import Resources
import Tenancy

/// DEV-5 and DEV-6: models with their datapoints and commands, and types. The alarm rule templates of a model are with the
/// alarm rules.
package struct DeviceModelRoutes: Sendable {
    private let models: DeviceModelService
    private let types: DeviceTypeService

    package init(models: DeviceModelService, types: DeviceTypeService) { (self.models, self.types) = (models, types) }

    package func register(in api: APIRoutes) {
        api.resource(
            "/device-models", models, read: .modelsRead, write: .modelsWrite, refuses: [.alreadyExists],
            creating: [.quotaExceeded], deleting: [.inUse], create: create)
        api.resource(
            "/device-models/{id}/datapoints", id: "datapoint_id", DatapointService(), read: .modelsRead,
            write: .modelsWrite, refuses: [.alreadyExists, .quotaExceeded])
        api.resource(
            "/device-models/{id}/commands", id: "command_id", ModelCommandService(), read: .modelsRead,
            write: .modelsWrite, refuses: [.alreadyExists])
        api.resource(
            "/device-types", types, read: .modelsRead, write: .modelsWrite, refuses: [.alreadyExists],
            deleting: [.inUse])
    }

    /// The parts may come along.
    private func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let new = NewDeviceModel(reading: input)
        try input.finish()
        let model = try await models.create(tx, new)
        return .created(try await models.show(tx, model), at: "/device-models/\(model.id)", version: model.version)
    }
}
