import Foundation
import JSON
import TestSupport
import Testing

@Suite struct APIKeyTests {
    private static func make(
        _ organization: TestOrganization, _ fields: JSONValue = [:]
    ) async throws -> (id: String, secret: String, client: TestClient) {
        let standard: JSONValue = ["name": "ERP", "scopes": ["devices:read"]]
        let made = try await organization.admin.post("/api-keys", standard.merging(fields)).expect(201)
        let secret = try #require(made.json["secret"]?.string)
        let client = organization.platform.client.with("X-API-Key", secret)
        return (try #require(made.json["id"]?.string), secret, client)
    }

    @Test("the secret is shown once; lists show the prefix, and when the key was last used")
    func shownOnce() async throws {
        let organization = try await TestPlatform.shared.organization()
        let key = try await Self.make(organization)
        #expect(key.secret.hasPrefix("rk_live_"))
        try await key.client.get("/devices").expect(200)
        let shown = try await organization.admin.get("/api-keys/\(key.id)").expect(200)
        #expect(!shown.text.contains(key.secret))
        #expect(shown.json["prefix"]?.string.map { key.secret.hasPrefix($0) } == true)
        #expect(shown.json["last_used_at"]?.string != nil)
        #expect(!(try await organization.admin.get("/api-keys").expect(200)).text.contains(key.secret))
    }

    @Test("a key does what its scopes say and its owner still may")
    func scopes() async throws {
        let organization = try await TestPlatform.shared.organization()
        let key = try await Self.make(organization)
        let refused = try await key.client.get("/users").expect(403)
        #expect(refused.code == "forbidden")
        try await key.client.post("/api-keys", ["name": "child", "scopes": ["devices:read"]]).expect(403)
        let manager = try await organization.member("manager")
        try await manager.post("/api-keys", ["name": "m", "scopes": ["devices:read"]]).expect(403)
        let unknown = try await organization.admin.post("/api-keys", ["name": "u", "scopes": ["devices:fly"]]).expect(
            422)
        #expect(unknown.faults == ["/scopes/0"])
    }

    @Test("a key works from its networks only")
    func networks() async throws {
        let organization = try await TestPlatform.shared.organization()
        let here = try await Self.make(organization, ["ip_allow": ["10.0.0.0/8"]])
        // The clients of the tests have addresses in that network.
        try await here.client.get("/devices").expect(200)
        let elsewhere = try await Self.make(organization, ["ip_allow": ["192.0.2.0/24", "2001:db8::/32"]])
        try await elsewhere.client.get("/devices").expect(401)
        let bad = try await organization.admin.post(
            "/api-keys", ["name": "x", "scopes": ["devices:read"], "ip_allow": ["10.0.0.1/8", "nowhere"]]
        ).expect(422)
        #expect(bad.faults == ["/ip_allow/0", "/ip_allow/1"])
    }

    @Test("an expired, a revoked and a mistyped key are refused alike, within five seconds")
    func ends() async throws {
        let organization = try await TestPlatform.shared.organization()
        let key = try await Self.make(organization)
        try await key.client.get("/devices").expect(200)
        try await organization.admin.patch("/api-keys/\(key.id)", ["expires_at": "2020-01-01T00:00:00.000Z"]).expect(
            200)
        try await eventually { try await key.client.get("/devices").status == 401 }
        try await organization.admin.patch("/api-keys/\(key.id)", ["expires_at": .null]).expect(200)
        try await eventually { try await key.client.get("/devices").status == 200 }
        try await organization.admin.delete("/api-keys/\(key.id)").expect(204)
        try await eventually { try await key.client.get("/devices").status == 401 }
        try await organization.admin.get("/api-keys/\(key.id)").expect(404)
        let mistyped = organization.platform.client.with("X-API-Key", String(key.secret.dropLast()) + "!")
        try await mistyped.get("/devices").expect(401)
    }

    @Test("keys of another organization do not exist, and a key cannot select another organization")
    func foreign() async throws {
        let platform = try await TestPlatform.shared
        let (mine, theirs) = (try await platform.organization(), try await platform.organization())
        let key = try await Self.make(theirs)
        try await mine.admin.get("/api-keys/\(key.id)").expect(404)
        try await mine.admin.patch("/api-keys/\(key.id)", ["name": "mine"]).expect(404)
        try await mine.admin.delete("/api-keys/\(key.id)").expect(404)
        try await key.client.with("X-Organization-Id", mine.id).get("/devices").expect(403)
        try await key.client.get("/devices").expect(200)
    }

    @Test("a repeated request gives the same secret, which no table holds")
    func idempotent() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let client = organization.admin.with("Idempotency-Key", UUID().uuidString)
        let body: JSONValue = ["name": "once", "scopes": ["devices:read"]]
        let first = try await client.post("/api-keys", body).expect(201)
        let second = try await client.post("/api-keys", body).expect(201)
        #expect(first.json == second.json)
        let secret = try #require(first.json["secret"]?.string)
        #expect(try await platform.tablesHolding(secret, in: organization.id) == [])
        #expect(
            try await platform.tablesHolding("\"once\"", in: organization.id) == ["audit_entries"],
            "the search itself finds")
    }
}
