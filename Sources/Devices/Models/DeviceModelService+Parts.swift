internal import Audit
internal import Foundation
package import Kernel
internal import Organizations
package import Persistence

/// Datapoints and commands. A change of a part gives the model a new version too, because the model shows its parts.
extension DeviceModelService {
    /// - Throws: `not-found` for the model.
    package func datapoints(
        _ tx: borrowing TenantTransaction, of model: DeviceModelID, _ page: PageRequest<ModelPartSort>
    ) async throws -> Page<Datapoint> {
        guard try await models.find(tx, model) != nil else { throw ServiceError.notFound("device model") }
        return try await parts.datapoints(tx, of: model, page)
    }

    /// - Throws: `not-found`.
    package func datapoint(
        _ tx: borrowing TenantTransaction, _ model: DeviceModelID, _ id: DatapointID
    ) async throws -> Datapoint {
        guard let datapoint = try await parts.findDatapoint(tx, model, id) else {
            throw ServiceError.notFound("datapoint")
        }
        return datapoint
    }

    /// - Throws: `not-found` for the model, `already-exists`, `quota-exceeded` for a new key.
    package func addDatapoint(
        _ tx: borrowing TenantTransaction, to model: DeviceModelID, _ fields: DatapointFields
    ) async throws -> Datapoint {
        try await lock(tx, model)
        let id = DatapointID.make()
        let key = try await parts.keyNumber(tx, fields)
        try await parts.insert(tx, id, model, key: key, fields)
        tx.recordChange("create", of: "datapoint", id.uuid, from: nil, to: fields.document)
        try await partChanged(tx, model)
        return try await datapoint(tx, model, id)
    }

    /// - Throws: `not-found`, `precondition-failed`, `already-exists`, `quota-exceeded`.
    package func reviseDatapoint(
        _ tx: borrowing TenantTransaction, _ model: DeviceModelID, _ id: DatapointID,
        expecting expected: ExpectedVersion,
        _ revision: (DatapointFields) throws -> DatapointFields
    ) async throws -> Datapoint {
        try await lock(tx, model)
        guard let present = try await parts.findDatapoint(tx, model, id, locking: true) else {
            throw ServiceError.notFound("datapoint")
        }
        try expected.require(present.version)
        let fields = try revision(present.fields)
        guard fields != present.fields else { return present }
        let key = try await parts.keyNumber(tx, fields)
        try await parts.update(tx, id, key: key, fields)
        tx.recordChange("update", of: "datapoint", id.uuid, from: present.fields.document, to: fields.document)
        try await partChanged(tx, model)
        return try await datapoint(tx, model, id)
    }

    /// Measurements that are stored stay.
    /// - Throws: `not-found`, `precondition-failed`.
    package func deleteDatapoint(
        _ tx: borrowing TenantTransaction, _ model: DeviceModelID, _ id: DatapointID,
        expecting expected: ExpectedVersion
    ) async throws {
        try await lock(tx, model)
        guard let present = try await parts.findDatapoint(tx, model, id, locking: true) else {
            throw ServiceError.notFound("datapoint")
        }
        try expected.require(present.version)
        try await parts.delete(tx, id)
        tx.recordChange("delete", of: "datapoint", id.uuid, from: present.fields.document, to: nil)
        try await partChanged(tx, model)
    }

    /// - Throws: `not-found` for the model.
    package func commands(
        _ tx: borrowing TenantTransaction, of model: DeviceModelID, _ page: PageRequest<ModelPartSort>
    ) async throws -> Page<ModelCommand> {
        guard try await models.find(tx, model) != nil else { throw ServiceError.notFound("device model") }
        return try await parts.commands(tx, of: model, page)
    }

    /// - Throws: `not-found`.
    package func command(
        _ tx: borrowing TenantTransaction, _ model: DeviceModelID, _ id: ModelCommandID
    ) async throws -> ModelCommand {
        guard let command = try await parts.findCommand(tx, model, id) else { throw ServiceError.notFound("command") }
        return command
    }

    /// - Throws: `not-found` for the model, `already-exists`.
    package func addCommand(
        _ tx: borrowing TenantTransaction, to model: DeviceModelID, _ fields: ModelCommandFields
    ) async throws -> ModelCommand {
        try await lock(tx, model)
        let id = ModelCommandID.make()
        try await parts.insert(tx, id, model, fields)
        tx.recordChange("create", of: "model_command", id.uuid, from: nil, to: fields.document)
        try await partChanged(tx, model)
        return try await command(tx, model, id)
    }

    /// - Throws: `not-found`, `precondition-failed`, `already-exists`.
    package func reviseCommand(
        _ tx: borrowing TenantTransaction, _ model: DeviceModelID, _ id: ModelCommandID,
        expecting expected: ExpectedVersion,
        _ revision: (ModelCommandFields) throws -> ModelCommandFields
    ) async throws -> ModelCommand {
        try await lock(tx, model)
        guard let present = try await parts.findCommand(tx, model, id, locking: true) else {
            throw ServiceError.notFound("command")
        }
        try expected.require(present.version)
        let fields = try revision(present.fields)
        guard fields != present.fields else { return present }
        try await parts.update(tx, id, fields)
        tx.recordChange("update", of: "model_command", id.uuid, from: present.fields.document, to: fields.document)
        try await partChanged(tx, model)
        return try await command(tx, model, id)
    }

    /// - Throws: `not-found`, `precondition-failed`.
    package func deleteCommand(
        _ tx: borrowing TenantTransaction, _ model: DeviceModelID, _ id: ModelCommandID,
        expecting expected: ExpectedVersion
    ) async throws {
        try await lock(tx, model)
        guard let present = try await parts.findCommand(tx, model, id, locking: true) else {
            throw ServiceError.notFound("command")
        }
        try expected.require(present.version)
        try await parts.delete(tx, id)
        tx.recordChange("delete", of: "model_command", id.uuid, from: present.fields.document, to: nil)
        try await partChanged(tx, model)
    }
}
