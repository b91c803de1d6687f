internal import Audit
internal import Foundation
internal import JSON
package import Kernel
package import Persistence

/// ORG-8. The quota of sites is kept by the database.
package struct SiteService: Sendable {
    private let sites = SiteRepository()
    private let random: @Sendable () -> SiteID

    package init(makeID: @escaping @Sendable () -> SiteID = { SiteID.make() }) { random = makeID }

    package func list(
        _ tx: borrowing TenantTransaction, _ filter: SiteFilter, _ page: PageRequest<SiteSort>
    ) async throws -> Page<Site> {
        try await sites.list(tx, filter, page)
    }

    /// - Throws: `not-found`.
    package func read(_ tx: borrowing TenantTransaction, _ id: SiteID) async throws -> Site {
        guard let site = try await sites.find(tx, id) else { throw ServiceError.notFound("site") }
        return site
    }

    /// - Throws: `already-exists`, `quota-exceeded`.
    package func create(_ tx: borrowing TenantTransaction, _ fields: SiteFields) async throws -> Site {
        let id = random()
        let site = try await sites.insert(tx, id, fields)
        guard let site else { throw ServiceError.notFound("site") }
        tx.recordChange("create", of: "site", id.uuid, from: nil, to: fields.document)
        return site
    }

    /// Replaces what people edit by what `revision` makes of it.
    /// - Throws: `not-found`, `precondition-failed`, `already-exists`.
    package func revise(
        _ tx: borrowing TenantTransaction, _ id: SiteID, expecting expected: ExpectedVersion,
        _ revision: (SiteFields) throws -> SiteFields
    ) async throws -> Site {
        guard let site = try await sites.find(tx, id, locking: true) else { throw ServiceError.notFound("site") }
        try expected.require(site.version)
        let fields = try revision(site.fields)
        guard fields != site.fields else { return site }
        guard let changed = try await sites.update(tx, id, fields) else { throw ServiceError.notFound("site") }
        tx.recordChange("update", of: "site", id.uuid, from: site.fields.document, to: fields.document)
        tx.invalidate(.site, id.uuid)
        return changed
    }

    /// Deletes a site and its zones.
    /// - Throws: `not-found`, `precondition-failed`, `in-use` while devices stand there.
    package func delete(
        _ tx: borrowing TenantTransaction, _ id: SiteID, expecting expected: ExpectedVersion
    ) async throws {
        guard let site = try await sites.find(tx, id, locking: true) else { throw ServiceError.notFound("site") }
        try expected.require(site.version)
        let devices = try await sites.deviceCount(tx, id, upTo: 1000)
        guard devices == 0 else {
            throw ServiceError(
                .inUse, "Devices stand at this site: move or delete them first.",
                members: ["devices": .integer(Int64(devices))])
        }
        try await sites.delete(tx, id)
        tx.recordChange("delete", of: "site", id.uuid, from: site.fields.document, to: nil)
        tx.invalidate(.site, id.uuid)
    }
}
