import Audit
import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient
import Resources
import Tenancy

/// ORG-1, ORG-3 for the platform's administrators: any organization, also new ones at the top.
package struct PlatformOrganizations: Sendable {
    private let clock: any WallClock

    package init(clock: any WallClock = SystemClock()) { self.clock = clock }

    package func list(
        _ tx: borrowing SystemTransaction, _ filter: OrganizationFilter, _ page: PageRequest<OrganizationSort>
    ) async throws -> Page<Organization> {
        try await OrganizationStatements.list(tx, filter, page)
    }

    /// - Throws: `not-found`.
    package func read(_ tx: borrowing SystemTransaction, _ id: OrganizationID) async throws -> Organization {
        try await OrganizationStatements.find(tx, id)
    }

    /// - Throws: `not-found`.
    package func hierarchy(_ tx: borrowing SystemTransaction, _ id: OrganizationID) async throws -> [OrganizationNode] {
        try await OrganizationStatements.hierarchy(tx, id)
    }

    /// - Throws: `already-exists` for the slug, `invalid-input` for the parent or the tier.
    package func create(_ tx: borrowing SystemTransaction, _ new: NewOrganization) async throws -> Organization {
        let id = OrganizationID.make()
        var tier = new.tier
        if tier == nil, let parent = new.parentID {
            tier = try await tx.first(OrganizationStatements.find(parent, locking: false)) { row in
                try Organization(from: &row).tier
            }
        }
        let fields = new.fields
        let sql: SQL = """
            select app.organization_create(
                \(id), \(new.parentID), \(new.kind.rawValue), \(fields.name), \(new.slug), \(tier ?? "free"),
                \(fields.currency), \(fields.locale), \(fields.timeZone), \(fields.settings)) /* organizations.create_any */
            """
        _ = try await OrganizationRefusals.translating {
            try await tx.first(sql) { row in try row.next(OrganizationID.self) }
        }
        let organization = try await OrganizationStatements.find(tx, id)
        record(tx, "create", organization, from: nil, to: organization.document)
        return organization
    }

    /// - Throws: `not-found`, `precondition-failed`.
    package func revise(
        _ tx: borrowing SystemTransaction, _ id: OrganizationID, expecting expected: ExpectedVersion,
        _ revision: (OrganizationFields) throws -> OrganizationFields
    ) async throws -> Organization {
        let organization = try await OrganizationStatements.find(tx, id, locking: true)
        try expected.require(organization.version)
        let fields = try revision(organization.fields)
        guard fields != organization.fields else { return organization }
        try await tx.execute(OrganizationStatements.update(id, fields))
        record(tx, "update", organization, from: organization.fields.document, to: fields.document)
        tx.invalidate(.organization, id.uuid, in: id)
        return try await OrganizationStatements.find(tx, id)
    }

    /// - Throws: `not-found`, `precondition-failed`, `in-use` while organizations lie below it.
    package func delete(
        _ tx: borrowing SystemTransaction, _ id: OrganizationID, expecting expected: ExpectedVersion
    ) async throws {
        let organization = try await OrganizationStatements.find(tx, id)
        try expected.require(organization.version)
        let purgeAfter = clock.now() + .seconds(Organization.daysUntilPurge * 86_400)
        let endedBy = tx.actor.id.flatMap { UUID(uuidString: $0) }
        let sql: SQL = "select app.organization_end(\(id), \(endedBy), \(purgeAfter)) /* organizations.delete_any */"
        let ended = try await OrganizationRefusals.translating {
            try await tx.first(sql) { row in try row.next(Bool.self) }
        }
        guard ended == true else { throw ServiceError.notFound("organization") }
        record(tx, "delete", organization, from: organization.document, to: nil)
    }

    package func tiers(_ tx: borrowing SystemTransaction) async throws -> [Tier] {
        try await tx.all(OrganizationStatements.tiers()) { row in try Tier(from: &row) }
    }

    /// Changes a tier, or adds one. The counters of its organizations follow.
    /// - Parameter expected: which version is changed; nil only for a new tier, as all administrators edit the same ones.
    /// - Throws: `precondition-required`, `precondition-failed`.
    package func define(
        _ tx: borrowing SystemTransaction, tier name: String, _ fields: Allowances, expecting expected: ExpectedVersion?
    ) async throws -> Tier {
        let present = try await tx.first(OrganizationStatements.tier(name, locking: true)) { row in
            try Tier(from: &row)
        }
        if let present {
            guard let expected else {
                throw ServiceError(
                    .preconditionRequired, "Send If-Match with the ETag of the version that you have read.")
            }
            try expected.require(present.version)
        } else {
            try expected?.require(0)
        }
        let sql: SQL = """
            insert into app.tiers as t (name, limits, rates, features)
            values (\(name), \(JSONValue.object(fields.limits)), \(JSONValue.object(fields.rates)),
                \(JSONValue.object(fields.features)))
            on conflict (name) do update
            set limits = excluded.limits, rates = excluded.rates, features = excluded.features
            returning \(OrganizationStatements.tierColumns) /* tiers.define */
            """
        guard let tier = try await tx.first(sql, { row in try Tier(from: &row) }) else {
            throw ServiceError.notFound("tier")
        }
        tx.record(
            AuditRecord(
                action: present == nil ? "create" : "update", resourceKind: "tier", resourceID: tier.id.uuid,
                changes: AuditChanges.between(present?.fields.document, fields.document)), in: nil)
        try await tx.execute("select app.invalidate_for(null, 'tier', \(tier.id)) /* tiers.invalidate */")
        return tier
    }

    /// - Throws: `not-found`.
    package func quotas(_ tx: borrowing SystemTransaction, _ id: OrganizationID) async throws -> QuotaReport {
        let organization = try await OrganizationStatements.find(tx, id)
        let quotas = try await tx.all(OrganizationStatements.quotas(id)) { row in try Quota(from: &row) }
        return QuotaReport(organization: organization, quotas: quotas)
    }

    /// Replaces the overrides of an organization.
    /// - Throws: `not-found`, `precondition-failed`.
    package func override(
        _ tx: borrowing SystemTransaction, _ id: OrganizationID, _ allowances: Allowances,
        expecting expected: ExpectedVersion
    ) async throws -> QuotaReport {
        let organization = try await OrganizationStatements.find(tx, id, locking: true)
        try expected.require(organization.version)
        let sql: SQL = """
            update app.organizations set overrides = \(JSONValue.object(allowances.document)) where id = \(id)
            /* organizations.override_any */
            """
        try await tx.execute(sql)
        record(tx, "override", organization, from: organization.overrides.object ?? [:], to: allowances.document)
        tx.invalidate(.organization, id.uuid, in: id)
        return try await quotas(tx, id)
    }

    /// In the organization's own chain: its people see what the platform did to it.
    private func record(
        _ tx: borrowing SystemTransaction, _ action: String, _ organization: Organization, from old: JSONObject?,
        to new: JSONObject?
    ) {
        tx.record(
            AuditRecord(
                action: action, resourceKind: "organization", resourceID: organization.id.uuid,
                changes: AuditChanges.between(old, new)), in: organization.id)
    }
}
