import Audit
import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// DEV-5: models with their datapoints and commands. Alarm rule templates are alarm rules of scope `model`.
package struct DeviceModelService: StoredResourceService {
    package typealias Item = DeviceModel
    package typealias Shown = DeviceModelDescription

    private let datapoints = ResourceRepository<Datapoint>()
    private let commands = ResourceRepository<ModelCommand>()

    package init() {}

    /// Makes a model with its parts.
    /// - Throws: `already-exists`, `quota-exceeded` for new datapoint keys.
    package func create(_ tx: borrowing TenantTransaction, _ new: NewDeviceModel) async throws -> DeviceModel {
        let id = DeviceModelID.make()
        guard let model = try await rows.insert(tx, id, in: NoParent(), new.fields) else {
            throw ServiceError.notFound(DeviceModel.names.singular)
        }
        // Lists are in the order of the ids: a millisecond apart, the parts stay in the order in which they were given.
        let start = Timestamp.now()
        var generator = SystemRandomNumberGenerator()
        for (index, datapoint) in new.datapoints.enumerated() {
            let part = DatapointID(at: start + .milliseconds(index), using: &generator)
            _ = try await datapoints.insert(tx, part, in: id, datapoint)
        }
        for (index, command) in new.commands.enumerated() {
            let part = ModelCommandID(at: start + .milliseconds(index), using: &generator)
            _ = try await commands.insert(tx, part, in: id, command)
        }
        var document = new.fields.document
        document["datapoints"] = .array(new.datapoints.map { .string($0.key) })
        document["commands"] = .array(new.commands.map { .string($0.name) })
        tx.recordChange("create", of: DeviceModel.names.audited, id.uuid, from: nil, to: document)
        return model
    }

    package func show(_ tx: borrowing TenantTransaction, _ model: DeviceModel) async throws -> DeviceModelDescription {
        let limit = NewDeviceModel.maximumParts
        return DeviceModelDescription(
            model: model,
            datapoints: try await datapoints.list(
                tx, in: model.id, NoFilter(), PageRequest(limit: limit, sort: .createdAt)
            ).items,
            commands: try await commands.list(
                tx, in: model.id, NoFilter(), PageRequest(limit: limit, sort: .createdAt)
            ).items)
    }

    /// - Throws: `in-use` while devices or alarm rules refer to it; products are refused by their foreign key.
    package func checkDeletion(_ tx: borrowing TenantTransaction, of model: DeviceModel) async throws {
        let sql: SQL = """
            select exists (select from app.devices where model_id = \(model.id) and deleted_at is null)
            or exists (select from app.alarm_rules where scope = 'model' and scope_id = \(model.id))
            /* device_models.in_use */
            """
        if try await tx.first(sql, { row in try row.next(Bool.self) }) == true {
            throw ServiceError(.inUse, "Devices or alarm rules refer to this model: change or delete them first.")
        }
    }
}
