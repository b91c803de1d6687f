import Alarms
import Audit
import Devices
import Fleet
import Identity
import JSON
import Kernel
import Organizations
import Persistence
import Resources
import Secrets
@_spi(ScopeMinting) import Tenancy

/// Loads the two demo organizations through the same services as the API. Done again, it only issues new passwords and
/// tokens: what is shown once cannot be read back.
struct DemoSeed: Sendable {
    let databases: Databases
    let accounts: PlatformAccounts
    let members: MemberService
    let makePassword: @Sendable () throws -> String
    let report: @Sendable (String) -> Void

    private let organizations = PlatformOrganizations()
    private let sites = SiteService()
    private let types = DeviceTypeService()
    private let models = DeviceModelService()
    private let devices = DeviceService()
    private let credentials = DeviceCredentialService()
    private let rules = AlarmRuleService(alarms: AlarmService(announcer: SilentAnnouncer()))
    private static let actor = Actor.system("rookery seed")

    init(
        databases: Databases, accounts: PlatformAccounts, members: MemberService,
        makePassword: @escaping @Sendable () throws -> String, report: @escaping @Sendable (String) -> Void
    ) {
        self.databases = databases
        self.accounts = accounts
        self.members = members
        self.makePassword = makePassword
        self.report = report
    }

    func run() async throws -> FleetCredentials {
        var result = FleetCredentials()
        result.signIns.append(try await superadmin())
        for description in try JSONValue(parsing: DemoData.organizations).array ?? [] {
            let (organization, isNew) = try await organization(description)
            let scope = TenantScope(organizationID: organization.id, actor: Self.actor)
            result.signIns += try await people(scope, organization)
            if isNew {
                try await furnish(scope, description)
                report("\(organization.fields.name): sites, models, rules and devices made")
            }
            result.devices += try await tokens(scope, organization.fields.name)
        }
        return result
    }

    private func superadmin() async throws -> FleetCredentials.SignIn {
        let email = "root@platform.example"
        let password = try makePassword()
        try await databases.system.withTransaction(Self.actor) { (tx: borrowing SystemTransaction) async throws in
            let user = try await accounts.ensure(tx, email: email, name: "Platform administrator", password: password)
            try await accounts.grantSuperadmin(tx, user, reason: "demo")
        }
        return .init(organization: "(platform)", role: "superadmin", email: email, password: password)
    }

    private func organization(_ description: JSONValue) async throws -> (Organization, isNew: Bool) {
        var document = description.object ?? [:]
        document["sites"] = nil
        document["devices_per_model"] = nil
        let input = InputReader(.object(document))
        let new = NewOrganization(reading: input)
        try input.finish()
        return try await databases.system.withTransaction(Self.actor) {
            (tx: borrowing SystemTransaction) async throws -> (Organization, isNew: Bool) in
            let page = PageRequest<OrganizationSort>(limit: 500, sort: .slug)
            let present = try await organizations.list(tx, OrganizationFilter(), page)
            if let found = present.items.first(where: { $0.slug == new.slug }) { return (found, isNew: false) }
            return (try await organizations.create(tx, new), isNew: true)
        }
    }

    /// One person for each role, each with a new password.
    private func people(_ scope: TenantScope, _ organization: Organization) async throws -> [FleetCredentials.SignIn] {
        var signIns: [FleetCredentials.SignIn] = []
        for (role, name) in DemoData.people {
            let email = "\(role.replacing("_", with: "-"))@\(organization.slug).example"
            let password = try makePassword()
            _ = try await databases.system.withTransaction(Self.actor) {
                (tx: borrowing SystemTransaction) async throws -> UserID in
                try await accounts.ensure(tx, email: email, name: name, password: password)
            }
            let principal = Principal(
                kind: .superadmin(UserID.make(), SessionID.make()), permissions: Permissions(Permission.allCases),
                scope: scope,
                tier: TierName(rawValue: "enterprise"), actor: Self.actor)
            let draft = try MemberDraft(body: [
                "email": .string(email), "name": .string(name), "roles": [.string(role)],
            ])
            do {
                try await databases.tenant.withTransaction(scope) { (tx: borrowing TenantTransaction) async throws in
                    _ = try await members.add(tx, draft, by: principal)
                }
            } catch let error as ServiceError where error.code == .alreadyExists {}
            signIns.append(
                .init(organization: organization.fields.name, role: role, email: email, password: password))
        }
        return signIns
    }

