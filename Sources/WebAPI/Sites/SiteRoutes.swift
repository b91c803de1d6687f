import Audit
import JSON
import Kernel
import Organizations
import Persistence
import Tenancy

/// ORG-8.
package struct SiteRoutes: Sendable {
    private let sites: SiteService
    private let zones: ZoneService

    package init(sites: SiteService, zones: ZoneService) { (self.sites, self.zones) = (sites, zones) }

    package func register(in api: APIRoutes) {
        api.list("/sites", .sitesRead, sort: SiteSort.self, parameters: ["name", "code"], list)
        api.post("/sites", .sitesWrite, refuses: [.alreadyExists, .quotaExceeded], create)
        api.get("/sites/{id}", .sitesRead, show)
        api.put("/sites/{id}", .sitesWrite, refuses: [.alreadyExists], replace)
        api.patch("/sites/{id}", .sitesWrite, refuses: [.alreadyExists], change)
        api.delete("/sites/{id}", .sitesWrite, refuses: [.inUse], remove)

        api.list("/sites/{id}/zones", .sitesRead, sort: ZoneSort.self, parameters: ["parent_id"], listZones)
        api.post("/sites/{id}/zones", .sitesWrite, refuses: [.alreadyExists], createZone)
        api.get("/sites/{id}/zones/{zone_id}", .sitesRead, showZone)
        api.put("/sites/{id}/zones/{zone_id}", .sitesWrite, refuses: [.alreadyExists], replaceZone)
        api.patch("/sites/{id}/zones/{zone_id}", .sitesWrite, refuses: [.alreadyExists], changeZone)
        api.delete("/sites/{id}/zones/{zone_id}", .sitesWrite, refuses: [.inUse], removeZone)
    }

    private func list(
        _ request: TenantRequest, _ page: PageRequest<SiteSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Site> {
        let query = request.query()
        let filter = SiteFilter(
            name: query.optional("name", .text(1...200)), code: query.optional("code", .text(1...50)))
        try query.finish()
        return try await sites.list(tx, filter, page)
    }

    private func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let site = try await sites.create(tx, SiteFields(body: request.document))
        return .created(site, at: "/sites/\(site.id)", version: site.version)
    }

    private func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let site = try await sites.read(tx, request.id(of: "site"))
        return .ok(site, version: site.version)
    }

    private func replace(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try request.replacement(of: SiteFields.self)
        let site = try await sites.revise(tx, request.id(of: "site"), expecting: request.expected(), fields)
        return .ok(site, version: site.version)
    }

    private func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let patch = request.mergePatch(of: SiteFields.self)
        let site = try await sites.revise(tx, request.id(of: "site"), expecting: request.expected(), patch)
        return .ok(site, version: site.version)
    }

    private func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await sites.delete(tx, request.id(of: "site"), expecting: request.expected())
        return .noContent
    }
}

extension SiteRoutes {
    private func listZones(
        _ request: TenantRequest, _ page: PageRequest<ZoneSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Zone> {
        let query = request.query()
        let parent = query.optional("parent_id", .id(ZoneID.self))
        try query.finish()
        return try await zones.list(tx, request.id(of: "site"), parent: parent, page)
    }

    private func createZone(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let zone = try await zones.create(tx, request.id(of: "site"), ZoneFields(body: request.document))
        return .created(zone, at: "/sites/\(zone.siteID)/zones/\(zone.id)", version: zone.version)
    }

    private func showZone(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let zone = try await zones.read(tx, request.id(of: "zone"), request.id("zone_id", of: "zone"))
        return .ok(zone, version: zone.version)
    }

    private func replaceZone(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try request.replacement(of: ZoneFields.self)
        let zone = try await zones.revise(
            tx, request.id(of: "zone"), request.id("zone_id", of: "zone"), expecting: request.expected(), fields)
        return .ok(zone, version: zone.version)
    }

    private func changeZone(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let patch = request.mergePatch(of: ZoneFields.self)
        let zone = try await zones.revise(
            tx, request.id(of: "zone"), request.id("zone_id", of: "zone"), expecting: request.expected(), patch)
        return .ok(zone, version: zone.version)
    }

    private func removeZone(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await zones.delete(
            tx, request.id(of: "zone"), request.id("zone_id", of: "zone"), expecting: request.expected())
        return .noContent
    }
}
