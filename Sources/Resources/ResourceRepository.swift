import Kernel
import Persistence
import PostgresClient

/// The statements on the rows of one kind of resource. For services: a route that used it would pass by their rules.
package struct ResourceRepository<Item: StoredResource>: Sendable {
    private var table: ResourceTable { Item.table }
    private var columns: SQL { "id, \(table.columns), \(Revision.columns)" }

    package init() {}

    package func list(
        _ tx: borrowing TenantTransaction, in parent: Item.Parent, _ filter: Item.Filter,
        _ page: PageRequest<Item.Sort>
    ) async throws -> Page<Item> {
        try await tx.page(
            table.name, select: columns, from: "app.\(table.name)",
            where: "\(table.condition)\(condition(parent))\(filter.conditions)", page)
    }

    package func find(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent, locking: Bool = false
    ) async throws -> Item? {
        let lock: SQL = locking ? " for update" : .empty
        let sql: SQL = """
            select \(columns) from app.\(table.name) where id = \(id) and \(table.condition)\(condition(parent))\(lock)
            /* \(table.name).find */
            """
        return try await tx.first(sql)
    }

    /// - Returns: nil when the row has to be read back.
    /// - Throws: what ``ResourceTable`` says of the constraints.
    package func insert(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent, _ fields: Item.Fields
    ) async throws -> Item? {
        var row = ColumnValues()
        if let link = table.parent { row.set(link.column, parent.identifier) }
        fields.writeColumns(to: &row)
        let sql: SQL = """
            insert into app.\(table.name) (organization_id, id, \(row.names))
            values (app.organization_id(), \(id), \(row.values))\(returning) /* \(table.name).insert */
            """
        return try await table.writeFaults.translating { try await tx.first(sql) }
    }

    /// - Returns: nil when the row has to be read back.
    /// - Throws: what ``ResourceTable`` says of the constraints.
    package func update(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, _ fields: Item.Fields
    ) async throws -> Item? {
        var row = ColumnValues()
        fields.writeColumns(to: &row)
        let sql: SQL = """
            update app.\(table.name) set \(row.assignments) where id = \(id)\(returning) /* \(table.name).update */
            """
        return try await table.writeFaults.translating { try await tx.first(sql) }
    }

    package func delete(_ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>) async throws {
        let sql: SQL = "delete from app.\(table.name) where id = \(id) /* \(table.name).delete */"
        _ = try await table.deleteFaults.translating { try await tx.execute(sql) }
    }

    /// Whether there is what the resource is to be a part of; ``NoParent`` always is.
    /// - Parameter locking: Changes of its parts then wait for each other.
    package func hasParent(
        _ tx: borrowing TenantTransaction, _ parent: Item.Parent, locking: Bool = false
    ) async throws -> Bool {
        guard let link = table.parent, let id = parent.identifier else { return true }
        let lock: SQL = locking ? " for update" : .empty
        let sql: SQL = "select true from app.\(link.name) where id = \(id)\(lock) /* \(table.name).parent */"
        return try await tx.first(sql) { row in try row.next(Bool.self) } ?? false
    }

    private var returning: SQL { table.isReadBack ? .empty : " returning \(columns)" }

    private func condition(_ parent: Item.Parent) -> SQL {
        guard let link = table.parent, let id = parent.identifier else { return .empty }
        return " and \(link.column) = \(id)"
    }
}
