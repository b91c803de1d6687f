internal import Audit
internal import Foundation
internal import JSON
package import Kernel
package import Persistence

/// Zones of a site: a tree of at most ``Zone/maximumDepth`` levels.
package struct ZoneService: Sendable {
    private let zones = ZoneRepository()
    private let sites = SiteRepository()

    package init() {}

    /// All zones of the site, or those directly below `parent`.
    /// - Throws: `not-found` for the site.
    package func list(
        _ tx: borrowing TenantTransaction, _ site: SiteID, parent: ZoneID?, _ page: PageRequest<ZoneSort>
    ) async throws -> Page<Zone> {
        guard try await sites.find(tx, site) != nil else { throw ServiceError.notFound("site") }
        return try await zones.list(tx, site, parent: parent, page)
    }

    /// - Throws: `not-found`.
    package func read(_ tx: borrowing TenantTransaction, _ site: SiteID, _ id: ZoneID) async throws -> Zone {
        guard let zone = try await zones.find(tx, site, id) else { throw ServiceError.notFound("zone") }
        return zone
    }

    /// - Throws: `not-found` for the site, `already-exists`, `invalid-input` for the parent.
    package func create(
        _ tx: borrowing TenantTransaction, _ site: SiteID, _ fields: ZoneFields
    ) async throws -> Zone {
        guard try await sites.find(tx, site, locking: true) != nil else { throw ServiceError.notFound("site") }
        if let parent = fields.parentID { try await requirePlace(tx, site, below: parent, moving: nil) }
        let id = ZoneID.make()
        guard let zone = try await zones.insert(tx, id, site, fields) else { throw ServiceError.notFound("site") }
        tx.recordChange("create", of: "zone", id.uuid, from: nil, to: fields.document)
        return zone
    }

    /// - Throws: `not-found`, `precondition-failed`, `already-exists`, `invalid-input` for the parent.
    package func revise(
        _ tx: borrowing TenantTransaction, _ site: SiteID, _ id: ZoneID, expecting expected: ExpectedVersion,
        _ revision: (ZoneFields) throws -> ZoneFields
    ) async throws -> Zone {
        // Two moves at once could close a circle that neither sees: the site's row makes them wait for each other.
        guard try await sites.find(tx, site, locking: true) != nil,
            let zone = try await zones.find(tx, site, id, locking: true)
        else { throw ServiceError.notFound("zone") }
        try expected.require(zone.version)
        let fields = try revision(zone.fields)
        guard fields != zone.fields else { return zone }
        if let parent = fields.parentID, parent != zone.fields.parentID {
            try await requirePlace(tx, site, below: parent, moving: id)
        }
        guard let changed = try await zones.update(tx, id, fields) else { throw ServiceError.notFound("zone") }
        tx.recordChange("update", of: "zone", id.uuid, from: zone.fields.document, to: fields.document)
        return changed
    }

    /// - Throws: `not-found`, `precondition-failed`, `in-use` while devices or zones are in it.
    package func delete(
        _ tx: borrowing TenantTransaction, _ site: SiteID, _ id: ZoneID, expecting expected: ExpectedVersion
    ) async throws {
        guard let zone = try await zones.find(tx, site, id, locking: true) else { throw ServiceError.notFound("zone") }
        try expected.require(zone.version)
        guard try await !zones.hasDevices(tx, id) else {
            throw ServiceError(.inUse, "Devices stand in this zone: move or delete them first.")
        }
        try await zones.delete(tx, id)
        tx.recordChange("delete", of: "zone", id.uuid, from: zone.fields.document, to: nil)
    }

    private func requirePlace(
        _ tx: borrowing TenantTransaction, _ site: SiteID, below parent: ZoneID, moving zone: ZoneID?
    ) async throws {
        let path = try await zones.path(tx, site, parent)
        guard !path.isEmpty else { throw ServiceError.invalidInput("/parent_id", "is no zone of this site") }
        var levels = path.count + 1
        if let zone {
            guard !path.contains(zone) else {
                throw ServiceError.invalidInput("/parent_id", "lies inside the zone itself")
            }
            levels += try await zones.height(tx, zone)
        }
        guard levels <= Zone.maximumDepth else {
            throw ServiceError.invalidInput("/parent_id", "would nest zones deeper than \(Zone.maximumDepth) levels")
        }
    }
}
