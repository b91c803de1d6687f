import Audit
import JSON
import Kernel
import Persistence
import PostgresClient
import Resources
import Tenancy

/// ORG-3. Nobody gives more than they have.
extension OrganizationService {
    package func tiers(_ tx: borrowing TenantTransaction) async throws -> [Tier] {
        try await tx.all(OrganizationStatements.tiers()) { row in try Tier(from: &row) }
    }

    /// - Throws: `not-found`.
    package func quotas(_ tx: borrowing TenantTransaction, _ id: OrganizationID) async throws -> QuotaReport {
        let organization = try await OrganizationStatements.find(tx, id)
        let sql: SQL = """
            select resource_key, scope, used, max_allowed, level, grace_until_at from app.quotas_within(\(id)) /* quotas.within */
            """
        return QuotaReport(organization: organization, quotas: try await tx.all(sql) { row in try Quota(from: &row) })
    }

    /// Replaces the overrides of an organization below this one.
    /// - Throws: `not-found`, `precondition-failed`, `forbidden` for the organization itself, `invalid-input`.
    package func override(
        _ tx: borrowing TenantTransaction, _ id: OrganizationID, _ allowances: Allowances,
        expecting expected: ExpectedVersion
    ) async throws -> QuotaReport {
        let organization = try await OrganizationStatements.find(tx, id)
        guard id != tx.scope.organizationID else {
            throw ServiceError(.forbidden, "An organization's limits are set from above it.")
        }
        try expected.require(organization.version)
        let own = try await OrganizationStatements.find(tx, tx.scope.organizationID)
        let present = try await effective(tx, tier: own.tier, overrides: Allowances(stored: own.overrides))
        let faults = allowances.exceeding(present)
        guard faults.isEmpty else { throw ServiceError.invalidInput(faults) }
        let sql: SQL = """
            select app.organization_override_below(\(id), \(JSONValue.object(allowances.document)), \(Int32(organization.version)))
            /* organizations.override */
            """
        guard let version = try await tx.first(sql, { row in try row.next(Int?.self) }), version != nil else {
            throw ServiceError(
                .preconditionFailed, "It was changed in the meantime; read it again and repeat the change.")
        }
        tx.recordChange(
            "override", of: "organization", id.uuid, from: organization.overrides.object ?? [:], to: allowances.document
        )
        return try await quotas(tx, id)
    }

    /// - Throws: `invalid-input` when there is no such tier, or it gives more than the organization has.
    func requireNoMore(_ tx: borrowing TenantTransaction, than own: Organization, tier: String) async throws {
        let given = try await effective(tx, tier: tier, overrides: Allowances())
        let present = try await effective(tx, tier: own.tier, overrides: Allowances(stored: own.overrides))
        guard given.exceeding(present).isEmpty else {
            throw ServiceError.invalidInput("/tier", "gives more than this organization has itself")
        }
    }

    private func effective(
        _ tx: borrowing TenantTransaction, tier name: String, overrides: Allowances
    ) async throws -> Allowances {
        guard let tier = try await tx.first(OrganizationStatements.tier(name), { row in try Tier(from: &row) }) else {
            throw ServiceError.invalidInput("/tier", "there is no such tier")
        }
        func merged(_ base: JSONObject, _ changes: JSONObject) -> JSONObject {
            var result = base
            for (name, value) in changes.members { result[name] = value }
            return result
        }
        return Allowances(
            limits: merged(tier.fields.limits, overrides.limits), rates: merged(tier.fields.rates, overrides.rates),
            features: merged(tier.fields.features, overrides.features))
    }
}

extension Allowances {
    /// What these give beyond `own`, part by part.
    fileprivate func exceeding(_ own: Allowances) -> [FieldFault] {
        var faults: [FieldFault] = []
        func exceeds(_ given: JSONValue, _ own: JSONValue?) -> Bool {
            guard let limit = own?.number else { return false }
            return given.number.map { $0 > limit } ?? true
        }
        for (name, value) in limits.members where exceeds(value, own.limits[name]) {
            faults.append(FieldFault(pointer: "/limits/\(name)", detail: "is more than this organization has itself"))
        }
        for (name, rate) in rates.members {
            for (part, value) in rate.object?.members ?? [] where exceeds(value, own.rates[name]?[part]) {
                faults.append(
                    FieldFault(pointer: "/rates/\(name)/\(part)", detail: "is more than this organization has itself"))
            }
        }
        for (name, value) in features.members where value.boolean == true && own.features[name]?.boolean != true {
            faults.append(FieldFault(pointer: "/features/\(name)", detail: "is not a feature of this organization"))
        }
        for (name, value) in pools?.members ?? [] where exceeds(value, own.limits[name]) {
            faults.append(FieldFault(pointer: "/pools/\(name)", detail: "is more than this organization has itself"))
        }
        return faults
    }
}
