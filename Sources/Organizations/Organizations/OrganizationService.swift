import Audit
import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient
import Resources
import Tenancy

/// ORG-1, as an organization sees it: itself and what is below it. Nothing else exists for it.
package struct OrganizationService: Sendable {
    private let clock: any WallClock

    package init(clock: any WallClock = SystemClock()) { self.clock = clock }

    package func list(
        _ tx: borrowing TenantTransaction, _ filter: OrganizationFilter, _ page: PageRequest<OrganizationSort>
    ) async throws -> Page<Organization> {
        try await OrganizationStatements.list(tx, filter, page)
    }

    /// - Throws: `not-found`.
    package func read(_ tx: borrowing TenantTransaction, _ id: OrganizationID) async throws -> Organization {
        try await OrganizationStatements.find(tx, id)
    }

    /// The organization and all below it, parents before children.
    /// - Throws: `not-found`.
    package func hierarchy(_ tx: borrowing TenantTransaction, _ id: OrganizationID) async throws -> [OrganizationNode] {
        try await OrganizationStatements.hierarchy(tx, id)
    }

    /// Makes an organization below this one. Its tier gives nothing that this organization's own does not give.
    /// - Throws: `already-exists` for the slug, `invalid-input` for the parent or the tier.
    package func create(_ tx: borrowing TenantTransaction, _ new: NewOrganization) async throws -> Organization {
        let own = try await OrganizationStatements.find(tx, tx.scope.organizationID)
        let tier = new.tier ?? own.tier
        if tier != own.tier { try await requireNoMore(tx, than: own, tier: tier) }
        let id = OrganizationID.make()
        let fields = new.fields
        let sql: SQL = """
            select app.organization_create_below(
                \(id), \(new.parentID ?? own.id), \(new.kind.rawValue), \(fields.name), \(new.slug), \(tier),
                \(fields.currency), \(fields.locale), \(fields.timeZone), \(fields.settings)) /* organizations.create */
            """
        _ = try await OrganizationRefusals.translating {
            try await tx.first(sql) { row in try row.next(OrganizationID.self) }
        }
        let organization = try await OrganizationStatements.find(tx, id)
        tx.recordChange("create", of: "organization", id.uuid, from: nil, to: organization.document)
        return organization
    }

    /// Changes the present organization; who wants to change another one switches into it.
    /// - Throws: `not-found`, `precondition-failed`, `forbidden` for a descendant.
    package func revise(
        _ tx: borrowing TenantTransaction, _ id: OrganizationID, expecting expected: ExpectedVersion,
        _ revision: (OrganizationFields) throws -> OrganizationFields
    ) async throws -> Organization {
        let isOwn = id == tx.scope.organizationID
        let organization = try await OrganizationStatements.find(tx, id, locking: isOwn)
        guard isOwn else { throw ServiceError(.forbidden, "Switch into the organization to change it.") }
        try expected.require(organization.version)
        let fields = try revision(organization.fields)
        guard fields != organization.fields else { return organization }
        try await tx.execute(OrganizationStatements.update(id, fields))
        tx.recordChange("update", of: "organization", id.uuid, from: organization.fields.document, to: fields.document)
        tx.invalidate(.organization, id.uuid)
        return try await OrganizationStatements.find(tx, id)
    }

    /// Ends an organization below this one: nobody signs in there any more and no key or token of it is good. Its rows are
    /// purged after ``Organization/daysUntilPurge`` days.
    /// - Throws: `not-found`, `precondition-failed`, `in-use` while organizations lie below it, `forbidden` for itself.
    package func delete(
        _ tx: borrowing TenantTransaction, _ id: OrganizationID, expecting expected: ExpectedVersion
    ) async throws {
        let organization = try await OrganizationStatements.find(tx, id)
        guard id != tx.scope.organizationID else {
            throw ServiceError(.forbidden, "An organization is deleted from above it, or by a platform administrator.")
        }
        try expected.require(organization.version)
        let purgeAfter = clock.now() + .seconds(Organization.daysUntilPurge * 86_400)
        let endedBy = tx.scope.actor.id.flatMap { UUID(uuidString: $0) }
        let sql: SQL = """
            select app.organization_end_below(\(id), \(endedBy), \(purgeAfter)) /* organizations.delete */
            """
        let ended = try await OrganizationRefusals.translating {
            try await tx.first(sql) { row in try row.next(Bool.self) }
        }
        guard ended == true else { throw ServiceError.notFound("organization") }
        tx.recordChange("delete", of: "organization", id.uuid, from: organization.document, to: nil)
    }

}

extension Organization {
    /// What the audit trail keeps.
    var document: JSONObject {
        var document: JSONObject = ["slug": .string(slug), "kind": .string(kind.rawValue), "tier": .string(tier)]
        if let parentID { document["parent_id"] = .string(parentID.description) }
        for (name, value) in fields.document.members { document[name] = value }
        return document
    }
}
