internal import Audit
internal import JSON
internal import Kernel
internal import Persistence
internal import PostgresClient

/// Datapoints and commands of models.
struct ModelPartRepository: Sendable {
    private static let datapointColumns: SQL = """
        d.id, d.model_id, d.key_no, k.name, d.label, d.kind, d.unit, d.low, d.high, d.decimals, d.aggregation, d.version,
        d.created_at, d.updated_at
        """
    private static let commandColumns: SQL = """
        id, model_id, name_key, label, input, schema, timeout_seconds, is_diagnostic, version, created_at, updated_at
        """
    private static let constraints: KnownConstraints = [
        "datapoints_key_key": ServiceError(.alreadyExists, "The model has a datapoint with this key already."),
        "model_commands_name_key": ServiceError(.alreadyExists, "The model has a command with this name already."),
        "datapoints_model_fkey": .notFound("device model"),
        "model_commands_model_fkey": .notFound("device model"),
    ]

    func datapoints(
        _ tx: borrowing TenantTransaction, of model: DeviceModelID, _ page: PageRequest<ModelPartSort>
    ) async throws -> Page<Datapoint> {
        let order = Keyset(id: "d.id", descending: page.descending)
        let sql: SQL = """
            select \(Self.datapointColumns) from app.datapoints d join app.telemetry_keys k on k.key_no = d.key_no
            where d.model_id = \(model)\(try order.after(page.after))\(order.order) limit \(page.limit + 1)
            /* datapoints.list */
            """
        let rows = try await tx.all(sql) { row in try Datapoint(from: &row) }
        var total: Int?
        if page.includesTotal {
            total = try await tx.first(
                "select count(*) from app.datapoints where model_id = \(model) /* datapoints.count */"
            ) { row in try row.next(Int.self) }
        }
        return Page(rows: rows, limit: page.limit, total: total) { PagePosition($0.id) }
    }

    func findDatapoint(
        _ tx: borrowing TenantTransaction, _ model: DeviceModelID, _ id: DatapointID, locking: Bool = false
    ) async throws -> Datapoint? {
        let lock: SQL = locking ? " for update of d" : ""
        let sql: SQL = """
            select \(Self.datapointColumns) from app.datapoints d join app.telemetry_keys k on k.key_no = d.key_no
            where d.id = \(id) and d.model_id = \(model)\(lock) /* datapoints.find */
            """
        return try await tx.first(sql) { row in try Datapoint(from: &row) }
    }

    /// The organization's number of a datapoint key; a new key takes a new number.
    func keyNumber(_ tx: borrowing TenantTransaction, _ fields: DatapointFields) async throws -> Int16 {
        let sql: SQL = """
            select app.telemetry_key(\(fields.key), \(fields.kind.rawValue), \(fields.unit)) /* telemetry_keys.take */
            """
        return try await tx.first(sql) { row in try row.next(Int16.self) } ?? 0
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: DatapointID, _ model: DeviceModelID, key: Int16,
        _ fields: DatapointFields
    ) async throws {
        let sql: SQL = """
            insert into app.datapoints (
                organization_id, id, model_id, key_no, label, kind, unit, low, high, decimals, aggregation)
            values (app.organization_id(), \(id), \(model), \(key), \(fields.label), \(fields.kind.rawValue), \(fields.unit),
                \(fields.low), \(fields.high), \(Int32(fields.decimals)), \(fields.aggregation.rawValue))
            /* datapoints.insert */
            """
        _ = try await Self.constraints.translating { try await tx.execute(sql) }
    }

    func update(
        _ tx: borrowing TenantTransaction, _ id: DatapointID, key: Int16, _ fields: DatapointFields
    ) async throws {
        let sql: SQL = """
            update app.datapoints set key_no = \(key), label = \(fields.label), kind = \(fields.kind.rawValue),
                unit = \(fields.unit), low = \(fields.low), high = \(fields.high), decimals = \(Int32(fields.decimals)),
                aggregation = \(fields.aggregation.rawValue)
            where id = \(id) /* datapoints.update */
            """
        _ = try await Self.constraints.translating { try await tx.execute(sql) }
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: DatapointID) async throws {
        try await tx.execute("delete from app.datapoints where id = \(id) /* datapoints.delete */")
    }

    func commands(
        _ tx: borrowing TenantTransaction, of model: DeviceModelID, _ page: PageRequest<ModelPartSort>
    ) async throws -> Page<ModelCommand> {
        let order = Keyset(descending: page.descending)
        let sql: SQL = """
            select \(Self.commandColumns) from app.model_commands
            where model_id = \(model)\(try order.after(page.after))\(order.order) limit \(page.limit + 1)
            /* model_commands.list */
            """
        let rows = try await tx.all(sql) { row in try ModelCommand(from: &row) }
        var total: Int?
        if page.includesTotal {
            total = try await tx.first(
                "select count(*) from app.model_commands where model_id = \(model) /* model_commands.count */"
            ) { row in try row.next(Int.self) }
        }
        return Page(rows: rows, limit: page.limit, total: total) { PagePosition($0.id) }
    }

    func findCommand(
        _ tx: borrowing TenantTransaction, _ model: DeviceModelID, _ id: ModelCommandID, locking: Bool = false
    ) async throws -> ModelCommand? {
        let lock: SQL = locking ? " for update" : ""
        let sql: SQL = """
            select \(Self.commandColumns) from app.model_commands
            where id = \(id) and model_id = \(model)\(lock) /* model_commands.find */
            """
        return try await tx.first(sql) { row in try ModelCommand(from: &row) }
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: ModelCommandID, _ model: DeviceModelID, _ fields: ModelCommandFields
    ) async throws {
        let sql: SQL = """
            insert into app.model_commands (
                organization_id, id, model_id, name_key, label, input, schema, timeout_seconds, is_diagnostic)
            values (app.organization_id(), \(id), \(model), \(fields.name), \(fields.label), \(fields.input.rawValue),
                \(fields.schema), \(Int32(fields.timeoutSeconds)), \(fields.isDiagnostic)) /* model_commands.insert */
            """
        _ = try await Self.constraints.translating { try await tx.execute(sql) }
    }

    func update(_ tx: borrowing TenantTransaction, _ id: ModelCommandID, _ fields: ModelCommandFields) async throws {
        let sql: SQL = """
            update app.model_commands set name_key = \(fields.name), label = \(fields.label),
                input = \(fields.input.rawValue), schema = \(fields.schema),
                timeout_seconds = \(Int32(fields.timeoutSeconds)), is_diagnostic = \(fields.isDiagnostic)
            where id = \(id) /* model_commands.update */
            """
        _ = try await Self.constraints.translating { try await tx.execute(sql) }
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: ModelCommandID) async throws {
        try await tx.execute("delete from app.model_commands where id = \(id) /* model_commands.delete */")
    }
}
