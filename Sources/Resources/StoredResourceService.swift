import Audit
import Foundation
import Kernel
import Persistence

/// A service over one table. It has all functions of ``ResourceService``; a resource with rules of its own says them in the
/// three functions below, which do nothing otherwise.
package protocol StoredResourceService: ResourceService where Item: StoredResource {
    /// Refuses fields that do not go with what else there is. The parent is locked.
    /// - Parameter present: nil for a new one.
    func check(
        _ tx: borrowing TenantTransaction, _ fields: Item.Fields, replacing present: Item?, in parent: Item.Parent
    ) async throws

    /// Refuses to delete what is in use, beyond what foreign keys refuse by themselves.
    func checkDeletion(_ tx: borrowing TenantTransaction, of item: Item) async throws

    /// Does what follows from a change.
    /// - Parameters:
    ///   - old: nil for a new one.
    ///   - new: nil for a deleted one.
    func follow(
        _ tx: borrowing TenantTransaction, from old: Item?, to new: Item?, in parent: Item.Parent
    ) async throws
}

extension StoredResourceService {
    package func check(
        _ tx: borrowing TenantTransaction, _ fields: Item.Fields, replacing present: Item?, in parent: Item.Parent
    ) async throws {}

    package func checkDeletion(_ tx: borrowing TenantTransaction, of item: Item) async throws {}

    package func follow(
        _ tx: borrowing TenantTransaction, from old: Item?, to new: Item?, in parent: Item.Parent
    ) async throws {}
}

extension StoredResourceService {
    package var rows: ResourceRepository<Item> { ResourceRepository() }

    package func list(
        _ tx: borrowing TenantTransaction, in parent: Item.Parent, _ filter: Item.Filter,
        _ page: PageRequest<Item.Sort>
    ) async throws -> Page<Item> {
        guard try await rows.hasParent(tx, parent) else { throw Self.parentNotFound }
        return try await rows.list(tx, in: parent, filter, page)
    }

    package func read(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent
    ) async throws -> Item {
        guard let item = try await rows.find(tx, id, in: parent) else { throw Self.notFound }
        return item
    }

    package func create(
        _ tx: borrowing TenantTransaction, in parent: Item.Parent, _ fields: Item.Fields
    ) async throws -> Item {
        guard try await rows.hasParent(tx, parent, locking: true) else { throw Self.parentNotFound }
        try await check(tx, fields, replacing: nil, in: parent)
        let id = TypedID<Item.Subject>.make()
        let item: Item
        if let made = try await rows.insert(tx, id, in: parent, fields) {
            item = made
        } else {
            item = try await read(tx, id, in: parent)
        }
        tx.recordChange("create", of: Item.names.audited, id.uuid, from: nil, to: fields.document)
        try await follow(tx, from: nil, to: item, in: parent)
        return item
    }

    package func revise(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent,
        expecting expected: ExpectedVersion, _ revision: (Item.Fields) throws -> Item.Fields
    ) async throws -> Item {
        let present = try await lock(tx, id, in: parent, expected)
        let fields = try revision(present.fields)
        guard fields != present.fields else { return present }
        try await check(tx, fields, replacing: present, in: parent)
        let item: Item
        if let changed = try await rows.update(tx, id, fields) {
            item = changed
        } else {
            item = try await read(tx, id, in: parent)
        }
        tx.recordChange(
            "update", of: Item.names.audited, id.uuid, from: present.fields.document, to: fields.document)
        if let kind = Item.names.remembered { tx.invalidate(kind, id.uuid) }
        try await follow(tx, from: present, to: item, in: parent)
        return item
    }

    package func delete(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent,
        expecting expected: ExpectedVersion
    ) async throws {
        let present = try await lock(tx, id, in: parent, expected)
        try await checkDeletion(tx, of: present)
        try await rows.delete(tx, id)
        tx.recordChange("delete", of: Item.names.audited, id.uuid, from: present.fields.document, to: nil)
        if let kind = Item.names.remembered { tx.invalidate(kind, id.uuid) }
        try await follow(tx, from: present, to: nil, in: parent)
    }

    /// The parent first: changes of parts of one whole wait for each other.
    private func lock(
        _ tx: borrowing TenantTransaction, _ id: TypedID<Item.Subject>, in parent: Item.Parent,
        _ expected: ExpectedVersion
    ) async throws -> Item {
        guard try await rows.hasParent(tx, parent, locking: true),
            let present = try await rows.find(tx, id, in: parent, locking: true)
        else { throw Self.notFound }
        try expected.require(present.version)
        return present
    }

    private static var notFound: ServiceError { .notFound(Item.names.singular) }
    private static var parentNotFound: ServiceError { .notFound(Item.names.whole ?? Item.names.singular) }
}