    private func furnish(_ scope: TenantScope, _ description: JSONValue) async throws {
        let count = Int(description["devices_per_model"]?.integer ?? 1)
        let models = try JSONValue(parsing: DemoData.models).array ?? []
        try await databases.tenant.withTransaction(scope) { (tx: borrowing TenantTransaction) async throws in
            var siteIDs: [SiteID] = []
            for site in description["sites"]?.array ?? [] {
                siteIDs.append(try await sites.create(tx, SiteFields(body: site)).id)
            }
            let types = try await self.types.list(
                tx, DeviceTypeFilter(), PageRequest(limit: 500, sort: .standard)
            ).items
            for entry in models {
                guard let type = types.first(where: { $0.fields.name == entry["type"]?.string }) else { continue }
                let input = InputReader(entry["model"] ?? [:])
                let new = NewDeviceModel(reading: input)
                try input.finish()
                let model = try await self.models.create(tx, new)
                for rule in entry["rules"]?.array ?? [] {
                    let scoped: JSONValue = ["scope": "model", "scope_id": .string(model.id.description)]
                    _ = try await rules.create(tx, AlarmRuleFields(body: rule.merging(scoped)))
                }
                for (place, site) in siteIDs.enumerated() {
                    for number in 1...max(1, count) {
                        let name = "\(model.fields.name) \(place + 1)-\(number)"
                        let device: JSONValue = [
                            "name": .string(name), "device_key": .string("\(type.fields.name)-\(place + 1)-\(number)"),
                            "type_id": .string(type.id.description), "model_id": .string(model.id.description),
                            "site_id": .string(site.description), "status": "active",
                            "tags": ["demo"],
                        ]
                        let input = InputReader(device)
                        let new = NewDevice(reading: input)
                        try input.finish()
                        _ = try await devices.register(tx, new)
                    }
                }
            }
        }
    }

    /// A new token for every device; what it had before is revoked.
    private func tokens(_ scope: TenantScope, _ organization: String) async throws -> [FleetCredentials.Device] {
        try await databases.tenant.withTransaction(scope) {
            (tx: borrowing TenantTransaction) async throws -> [FleetCredentials.Device] in
            let types = try await self.types.list(
                tx, DeviceTypeFilter(), PageRequest(limit: 500, sort: .standard)
            ).items
            let filter = DeviceFilter(reading: InputReader(query: ["tag": "demo"]))
            let page = try await devices.list(tx, filter, PageRequest(limit: 500, sort: .standard))
            var result: [FleetCredentials.Device] = []
            for device in page.items {
                let old = try await credentials.list(tx, of: device.id, PageRequest(limit: 500, sort: .standard))
                for credential in old.items where credential.revokedAt == nil {
                    try await credentials.revoke(tx, of: device.id, credential.id, expecting: .any)
                }
                let issued = try await credentials.issue(tx, for: device.id, validUntil: nil)
                let type = types.first { $0.id == device.fields.typeID }?.fields.name ?? ""
                result.append(
                    .init(
                        organization: organization, id: device.id.description, deviceKey: device.fields.deviceKey ?? "",
                        type: type, token: issued.token.revealed))
            }
            return result
        }
    }
}

/// Nobody listens while the demo is made.
private struct SilentAnnouncer: AlarmAnnouncer {
    func announce(_ news: AlarmNews, in organizationID: OrganizationID) {}
}
