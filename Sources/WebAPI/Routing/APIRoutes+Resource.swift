import JSON
import Kernel
import Persistence
import Resources
import Tenancy

extension APIRoutes {
    /// The six routes of a resource: list, create, show, replace, change, delete.
    ///
    /// Parts of something else are below it, and `id` names their own id in the path, which `{id}` of the whole precedes:
    /// `api.resource("/sites/{id}/zones", id: "zone_id", …)`. Filters and orders of the list are those of the resource.
    /// - Parameters:
    ///   - errors: what is refused when one is created, replaced or changed.
    ///   - creating: what is refused beyond that when one is created.
    ///   - deleting: what is refused when one is deleted.
    ///   - create: takes the place of the standard handler where more is said than the fields when one is made.
    package func resource<Service: ResourceService>(
        _ path: String, id: String = "id", _ service: Service, read: Permission, write: Permission,
        refuses errors: Set<ErrorCode> = [], creating: Set<ErrorCode> = [], deleting: Set<ErrorCode> = [],
        create: TenantHandler? = nil
    ) {
        let routes = ResourceRoutes(service: service, path: path, idName: id)
        let one = "\(path)/{\(id)}"
        list(
            path, read, sort: Service.Item.Sort.self, parameters: Service.Item.Filter.parameters
        ) {
            request, page, tx in try await routes.list(request, page, tx)
        }
        post(path, write, refuses: errors.union(creating), create ?? routes.create)
        get(one, read, routes.show)
        put(one, write, refuses: errors, routes.replace)
        patch(one, write, refuses: errors, routes.change)
        delete(one, write, refuses: deleting, routes.remove)
    }
}

/// The handlers of a resource's routes.
private struct ResourceRoutes<Service: ResourceService>: Sendable {
    typealias Item = Service.Item

    let service: Service
    let path: String
    let idName: String

    func list(
        _ request: TenantRequest, _ page: PageRequest<Item.Sort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Item> {
        let query = request.query()
        let filter = Item.Filter(reading: query)
        try query.finish()
        return try await service.list(tx, in: whole(request), filter, page)
    }

    func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let item = try await service.create(tx, in: whole(request), Item.Fields(body: request.document))
        let place = path.replacing("{id}", with: request.path("id").lowercased())
        return .created(try await service.show(tx, item), at: "\(place)/\(item.id)", version: item.version)
    }

    func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let item = try await service.read(tx, id(request), in: parent(request))
        return .ok(try await service.show(tx, item), version: item.version)
    }

    func replace(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await revise(request, tx, request.replacement(of: Item.Fields.self))
    }

    func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await revise(request, tx, request.mergePatch(of: Item.Fields.self))
    }

    func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await service.delete(tx, id(request), in: parent(request), expecting: request.expected())
        return .noContent
    }

    private func revise(
        _ request: TenantRequest, _ tx: borrowing TenantTransaction, _ revision: (Item.Fields) throws -> Item.Fields
    ) async throws -> Answer {
        let item = try await service.revise(
            tx, id(request), in: parent(request), expecting: request.expected(), revision)
        return .ok(try await service.show(tx, item), version: item.version)
    }

    private func id(_ request: TenantRequest) throws(ServiceError) -> TypedID<Item.Subject> {
        try request.id(idName, of: Item.names.singular)
    }

    /// The parent of an item that the path names, too: what is in no parent does not exist.
    private func parent(_ request: TenantRequest) throws(ServiceError) -> Item.Parent {
        try parent(request, orNo: Item.names.singular)
    }

    /// The parent that the path names alone.
    private func whole(_ request: TenantRequest) throws(ServiceError) -> Item.Parent {
        try parent(request, orNo: Item.names.whole ?? Item.names.singular)
    }

    private func parent(_ request: TenantRequest, orNo what: String) throws(ServiceError) -> Item.Parent {
        guard let parent = Item.Parent(inPath: request.path("id")) else { throw .notFound(what) }
        return parent
    }
}
