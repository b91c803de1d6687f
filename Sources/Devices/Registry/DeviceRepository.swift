import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

struct DeviceRepository: Sendable {
    static let search = SearchRepository(entity: "device")
    static let columns: SQL = """
        d.id, d.source_no, d.device_key, d.serial_number, d.name, d.type_id, d.model_id, d.product_id, d.site_id, d.zone_id,
        d.gateway_id, d.edge_key, d.hardware_version, d.firmware_version, d.manufactured_at, d.batch, d.factory, d.tags,
        d.metadata, d.status, d.activated_at, d.version, d.created_at, d.updated_at, d.name_key,
        \(DeviceConnection.columns)
        """
    static let source: SQL = """
        app.devices d
        left join app.device_presence p on p.organization_id = d.organization_id and p.device_id = d.id
        """
    private static let constraints: KnownConstraints = [
        "devices_device_key_key": ServiceError(
            .alreadyExists, "Another device of the organization has this device_key."),
        "devices_serial_key": ServiceError(
            .alreadyExists, "Another device of the organization has this serial_number."),
        "devices_edge_key": ServiceError(.alreadyExists, "Another device of the gateway has this edge_key."),
        "devices_type_fkey": .invalidInput("/type_id", "is no device type of the organization"),
        "devices_model_fkey": .invalidInput("/model_id", "is no device model of the organization"),
        "devices_product_fkey": .invalidInput("/product_id", "is no product of the organization"),
        "devices_site_fkey": .invalidInput("/site_id", "is no site of the organization"),
        "devices_zone_fkey": .invalidInput("/zone_id", "is no zone of the site"),
        "devices_gateway_fkey": .invalidInput("/gateway_id", "is no device of the organization"),
        "devices_gateway_check": .invalidInput("/gateway_id", "must be another device"),
    ]

    /// - Parameter locking: locks the row, so that changes of one device wait for each other.
    func find(_ tx: borrowing TenantTransaction, _ id: DeviceID, locking: Bool = false) async throws -> Device? {
        let lock: SQL = locking ? " for update of d" : .empty
        let sql: SQL = """
            select \(Self.columns) from \(Self.source) where d.id = \(id) and d.deleted_at is null\(lock)
            /* devices.find */
            """
        return try await tx.first(sql) { row in try Device(from: &row) }
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: DeviceID, _ fields: DeviceFields, _ status: DeviceStatus,
        activatedAt: Timestamp?
    ) async throws {
        var row = ColumnValues()
        fields.writeColumns(to: &row)
        row.set("status", status.rawValue)
        row.set("activated_at", activatedAt)
        let sql: SQL = """
            insert into app.devices (organization_id, id, \(row.names)) values (app.organization_id(), \(id), \(row.values))
            /* devices.insert */
            """
        _ = try await Self.constraints.translating { try await tx.execute(sql) }
        try await Self.search.replace(tx, id.uuid, [], with: SearchEntry.entries(of: fields))
    }

    func update(_ tx: borrowing TenantTransaction, _ device: Device, _ fields: DeviceFields) async throws {
        var row = ColumnValues()
        fields.writeColumns(to: &row)
        let sql: SQL = """
            update app.devices set \(row.assignments) where id = \(device.id) and deleted_at is null /* devices.update */
            """
        _ = try await Self.constraints.translating { try await tx.execute(sql) }
        try await Self.search.replace(
            tx, device.id.uuid, SearchEntry.entries(of: device.fields), with: SearchEntry.entries(of: fields))
    }

    func move(
        _ tx: borrowing TenantTransaction, _ id: DeviceID, to status: DeviceStatus, activatedAt: Timestamp?
    ) async throws {
        let sql: SQL = """
            update app.devices set status = \(status.rawValue), activated_at = coalesce(activated_at, \(activatedAt))
            where id = \(id) /* devices.move */
            """
        try await tx.execute(sql)
    }

    func markDeleted(_ tx: borrowing TenantTransaction, _ device: Device, by actor: UUID?) async throws {
        let sql: SQL = """
            update app.devices set deleted_at = now(), deleted_by = \(actor) where id = \(device.id) /* devices.delete */
            """
        try await tx.execute(sql)
        try await tx.execute(
            "delete from app.device_presence where device_id = \(device.id) /* device_presence.delete */")
        try await Self.search.replace(tx, device.id.uuid, SearchEntry.entries(of: device.fields), with: [])
    }

    func hasChildren(_ tx: borrowing TenantTransaction, _ id: DeviceID) async throws -> Bool {
        let sql: SQL = """
            select exists (select from app.devices where gateway_id = \(id) and deleted_at is null) /* devices.has_children */
            """
        return try await tx.first(sql) { row in try row.next(Bool.self) } ?? false
    }

    /// Whether the way of `gateway` to the platform leads through `device`.
    func isReached(
        _ tx: borrowing TenantTransaction, from gateway: DeviceID, through device: DeviceID
    ) async throws -> Bool {
        let sql: SQL = """
            with recursive up as (
                select id, gateway_id, 1 as depth from app.devices where id = \(gateway)
                union all
                select d.id, d.gateway_id, up.depth + 1 from up join app.devices d on d.id = up.gateway_id where up.depth < 16)
            select exists (select from up where id = \(device)) /* devices.is_reached */
            """
        return try await tx.first(sql) { row in try row.next(Bool.self) } ?? false
    }

    func serialExists(_ tx: borrowing TenantTransaction, _ serial: String) async throws -> Bool {
        let sql: SQL = """
            select exists (select from app.devices where serial_number = \(serial) and deleted_at is null)
            /* devices.serial_exists */
            """
        return try await tx.first(sql) { row in try row.next(Bool.self) } ?? false
    }

    func nextNumber(_ tx: borrowing TenantTransaction, series: String, period: String) async throws -> Int64 {
        let sql: SQL = "select app.number_next(\(series), \(period)) /* number_series.next */"
        return try await tx.first(sql) { row in try row.next(Int64.self) } ?? 0
    }

    func serialPattern(_ tx: borrowing TenantTransaction) async throws -> String? {
        let sql: SQL = """
            select settings ->> 'device_serial_pattern' from app.organizations where id = app.organization_id()
            /* organizations.serial_pattern */
            """
        return try await tx.first(sql) { row in try row.next(String?.self) } ?? nil
    }
}
