internal import Audit
internal import Foundation
internal import JSON
package import Kernel
internal import Organizations
package import Persistence

/// DEV-5. Alarm rule templates are alarm rules of scope `model`.
package struct DeviceModelService: Sendable {
    let models = DeviceModelRepository()
    let parts = ModelPartRepository()

    package init() {}

    package func list(
        _ tx: borrowing TenantTransaction, _ filter: DeviceModelFilter, _ page: PageRequest<DeviceModelSort>
    ) async throws -> Page<DeviceModel> {
        try await models.list(tx, filter, page)
    }

    /// A model with its datapoints and commands.
    /// - Throws: `not-found`.
    package func read(_ tx: borrowing TenantTransaction, _ id: DeviceModelID) async throws -> DeviceModelDescription {
        guard let model = try await models.find(tx, id) else { throw ServiceError.notFound("device model") }
        return try await describe(tx, model)
    }

    /// - Throws: `already-exists`, `quota-exceeded` for new datapoint keys.
    package func create(_ tx: borrowing TenantTransaction, _ new: NewDeviceModel) async throws -> DeviceModelDescription
    {
        let id = DeviceModelID.make()
        guard let model = try await models.insert(tx, id, new.fields) else {
            throw ServiceError.notFound("device model")
        }
        // Lists are in the order of the ids: a millisecond apart, the parts stay in the order in which they were given.
        let start = Timestamp.now()
        var generator = SystemRandomNumberGenerator()
        for (index, datapoint) in new.datapoints.enumerated() {
            let part = DatapointID(at: start + .milliseconds(index), using: &generator)
            let key = try await parts.keyNumber(tx, datapoint)
            try await parts.insert(tx, part, id, key: key, datapoint)
        }
        for (index, command) in new.commands.enumerated() {
            let part = ModelCommandID(at: start + .milliseconds(index), using: &generator)
            try await parts.insert(tx, part, id, command)
        }
        var document = new.fields.document
        document["datapoints"] = .array(new.datapoints.map { .string($0.key) })
        document["commands"] = .array(new.commands.map { .string($0.name) })
        tx.recordChange("create", of: "device_model", id.uuid, from: nil, to: document)
        return try await describe(tx, model)
    }

    /// - Throws: `not-found`, `precondition-failed`, `already-exists`.
    package func revise(
        _ tx: borrowing TenantTransaction, _ id: DeviceModelID, expecting expected: ExpectedVersion,
        _ revision: (DeviceModelFields) throws -> DeviceModelFields
    ) async throws -> DeviceModelDescription {
        guard let model = try await models.find(tx, id, locking: true) else {
            throw ServiceError.notFound("device model")
        }
        try expected.require(model.version)
        let fields = try revision(model.fields)
        guard fields != model.fields else { return try await describe(tx, model) }
        guard let changed = try await models.update(tx, id, fields) else { throw ServiceError.notFound("device model") }
        tx.recordChange("update", of: "device_model", id.uuid, from: model.fields.document, to: fields.document)
        tx.invalidate(.deviceModel, id.uuid)
        return try await describe(tx, changed)
    }

    /// - Throws: `not-found`, `precondition-failed`, `in-use` while devices, products or alarm rules refer to it.
    package func delete(
        _ tx: borrowing TenantTransaction, _ id: DeviceModelID, expecting expected: ExpectedVersion
    ) async throws {
        guard let model = try await models.find(tx, id, locking: true) else {
            throw ServiceError.notFound("device model")
        }
        try expected.require(model.version)
        guard try await !models.hasDevices(tx, id) else {
            throw ServiceError(.inUse, "Devices or alarm rules refer to this model: change or delete them first.")
        }
        try await models.delete(tx, id)
        tx.recordChange("delete", of: "device_model", id.uuid, from: model.fields.document, to: nil)
        tx.invalidate(.deviceModel, id.uuid)
    }

    private func describe(
        _ tx: borrowing TenantTransaction, _ model: DeviceModel
    ) async throws -> DeviceModelDescription {
        let all = PageRequest<ModelPartSort>(limit: NewDeviceModel.maximumParts, sort: .createdAt)
        return DeviceModelDescription(
            model: model, datapoints: try await parts.datapoints(tx, of: model.id, all).items,
            commands: try await parts.commands(tx, of: model.id, all).items)
    }

    /// Locks the model of a part that is about to change.
    func lock(_ tx: borrowing TenantTransaction, _ id: DeviceModelID) async throws {
        guard try await models.find(tx, id, locking: true) != nil else { throw ServiceError.notFound("device model") }
    }

    func partChanged(_ tx: borrowing TenantTransaction, _ id: DeviceModelID) async throws {
        try await models.touch(tx, id)
        tx.invalidate(.deviceModel, id.uuid)
    }
}
