import JSON
import Kernel
import Organizations
import Persistence
import Resources
import Tenancy

/// ORG-1, ORG-3, ORG-4. An organization's people see it and what is below it; platform administrators see all.
package struct OrganizationRoutes: Sendable {
    private let organizations: OrganizationService
    private let platform: PlatformOrganizations

    package init(organizations: OrganizationService, platform: PlatformOrganizations) {
        (self.organizations, self.platform) = (organizations, platform)
    }

    package func register(in api: APIRoutes) {
        api.sharedList(
            "/organizations", .organizationsRead, sort: OrganizationSort.self,
            parameters: ["parent_id", "kind", "status", "slug"],
            tenant: { request, page, tx in
                try await organizations.list(tx, Self.filter(request), page)
            },
            platform: { request, page, tx in try await platform.list(tx, Self.filter(request), page) })
        api.shared(
            .post, "/organizations", .organizationsWrite, body: .json, answers: [201], refuses: [.alreadyExists],
            tenant: { request, tx in Self.created(try await organizations.create(tx, Self.new(request))) },
            platform: { request, tx in Self.created(try await platform.create(tx, Self.new(request))) })
        api.shared(
            .get, "/organizations/{id}", .organizationsRead,
            tenant: { request, tx in Self.shown(try await organizations.read(tx, Self.id(request))) },
            platform: { request, tx in Self.shown(try await platform.read(tx, Self.id(request))) })
        api.shared(
            .get, "/organizations/{id}/hierarchy", .organizationsRead,
            tenant: { request, tx in try Self.tree(try await organizations.hierarchy(tx, Self.id(request))) },
            platform: { request, tx in try Self.tree(try await platform.hierarchy(tx, Self.id(request))) })
        api.shared(
            .put, "/organizations/{id}", .organizationsWrite, body: .json,
            tenant: { request, tx in
                let fields = try request.replacement(of: OrganizationFields.self)
                return Self.shown(
                    try await organizations.revise(tx, Self.id(request), expecting: request.expected(), fields))
            },
            platform: { request, tx in
                let fields = try request.replacement(of: OrganizationFields.self)
                return Self.shown(
                    try await platform.revise(tx, Self.id(request), expecting: request.expected(), fields))
            })
        api.shared(
            .patch, "/organizations/{id}", .organizationsWrite, body: .json,
            tenant: { request, tx in
                let patch = request.mergePatch(of: OrganizationFields.self)
                return Self.shown(
                    try await organizations.revise(tx, Self.id(request), expecting: request.expected(), patch))
            },
            platform: { request, tx in
                let patch = request.mergePatch(of: OrganizationFields.self)
                return Self.shown(try await platform.revise(tx, Self.id(request), expecting: request.expected(), patch))
            })
        api.shared(
            .delete, "/organizations/{id}", .organizationsWrite, answers: [204], refuses: [.inUse],
            tenant: { request, tx in
                try await organizations.delete(tx, Self.id(request), expecting: request.expected())
                return .noContent
            },
            platform: { request, tx in
                try await platform.delete(tx, Self.id(request), expecting: request.expected())
                return .noContent
            })
        registerAllowances(in: api)
    }

    private func registerAllowances(in api: APIRoutes) {
        api.shared(
            .get, "/organizations/{id}/quotas", .organizationsRead,
            tenant: { request, tx in Self.shown(try await organizations.quotas(tx, Self.id(request))) },
            platform: { request, tx in Self.shown(try await platform.quotas(tx, Self.id(request))) })
        api.shared(
            .put, "/organizations/{id}/quotas", .organizationsWrite, body: .json,
            tenant: { request, tx in
                let overrides = try Self.overrides(request)
                return Self.shown(
                    try await organizations.override(tx, Self.id(request), overrides, expecting: request.expected()))
            },
            platform: { request, tx in
                let overrides = try Self.overrides(request)
                return Self.shown(
                    try await platform.override(tx, Self.id(request), overrides, expecting: request.expected()))
            })
        api.shared(
            .get, "/tiers", .organizationsRead,
            tenant: { _, tx in .items(try await organizations.tiers(tx)) },
            platform: { _, tx in .items(try await platform.tiers(tx)) })
        api.system(.put, "/tiers/{name}", body: .json, refuses: [.preconditionRequired]) { request, tx in
            let input = InputReader(query: ["name": .string(request.path("name"))])
            let name = input.required("name", .key(1...50))
            try input.finish()
            let fields = try Allowances(body: request.document)
            let tier = try await platform.define(tx, tier: name, fields, expecting: request.expectedVersion())
            return .ok(tier, version: tier.version)
        }
    }

    private static func id(_ request: some RequestReading) throws -> OrganizationID {
        try request.id(of: "organization")
    }

    private static func filter(_ request: some RequestReading) throws -> OrganizationFilter {
        let query = request.query()
        let filter = OrganizationFilter(reading: query)
        try query.finish()
        return filter
    }

    private static func new(_ request: some RequestReading) throws -> NewOrganization {
        let input = request.input()
        let new = NewOrganization(reading: input)
        try input.finish()
        return new
    }

    private static func overrides(_ request: some RequestReading) throws -> Allowances {
        let input = request.input()
        let overrides = Allowances.overrides(reading: input)
        try input.finish()
        return overrides
    }

    private static func created(_ organization: Organization) -> Answer {
        .created(organization, at: "/organizations/\(organization.id)", version: organization.version)
    }

    private static func shown(_ organization: Organization) -> Answer {
        .ok(organization, version: organization.version)
    }

    private static func shown(_ report: QuotaReport) -> Answer { .ok(report, version: report.organization.version) }

    private static func tree(_ nodes: [OrganizationNode]) throws -> Answer {
        guard let hierarchy = OrganizationHierarchy(nodes) else { throw ServiceError.notFound("organization") }
        return .ok(hierarchy)
    }
}
