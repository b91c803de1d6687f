import JSON
import TestSupport
import Testing

@Suite("/organizations")
struct OrganizationRouteTests {
    @Test("an administrator makes an organization below the own one and sees the tree")
    func child() async throws {
        let parent = try await TestPlatform.shared.organization(["tier": "pro"])
        let slug = "\(parent.name)-child"
        let made = try await parent.admin.post("/organizations", ["name": "Child", "slug": .string(slug)]).expect(201)
        #expect(made.json["parent_id"] == .string(parent.id))
        #expect(made.json["tier"] == "pro")
        let tree = try await parent.admin.get("/organizations/\(parent.id)/hierarchy").expect(200)
        #expect(tree.json["children"]?.array?.map { $0["slug"] } == [.string(slug)])
        #expect(try await parent.admin.get("/organizations?count=true").expect(200).json["total"] == 2)
        #expect(
            try await parent.admin.post("/organizations", ["name": "Child", "slug": .string(slug)]).expect(409).code
                == "already-exists")
    }

    @Test("nobody gives what they do not have: neither by tier nor by quotas")
    func allowances() async throws {
        let parent = try await TestPlatform.shared.organization(["tier": "standard"])
        let bigger = try await parent.admin.post(
            "/organizations", ["name": "Big", "slug": .string("\(parent.name)-big"), "tier": "enterprise"]
        ).expect(422)
        #expect(bigger.faults == ["/tier"])
        let made = try await parent.admin.post(
            "/organizations", ["name": "Child", "slug": .string("\(parent.name)-child"), "tier": "free"]
        ).expect(201)
        let child = made.json["id"]?.string ?? ""
        let refused = try await parent.admin.put(
            "/organizations/\(child)/quotas", ["limits": ["devices": 101, "sites": .null], "features": ["sso": true]]
        ).expect(422)
        #expect(Set(refused.faults) == ["/limits/devices", "/limits/sites", "/features/sso"])
        let set = try await parent.admin.put("/organizations/\(child)/quotas", ["limits": ["devices": 50]]).expect(200)
        let devices = set.json["items"]?.array?.first { $0["resource"] == "devices" }
        #expect(devices?["limit"] == 50)
        #expect(
            try await parent.admin.put("/organizations/\(parent.id)/quotas", ["limits": [:]]).expect(403).code
                == "forbidden")
    }

    @Test("another tree does not exist")
    func walls() async throws {
        let (one, two) = (try await TestPlatform.shared.organization(), try await TestPlatform.shared.organization())
        for path in ["", "/hierarchy", "/quotas"] {
            try await one.admin.get("/organizations/\(two.id)\(path)").expect(404)
        }
        try await one.admin.patch("/organizations/\(two.id)", ["name": "Mine"]).expect(404)
        try await one.admin.put("/organizations/\(two.id)/quotas", [:]).expect(404)
        try await one.admin.delete("/organizations/\(two.id)").expect(404)
        let foreign = try await one.admin.post(
            "/organizations", ["name": "X", "slug": .string("\(one.name)-x"), "parent_id": .string(two.id)]
        ).expect(422)
        #expect(foreign.faults == ["/parent_id"])
    }

    @Test("an organization edits itself, and an ended one lets nobody in any more")
    func life() async throws {
        let organization = try await TestPlatform.shared.organization()
        let path = "/organizations/\(organization.id)"
        let changed = try await organization.admin.patch(path, ["name": "Renamed", "currency": "CHF"]).expect(200)
        #expect(changed.json["currency"] == "CHF")
        let faults = try await organization.admin.patch(
            path, ["currency": "francs", "settings": ["device_serial_pattern": "no number"]]
        ).expect(422).faults
        #expect(Set(faults) == ["/currency", "/settings"])
        let viewer = try await organization.member("viewer")
        try await viewer.patch(path, ["name": "Mine"]).expect(403)
        try await organization.admin.delete(path).expect(403)
        try await TestPlatform.shared.superadmin.delete(path).expect(204)
        let after = try await organization.admin.get(path)
        #expect([401, 403, 404].contains(after.status))
    }

    @Test("a platform administrator's POST with an Idempotency-Key has one effect (S27)")
    func idempotency() async throws {
        let platform = try await TestPlatform.shared
        let name = "once-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let keyed = platform.superadmin.with("Idempotency-Key", name)
        let body: JSONValue = ["slug": .string(name), "name": .string(name), "tier": "free"]
        let answers = try await withThrowingTaskGroup { group in
            for _ in 0..<20 { group.addTask { try await keyed.post("/organizations", body) } }
            return try await group.reduce(into: [TestAnswer]()) { $0.append($1) }
        }
        #expect(answers.allSatisfy { $0.status == 201 || $0.code == "request-in-progress" })
        let made = try await keyed.post("/organizations", body).expect(201)
        let id = try #require(made.json["id"]?.string)
        #expect(answers.filter { $0.status == 201 }.allSatisfy { $0.json["id"]?.string == id })
        #expect(made.header("location") == "/api/v1/organizations/\(id)" && made.header("etag") != nil)
        #expect(
            try await keyed.post("/organizations", body.merging(["name": "Other"])).expect(422).code
                == "idempotency-key-reused")
        #expect(try await platform.superadmin.get("/organizations?slug=\(name)").expect(200).items.count == 1)

        let first = platform.superadmin.with("Idempotency-Key", "\(name)-administrator")
        let administrator: JSONValue = ["email": .string("first@\(name).test"), "name": "First"]
        let named = try await first.post("/organizations/\(id)/administrator", administrator).expect(201)
        let again = try await first.post("/organizations/\(id)/administrator", administrator).expect(201)
        #expect(again.json == named.json && again.json["generated_password"]?.string?.isEmpty == false)
        try await platform.superadmin.post("/organizations/\(id)/administrator", administrator).expect(409)
        // Keys are those of who sends them: another's key of that name is another key.
        let parent = try await platform.organization()
        try await parent.admin.with("Idempotency-Key", name).post(
            "/organizations", ["name": "Own", "slug": .string("\(name)-own"), "tier": "free"]
        ).expect(201)
    }

    @Test("tiers are data: a platform administrator adds one")
    func tiers() async throws {
        let platform = try await TestPlatform.shared
        let name = "tier-\(UInt32.random(in: 0 ... .max))"
        let made = try await platform.superadmin.put(
            "/tiers/\(name)", ["limits": ["devices": 7, "sites": .null], "features": ["sso": true]]
        ).expect(200)
        #expect(made.json["limits"]?["devices"] == 7)
        let version = try #require(made.header("etag"))
        #expect(
            try await platform.superadmin.put("/tiers/\(name)", ["limits": [:]]).expect(428).code
                == "precondition-required")
        let changed = try await platform.superadmin.with("If-Match", version).put(
            "/tiers/\(name)", ["limits": ["devices": 8]]
        ).expect(200)
        #expect(changed.json["limits"]?["devices"] == 8)
        try await platform.superadmin.with("If-Match", version).put("/tiers/\(name)", ["limits": [:]]).expect(412)
        let listed = try await platform.superadmin.get("/tiers").expect(200).items.compactMap { $0["name"]?.string }
        #expect(Set(listed).isSuperset(of: ["free", "standard", "pro", "enterprise", name]))
        let faults = try await platform.superadmin.put(
            "/tiers/\(name)", ["limits": ["cows": 1, "devices": -1], "rates": ["api": ["burst": 1]]]
        ).expect(422).faults
        #expect(Set(faults) == ["/limits/cows", "/limits/devices", "/rates/api"])
        try await platform.organization().admin.put("/tiers/\(name)", ["limits": [:]]).expect(403)
    }
}
