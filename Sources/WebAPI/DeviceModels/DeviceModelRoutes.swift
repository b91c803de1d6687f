import Audit
import Devices
import JSON
import Kernel
import Persistence
import Tenancy

/// DEV-5: models with their datapoints and commands. Their alarm rule templates are with the alarm rules.
package struct DeviceModelRoutes: Sendable {
    private let models: DeviceModelService

    package init(models: DeviceModelService) { self.models = models }

    package func register(in api: APIRoutes) {
        api.list(
            "/device-models", .modelsRead, sort: DeviceModelSort.self, parameters: ["name", "manufacturer"], list)
        api.post("/device-models", .modelsWrite, refuses: [.alreadyExists, .quotaExceeded], create)
        api.get("/device-models/{id}", .modelsRead, show)
        api.put("/device-models/{id}", .modelsWrite, refuses: [.alreadyExists], replace)
        api.patch("/device-models/{id}", .modelsWrite, refuses: [.alreadyExists], change)
        api.delete("/device-models/{id}", .modelsWrite, refuses: [.inUse], remove)

        let datapoint = "/device-models/{id}/datapoints/{datapoint_id}"
        api.list("/device-models/{id}/datapoints", .modelsRead, sort: ModelPartSort.self, listDatapoints)
        api.post(
            "/device-models/{id}/datapoints", .modelsWrite, refuses: [.alreadyExists, .quotaExceeded], createDatapoint)
        api.get(datapoint, .modelsRead, showDatapoint)
        api.put(datapoint, .modelsWrite, refuses: [.alreadyExists, .quotaExceeded], replaceDatapoint)
        api.patch(datapoint, .modelsWrite, refuses: [.alreadyExists, .quotaExceeded], changeDatapoint)
        api.delete(datapoint, .modelsWrite, removeDatapoint)

        let command = "/device-models/{id}/commands/{command_id}"
        api.list("/device-models/{id}/commands", .modelsRead, sort: ModelPartSort.self, listCommands)
        api.post("/device-models/{id}/commands", .modelsWrite, refuses: [.alreadyExists], createCommand)
        api.get(command, .modelsRead, showCommand)
        api.put(command, .modelsWrite, refuses: [.alreadyExists], replaceCommand)
        api.patch(command, .modelsWrite, refuses: [.alreadyExists], changeCommand)
        api.delete(command, .modelsWrite, removeCommand)
    }

    private func list(
        _ request: TenantRequest, _ page: PageRequest<DeviceModelSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<DeviceModel> {
        let query = request.query()
        let filter = DeviceModelFilter(reading: query)
        try query.finish()
        return try await models.list(tx, filter, page)
    }

    private func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let new = NewDeviceModel(reading: input)
        try input.finish()
        let described = try await models.create(tx, new)
        return .created(described, at: "/device-models/\(described.model.id)", version: described.model.version)
    }

    private func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let described = try await models.read(tx, request.id(of: "device model"))
        return .ok(described, version: described.model.version)
    }

    private func replace(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try request.replacement(of: DeviceModelFields.self)
        let described = try await models.revise(
            tx, request.id(of: "device model"), expecting: request.expected(), fields)
        return .ok(described, version: described.model.version)
    }

    private func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let patch = request.mergePatch(of: DeviceModelFields.self)
        let described = try await models.revise(
            tx, request.id(of: "device model"), expecting: request.expected(), patch)
        return .ok(described, version: described.model.version)
    }

    private func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await models.delete(tx, request.id(of: "device model"), expecting: request.expected())
        return .noContent
    }
}

extension DeviceModelRoutes {
    private func listDatapoints(
        _ request: TenantRequest, _ page: PageRequest<ModelPartSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Datapoint> {
        try await models.datapoints(tx, of: request.id(of: "device model"), page)
    }

    private func createDatapoint(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try DatapointFields(body: request.document)
        let datapoint = try await models.addDatapoint(tx, to: request.id(of: "device model"), fields)
        return .created(
            datapoint, at: "/device-models/\(datapoint.modelID)/datapoints/\(datapoint.id)", version: datapoint.version)
    }

    private func showDatapoint(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let datapoint = try await models.datapoint(
            tx, request.id(of: "datapoint"), request.id("datapoint_id", of: "datapoint"))
        return .ok(datapoint, version: datapoint.version)
    }

    private func replaceDatapoint(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try request.replacement(of: DatapointFields.self)
        let datapoint = try await models.reviseDatapoint(
            tx, request.id(of: "datapoint"), request.id("datapoint_id", of: "datapoint"), expecting: request.expected(),
            fields)
        return .ok(datapoint, version: datapoint.version)
    }

    private func changeDatapoint(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let patch = request.mergePatch(of: DatapointFields.self)
        let datapoint = try await models.reviseDatapoint(
            tx, request.id(of: "datapoint"), request.id("datapoint_id", of: "datapoint"), expecting: request.expected(),
            patch)
        return .ok(datapoint, version: datapoint.version)
    }

    private func removeDatapoint(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await models.deleteDatapoint(
            tx, request.id(of: "datapoint"), request.id("datapoint_id", of: "datapoint"), expecting: request.expected())
        return .noContent
    }

    private func listCommands(
        _ request: TenantRequest, _ page: PageRequest<ModelPartSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<ModelCommand> {
        try await models.commands(tx, of: request.id(of: "device model"), page)
    }

    private func createCommand(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try ModelCommandFields(body: request.document)
        let command = try await models.addCommand(tx, to: request.id(of: "device model"), fields)
        return .created(
            command, at: "/device-models/\(command.modelID)/commands/\(command.id)", version: command.version)
    }

    private func showCommand(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let command = try await models.command(tx, request.id(of: "command"), request.id("command_id", of: "command"))
        return .ok(command, version: command.version)
    }

    private func replaceCommand(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try request.replacement(of: ModelCommandFields.self)
        let command = try await models.reviseCommand(
            tx, request.id(of: "command"), request.id("command_id", of: "command"), expecting: request.expected(),
            fields)
        return .ok(command, version: command.version)
    }

    private func changeCommand(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let patch = request.mergePatch(of: ModelCommandFields.self)
        let command = try await models.reviseCommand(
            tx, request.id(of: "command"), request.id("command_id", of: "command"), expecting: request.expected(), patch
        )
        return .ok(command, version: command.version)
    }

    private func removeCommand(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await models.deleteCommand(
            tx, request.id(of: "command"), request.id("command_id", of: "command"), expecting: request.expected())
        return .noContent
    }
}
