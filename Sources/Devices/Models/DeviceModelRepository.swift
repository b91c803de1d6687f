internal import Audit
internal import JSON
internal import Kernel
internal import Persistence
internal import PostgresClient

struct DeviceModelRepository: Sendable {
    private static let columns: SQL = """
        id, name, description, manufacturer, metadata_schema, default_config, version, created_at, updated_at
        """
    private static let constraints: KnownConstraints = [
        "device_models_name_key": ServiceError(.alreadyExists, "Another model of the organization has this name.")
    ]

    func list(
        _ tx: borrowing TenantTransaction, _ filter: DeviceModelFilter, _ page: PageRequest<DeviceModelSort>
    ) async throws -> Page<DeviceModel> {
        let order = page.keyset(\.column)
        let conditions: SQL = """
            (\(filter.name)::text is null or name = \(filter.name))
            and (\(filter.manufacturer)::text is null or manufacturer = \(filter.manufacturer))
            """
        let sql: SQL = """
            select \(Self.columns) from app.device_models where \(conditions)\(try order.after(page.after))\(order.order)
            limit \(page.limit + 1) /* device_models.list */
            """
        let rows = try await tx.all(sql) { row in try DeviceModel(from: &row) }
        var total: Int?
        if page.includesTotal {
            total = try await tx.first(
                "select count(*) from app.device_models where \(conditions) /* device_models.count */"
            ) { row in try row.next(Int.self) }
        }
        return Page(
            rows: rows, limit: page.limit, total: total,
            position: { model in page.position(model.id) { $0.key(of: model) } })
    }

    func find(
        _ tx: borrowing TenantTransaction, _ id: DeviceModelID, locking: Bool = false
    ) async throws -> DeviceModel? {
        let lock: SQL = locking ? " for update" : ""
        let sql: SQL = "select \(Self.columns) from app.device_models where id = \(id)\(lock) /* device_models.find */"
        return try await tx.first(sql) { row in try DeviceModel(from: &row) }
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: DeviceModelID, _ fields: DeviceModelFields
    ) async throws -> DeviceModel? {
        let sql: SQL = """
            insert into app.device_models (organization_id, id, name, description, manufacturer, metadata_schema, default_config)
            values (app.organization_id(), \(id), \(fields.name), \(fields.description), \(fields.manufacturer),
                \(fields.metadataSchema), \(fields.defaultConfiguration))
            returning \(Self.columns) /* device_models.insert */
            """
        return try await Self.constraints.translating {
            try await tx.first(sql) { row in try DeviceModel(from: &row) }
        }
    }

    func update(
        _ tx: borrowing TenantTransaction, _ id: DeviceModelID, _ fields: DeviceModelFields
    ) async throws -> DeviceModel? {
        let sql: SQL = """
            update app.device_models set name = \(fields.name), description = \(fields.description),
                manufacturer = \(fields.manufacturer), metadata_schema = \(fields.metadataSchema),
                default_config = \(fields.defaultConfiguration)
            where id = \(id) returning \(Self.columns) /* device_models.update */
            """
        return try await Self.constraints.translating {
            try await tx.first(sql) { row in try DeviceModel(from: &row) }
        }
    }

    /// A new version, because something that belongs to the model changed.
    func touch(_ tx: borrowing TenantTransaction, _ id: DeviceModelID) async throws {
        try await tx.execute("update app.device_models set name = name where id = \(id) /* device_models.touch */")
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: DeviceModelID) async throws {
        let inUse: KnownConstraints = [
            "device_products_model_fkey": ServiceError(.inUse, "Products are made after this model: delete them first.")
        ]
        _ = try await inUse.translating {
            try await tx.execute("delete from app.device_models where id = \(id) /* device_models.delete */")
        }
    }

    func hasDevices(_ tx: borrowing TenantTransaction, _ id: DeviceModelID) async throws -> Bool {
        let sql: SQL = """
            select exists (select from app.devices where model_id = \(id) and deleted_at is null)
            or exists (select from app.alarm_rules where scope = 'model' and scope_id = \(id)) /* device_models.in_use */
            """
        return try await tx.first(sql) { row in try row.next(Bool.self) } ?? false
    }
}

extension DeviceModelSort {
    fileprivate var column: Keyset.Column {
        switch self {
        case .name: .text("name collate \"C\"")
        case .createdAt: .id
        case .updatedAt: .time("updated_at")
        }
    }

    fileprivate func key(of model: DeviceModel) -> JSONValue {
        switch self {
        case .name: .string(model.fields.name)
        case .createdAt: .null
        case .updatedAt: .integer(model.updatedAt.microseconds)
        }
    }
}
