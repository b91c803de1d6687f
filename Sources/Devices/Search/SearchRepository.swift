import Foundation
import Kernel
import Persistence
import PostgresClient
import Tenancy

/// Keeps `search_entries` in step with an entity, in the entity's own transaction.
struct SearchRepository: Sendable {
    let entity: String

    /// Takes the entity from one set of entries to another.
    func replace(
        _ tx: borrowing TenantTransaction, _ id: UUID, _ old: Set<SearchEntry>, with new: Set<SearchEntry>
    ) async throws {
        let (gone, added) = (old.subtracting(new), new.subtracting(old))
        guard !gone.isEmpty || !added.isEmpty else { return }
        let numbers = try await fieldNumbers(tx, Set(gone.map(\.field)).union(added.map(\.field)))
        if !gone.isEmpty {
            let (fields, values) = Self.columns(gone, numbers)
            try await tx.execute(
                """
                delete from app.search_entries e using unnest(\(fields), \(values)) as gone (field_no, value)
                where e.field_no = gone.field_no and e.value = gone.value and e.entity_id = \(id) /* search_entries.delete */
                """)
        }
        if !added.isEmpty {
            let (fields, values) = Self.columns(added, numbers)
            try await tx.execute(
                """
                insert into app.search_entries (organization_id, field_no, value, entity_id)
                select app.organization_id(), added.field_no, added.value, \(id)
                from unnest(\(fields), \(values)) as added (field_no, value)
                on conflict do nothing /* search_entries.insert */
                """)
        }
    }

    private static func columns(_ entries: Set<SearchEntry>, _ numbers: [String: Int32]) -> (
        fields: [Int32], values: [[UInt8]]
    ) {
        let known = entries.compactMap { entry in numbers[entry.field].map { (number: $0, value: entry.value) } }
        return (known.map(\.number), known.map(\.value))
    }

    private func fieldNumbers(
        _ tx: borrowing TenantTransaction, _ names: Set<String>
    ) async throws -> [String: Int32] {
        var numbers = try await find(tx, Array(names))
        let missing = names.filter { numbers[$0] == nil }.sorted()
        guard !missing.isEmpty else { return numbers }
        // Numbers are given one after the other: whoever comes second waits, and then sees the first one's fields.
        let lock = "search_fields:\(tx.scope.organizationID)"
        try await tx.execute("select pg_advisory_xact_lock(hashtextextended(\(lock), 0)) /* search_fields.lock */")
        try await tx.execute(
            """
            insert into app.search_fields (organization_id, field_no, entity, name, kind)
            select app.organization_id(),
                (select coalesce(max(f.field_no), 0) from app.search_fields f)::integer + wanted.n::integer,
                \(entity), wanted.name, 'text'
            from unnest(\(missing)) with ordinality as wanted (name, n)
            on conflict (organization_id, entity, name) do nothing /* search_fields.insert */
            """)
        for (name, number) in try await find(tx, missing) { numbers[name] = number }
        return numbers
    }

    /// The numbers of the fields that any entity has a value in.
    func find(_ tx: borrowing TenantTransaction, _ names: [String]) async throws -> [String: Int32] {
        guard !names.isEmpty else { return [:] }
        let sql: SQL = """
            select name, field_no from app.search_fields where entity = \(entity) and name = any(\(names))
            /* search_fields.find */
            """
        let rows = try await tx.all(sql) { row in (name: try row.next(String.self), number: try row.next(Int32.self)) }
        return Dictionary(rows.map { ($0.name, $0.number) }) { first, _ in first }
    }

    /// `and …`: only entities with that very value in the field of this number.
    ///
    /// The number is a parameter, not a sub-query, so that the planner knows how common the value is.
    func having(_ field: Int32, _ text: String, id: SQL) -> SQL {
        """
         and \(id) in (
            select e.entity_id from app.search_entries e where e.field_no = \(field) and e.value = \(SearchEntry.key(text)))
        """
    }

    /// `and …`: only entities with a value that begins so.
    func beginning(_ field: Int32, _ text: String, id: SQL) -> SQL {
        let prefix = SearchEntry.key(text)
        return """
             and \(id) in (
                select e.entity_id from app.search_entries e where e.field_no = \(field)
                    and e.value >= \(prefix) and e.value < \(SearchEntry.end(ofPrefix: prefix)))
            """
    }
}
