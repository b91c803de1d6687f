import JSON
import Kernel
import Persistence

/// What people do with one kind of resource. Every function runs in the transaction of its caller.
package protocol ResourceService<Item>: Sendable {
    associatedtype Item: Resource
    /// As what a single one is shown; lists show the item itself.
    associatedtype Shown: JSONWritable & Sendable = Item

    /// - Throws: `not-found` for the parent, `invalid-parameter` for the cursor.
    func list(
        _ tx: borrowing TenantTransaction, in parent: Item.Parent, _ filter: Item.Filter,
        _ page: PageRequest<Item.Sort>
    ) async throws -> Page<Item>

    /// - Throws: `not-found`.
    func read(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent
    ) async throws -> Item

    /// - Throws: `not-found` for the parent, and what the rules of the resource refuse.
    func create(_ tx: borrowing TenantTransaction, in parent: Item.Parent, _ fields: Item.Fields) async throws -> Item

    /// Replaces what people edit by what `revision` makes of it. A revision that changes nothing makes no new version.
    /// - Throws: `not-found`, `precondition-failed`, what `revision` throws, and what the rules of the resource refuse.
    func revise(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent,
        expecting expected: ExpectedVersion, _ revision: (Item.Fields) throws -> Item.Fields
    ) async throws -> Item

    /// - Throws: `not-found`, `precondition-failed`, and what the rules of the resource refuse.
    func delete(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent,
        expecting expected: ExpectedVersion
    ) async throws

    /// Reads what else belongs into the answer of one.
    func show(_ tx: borrowing TenantTransaction, _ item: Item) async throws -> Shown
}

extension ResourceService where Shown == Item {
    package func show(_ tx: borrowing TenantTransaction, _ item: Item) async throws -> Item { item }
}

extension ResourceService where Item.Parent == NoParent {
    package func list(
        _ tx: borrowing TenantTransaction, _ filter: Item.Filter, _ page: PageRequest<Item.Sort>
    ) async throws -> Page<Item> {
        try await list(tx, in: NoParent(), filter, page)
    }

    package func read(_ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>) async throws -> Item {
        try await read(tx, id, in: NoParent())
    }

    package func create(_ tx: borrowing TenantTransaction, _ fields: Item.Fields) async throws -> Item {
        try await create(tx, in: NoParent(), fields)
    }
}
