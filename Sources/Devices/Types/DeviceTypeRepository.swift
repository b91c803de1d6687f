internal import Audit
internal import JSON
internal import Kernel
internal import Persistence
internal import PostgresClient

struct DeviceTypeRepository: Sendable {
    private static let columns: SQL = """
        id, name, code_key, description, role, processing, dialect, profile, metadata_schema, default_config, thresholds,
        allowed_commands, version, created_at, updated_at
        """
    private static let constraints: KnownConstraints = [
        "device_types_name_key": ServiceError(.alreadyExists, "Another device type of the organization has this name."),
        "device_types_code_key": ServiceError(.alreadyExists, "Another device type of the organization has this code."),
    ]

    func list(
        _ tx: borrowing TenantTransaction, _ filter: DeviceTypeFilter, _ page: PageRequest<DeviceTypeSort>
    ) async throws -> Page<DeviceType> {
        let order = page.keyset(\.column)
        let conditions: SQL = """
            (\(filter.name)::text is null or name = \(filter.name))
            and (\(filter.code)::text is null or code_key = \(filter.code))
            and (\(filter.deviceClass?.rawValue)::text is null or role = \(filter.deviceClass?.rawValue))
            """
        let sql: SQL = """
            select \(Self.columns) from app.device_types where \(conditions)\(try order.after(page.after))\(order.order)
            limit \(page.limit + 1) /* device_types.list */
            """
        let rows = try await tx.all(sql) { row in try DeviceType(from: &row) }
        var total: Int?
        if page.includesTotal {
            total = try await tx.first(
                "select count(*) from app.device_types where \(conditions) /* device_types.count */"
            ) { row in try row.next(Int.self) }
        }
        return Page(
            rows: rows, limit: page.limit, total: total,
            position: { type in page.position(type.id) { $0.key(of: type) } })
    }

    func find(
        _ tx: borrowing TenantTransaction, _ id: DeviceTypeID, locking: Bool = false
    ) async throws -> DeviceType? {
        let lock: SQL = locking ? " for update" : ""
        let sql: SQL = "select \(Self.columns) from app.device_types where id = \(id)\(lock) /* device_types.find */"
        return try await tx.first(sql) { row in try DeviceType(from: &row) }
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: DeviceTypeID, _ fields: DeviceTypeFields
    ) async throws -> DeviceType? {
        let sql: SQL = """
            insert into app.device_types (
                organization_id, id, name, code_key, description, role, processing, dialect, profile, metadata_schema,
                default_config, thresholds, allowed_commands)
            values (app.organization_id(), \(id), \(fields.name), \(fields.code), \(fields.description),
                \(fields.deviceClass.rawValue), \(fields.processing.rawValue), \(fields.dialect), \(fields.profile),
                \(fields.metadataSchema), \(fields.defaultConfiguration), \(fields.thresholds), \(fields.allowedCommands))
            returning \(Self.columns) /* device_types.insert */
            """
        return try await Self.constraints.translating { try await tx.first(sql) { row in try DeviceType(from: &row) } }
    }

    func update(
        _ tx: borrowing TenantTransaction, _ id: DeviceTypeID, _ fields: DeviceTypeFields
    ) async throws -> DeviceType? {
        let sql: SQL = """
            update app.device_types set name = \(fields.name), code_key = \(fields.code),
                description = \(fields.description), role = \(fields.deviceClass.rawValue),
                processing = \(fields.processing.rawValue), dialect = \(fields.dialect), profile = \(fields.profile),
                metadata_schema = \(fields.metadataSchema), default_config = \(fields.defaultConfiguration),
                thresholds = \(fields.thresholds), allowed_commands = \(fields.allowedCommands)
            where id = \(id) returning \(Self.columns) /* device_types.update */
            """
        return try await Self.constraints.translating { try await tx.first(sql) { row in try DeviceType(from: &row) } }
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: DeviceTypeID) async throws {
        let inUse: KnownConstraints = [
            "devices_type_fkey": ServiceError(
                .inUse, "Devices are of this type, perhaps deleted ones that are kept a while.")
        ]
        _ = try await inUse.translating {
            try await tx.execute("delete from app.device_types where id = \(id) /* device_types.delete */")
        }
    }
}

extension DeviceTypeSort {
    fileprivate var column: Keyset.Column {
        switch self {
        case .name: .text("name collate \"C\"")
        case .code: .text("code_key")
        case .createdAt: .id
        }
    }

    fileprivate func key(of type: DeviceType) -> JSONValue {
        switch self {
        case .name: .string(type.fields.name)
        case .code: .string(type.fields.code)
        case .createdAt: .null
        }
    }
}
