import Kernel
import Persistence
import PostgresClient
import Resources

/// What datapoints and commands have in common: they are parts of a model.
enum ModelPart {
    static let table = ParentTable("device_models", column: "model_id")
}

/// The order of the lists of parts: that in which they were made.
package enum ModelPartSort<Part: Resource>: String, RowSort {
    case createdAt = "created_at"
    package static var standard: ModelPartSort { .createdAt }
    package var column: SortColumn<Part> { Self.unique }
}

/// A change of a part gives the model a new version too, because the model shows its parts.
package protocol ModelPartService: StoredResourceService where Item.Parent == DeviceModelID {}

extension ModelPartService {
    package func follow(
        _ tx: borrowing TenantTransaction, from old: Item?, to new: Item?, in model: DeviceModelID
    ) async throws {
        try await tx.execute("update app.device_models set name = name where id = \(model) /* device_models.touch */")
        tx.invalidate(.deviceModel, model.uuid)
    }
}

/// What devices of a model measure. Measurements that are stored stay when their datapoint is deleted.
package struct DatapointService: ModelPartService {
    package typealias Item = Datapoint
    package init() {}
}

/// What devices of a model can be told.
package struct ModelCommandService: ModelPartService {
    package typealias Item = ModelCommand
    package init() {}
}
