import Kernel
import Persistence
import PostgresClient

/// DEV-2. Conditions are added only where they are asked for, so that each combination is planned by itself, and each is a
/// comparison that a btree answers below row-level security.
extension DeviceRepository {
    func list(
        _ tx: borrowing TenantTransaction, _ filter: DeviceFilter, _ page: PageRequest<DeviceSort>
    ) async throws -> Page<Device> {
        let searched = Set(filter.terms.map(\.field) + (filter.words.isEmpty ? [] : ["text"]))
        let fields = try await Self.search.find(tx, Array(searched))
        // No device has a value in a field that is not there.
        guard fields.count == searched.count else { return Page(items: [], total: page.includesTotal ? 0 : nil) }
        let conditions = Self.conditions(filter, fields)
        var rowsOnly = page
        rowsOnly.includesTotal = false
        var found = try await tx.page(
            "devices", select: Self.columns, from: Self.source, where: "d.deleted_at is null\(conditions)", rowsOnly)
        if page.includesTotal { found.total = try await count(tx, filter, conditions) }
        return found
    }

    /// Without a filter the quota's counter is the answer: it is exact and costs one row.
    private func count(
        _ tx: borrowing TenantTransaction, _ filter: DeviceFilter, _ conditions: SQL
    ) async throws -> Int {
        let sql: SQL =
            filter.isEmpty
            ? """
            select used from app.quotas where resource_key = 'devices' and scope = 'own' and window_on = '-infinity'
            /* devices.count_all */
            """ : "select count(*) from app.devices d where d.deleted_at is null\(conditions) /* devices.count */"
        return try await tx.first(sql) { row in try row.next(Int.self) } ?? 0
    }

    private static func conditions(_ filter: DeviceFilter, _ fields: [String: Int32]) -> SQL {
        var sql = SQL.empty
        if let key = filter.deviceKey { sql += " and d.device_key = \(key)" }
        if let serial = filter.serialNumber { sql += " and d.serial_number = \(serial)" }
        if let name = filter.name { sql += " and d.name_key = lower(\(name))" }
        if let type = filter.typeID { sql += " and d.type_id = \(type)" }
        if let role = filter.deviceClass {
            sql += " and d.type_id in (select t.id from app.device_types t where t.role = \(role.rawValue))"
        }
        if let model = filter.modelID { sql += " and d.model_id = \(model)" }
        if let product = filter.productID { sql += " and d.product_id = \(product)" }
        if let site = filter.siteID { sql += " and d.site_id = \(site)" }
        if let zone = filter.zoneID { sql += " and d.zone_id = \(zone)" }
        if let gateway = filter.gatewayID { sql += " and d.gateway_id = \(gateway)" }
        if let edge = filter.edgeKey { sql += " and d.edge_key = \(edge)" }
        if let statuses = filter.statuses { sql += " and d.status = any(\(statuses.map(\.rawValue)))" }
        if let connections = filter.connections { sql += DeviceConnection.condition(connections) }
        if let from = filter.manufactured.from { sql += " and d.manufactured_at >= \(from)" }
        if let to = filter.manufactured.to { sql += " and d.manufactured_at < \(to)" }
        // An id begins with the time of its making, so the key's own index has this range.
        if let from = filter.created.from {
            sql += " and d.created_at >= \(from) and d.id >= app.uuid_floor(\(from) - interval '1 hour')"
        }
        if let to = filter.created.to {
            sql += " and d.created_at < \(to) and d.id < app.uuid_floor(\(to) + interval '1 hour')"
        }
        if let from = filter.updated.from { sql += " and d.updated_at >= \(from)" }
        if let to = filter.updated.to { sql += " and d.updated_at < \(to)" }
        for term in filter.terms {
            if let field = fields[term.field] { sql += search.having(field, term.text, id: "d.id") }
        }
        for word in filter.words {
            if let field = fields["text"] { sql += search.beginning(field, word, id: "d.id") }
        }
        return sql
    }
}
