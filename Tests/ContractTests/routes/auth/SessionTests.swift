import Foundation
import JSON
import TestSupport
import Testing

@Suite struct SessionTests {
    private struct SignIn {
        let access: String
        let refresh: String
        let session: String
    }

    private static func signIn(_ platform: TestPlatform, _ email: String) async throws -> SignIn {
        let answer = try await platform.client.post(
            "/auth/login", ["email": .string(email), "password": .string(TestPlatform.password)]
        ).expect(200)
        return try parse(answer)
    }

    private static func parse(_ answer: TestAnswer) throws -> SignIn {
        SignIn(
            access: try #require(answer.json["access_token"]?.string),
            refresh: try #require(answer.json["refresh_token"]?.string),
            session: try #require(answer.json["session_id"]?.string))
    }

    private static func refresh(_ platform: TestPlatform, _ token: String) async throws -> TestAnswer {
        try await platform.client.post("/auth/refresh", ["refresh_token": .string(token)])
    }

    @Test("a refresh token gives the next one, and again the same one to a client that lost the answer")
    func rotates() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let first = try await Self.signIn(platform, "admin@\(organization.name).test")
        let second = try Self.parse(try await Self.refresh(platform, first.refresh).expect(200))
        #expect(second.refresh != first.refresh)
        #expect(second.session == first.session)
        let repeated = try Self.parse(try await Self.refresh(platform, first.refresh).expect(200))
        #expect(repeated.refresh == second.refresh)
        let third = try Self.parse(try await Self.refresh(platform, second.refresh).expect(200))
        try await platform.client.bearer(third.access).get("/auth/me").expect(200)
    }

    @Test("a refresh token used again later ends the session of both who hold it")
    func reuse() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let first = try await Self.signIn(platform, "admin@\(organization.name).test")
        let second = try Self.parse(try await Self.refresh(platform, first.refresh).expect(200))
        // The grace is counted by the database's clock: the use is moved into the past.
        try await platform.age(refreshTokensOf: first.session, seconds: 11)
        try await Self.refresh(platform, first.refresh).expect(401)
        try await Self.refresh(platform, second.refresh).expect(401)
        try await eventually { try await platform.client.bearer(second.access).get("/auth/me").status == 401 }
    }

    @Test("a refresh for an organization where one may not act leaves the token as it was")
    func forbiddenOrganization() async throws {
        let platform = try await TestPlatform.shared
        let (organization, stranger) = (try await platform.organization(), try await platform.organization())
        let first = try await Self.signIn(platform, "admin@\(organization.name).test")
        for id in [stranger.id, UUID().uuidString.lowercased()] {
            let refused = try await platform.client.post(
                "/auth/refresh", ["refresh_token": .string(first.refresh), "organization_id": .string(id)]
            ).expect(404)
            #expect(refused.code == "not-found")
        }
        // Had it been used, this later use would end the session.
        try await platform.age(refreshTokensOf: first.session, seconds: 11)
        let second = try Self.parse(try await Self.refresh(platform, first.refresh).expect(200))
        #expect(second.session == first.session && second.refresh != first.refresh)
        try await platform.client.bearer(second.access).get("/auth/me").expect(200)
    }

    @Test("what is no refresh token is refused, whatever it looks like")
    func invented() async throws {
        let platform = try await TestPlatform.shared
        let invented = "rk_ref_" + String(repeating: "A", count: 36)
        for text in ["x", "rk_ref_", invented, "rk_live_" + String(repeating: "0", count: 36)] {
            let answer = try await Self.refresh(platform, text).expect(401)
            #expect(answer.code == "invalid-credentials")
        }
    }

    @Test("signing out ends the session at once, and all sessions when asked")
    func signsOut() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let email = "admin@\(organization.name).test"
        let (first, second, third) = (
            try await Self.signIn(platform, email), try await Self.signIn(platform, email),
            try await Self.signIn(platform, email)
        )
        try await platform.client.bearer(first.access).get("/users").expect(200)
        try await platform.client.bearer(first.access).post("/auth/logout").expect(204)
        try await eventually { try await platform.client.bearer(first.access).get("/users").status == 401 }
        try await Self.refresh(platform, first.refresh).expect(401)
        try await platform.client.bearer(second.access).post("/auth/logout?all=true").expect(204)
        try await eventually { try await platform.client.bearer(third.access).get("/users").status == 401 }
        try await Self.refresh(platform, third.refresh).expect(401)
    }

    @Test("one's sessions are listed and ended one by one; another person's do not exist")
    func lists() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let email = "admin@\(organization.name).test"
        let (first, second) = (try await Self.signIn(platform, email), try await Self.signIn(platform, email))
        let mine = platform.client.bearer(first.access)
        let list = try await mine.get("/auth/sessions").expect(200)
        let ids = list.items.compactMap { $0["id"]?.string }
        #expect(ids.contains(first.session) && ids.contains(second.session))
        #expect(list.items.first { $0["is_current"] == true }?["id"]?.string == first.session)
        try await mine.delete("/auth/sessions/\(second.session)").expect(204)
        try await eventually { try await platform.client.bearer(second.access).get("/auth/me").status == 401 }

        let stranger = try await platform.organization()
        let foreign = try await stranger.admin.delete("/auth/sessions/\(first.session)").expect(404)
        let random = try await stranger.admin.delete("/auth/sessions/\(UUID().uuidString.lowercased())").expect(404)
        #expect(foreign.json["detail"] == random.json["detail"])
        try await mine.get("/auth/me").expect(200)
    }

    @Test("an administrator sees and ends the sessions of members, here only")
    func administrators() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let viewer = try await organization.member("viewer")
        let id = try #require(try await viewer.get("/auth/me").expect(200).json["id"]?.string)
        #expect(try await organization.admin.get("/users/\(id)/sessions").expect(200).items.count == 1)
        try await viewer.get("/users/\(id)/sessions").expect(403)
        let stranger = try await platform.organization()
        try await stranger.admin.get("/users/\(id)/sessions").expect(404)
        try await organization.admin.delete("/users/\(id)/sessions").expect(204)
        try await eventually { try await viewer.get("/auth/me").status == 401 }
    }

    @Test("the published keys verify, and hold nothing private")
    func keySet() async throws {
        let platform = try await TestPlatform.shared
        let answer = try await platform.client.get("/.well-known/jwks.json").expect(200)
        let keys = answer.json["keys"]?.array ?? []
        #expect(!keys.isEmpty)
        for key in keys {
            #expect(key["kty"] == "EC" && key["crv"] == "P-256" && key["alg"] == "ES256")
            #expect(key["d"] == nil)
        }
    }

    @Test("forged and damaged tokens are refused with one answer")
    func forged() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let token = try await Self.signIn(platform, "admin@\(organization.name).test").access
        let parts = token.split(separator: ".").map(String.init)
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.\(parts[1])."
        let forged = [
            "x", "", "a.b.c", unsigned, "\(parts[0]).\(parts[1]).",
            "\(parts[0]).\(parts[1]).\(parts[2].reversed().map(String.init).joined())",
            token + "A", String(token.dropLast(4)), String(repeating: "A", count: 5000),
        ]
        for text in forged {
            let answer = try await platform.client.bearer(text).get("/auth/me")
            #expect(answer.status == 401, "\(text.prefix(60)) answered \(answer.status)")
        }
    }

    @Test("an administrator enters a child by switching, which both sides' audit tells; strangers find nothing")
    func switches() async throws {
        let platform = try await TestPlatform.shared
        let parent = try await platform.organization()
        let child = try await platform.organization(["parent_id": .string(parent.id)])
        let stranger = try await platform.organization()
        let switched = try await parent.admin.post("/organizations/\(child.id)/switch").expect(200)
        let inside = platform.client.bearer(switched.json["access_token"]?.string ?? "")
        #expect(try await inside.get("/auth/me").expect(200).json["organization_id"]?.string == child.id)
        try await inside.get("/users").expect(200)
        for id in [stranger.id, UUID().uuidString.lowercased()] {
            #expect(try await parent.admin.post("/organizations/\(id)/switch").expect(404).code == "not-found")
        }
        try await child.admin.post("/organizations/\(parent.id)/switch").expect(404)
        let operator_ = try await parent.member("operator")
        try await operator_.post("/organizations/\(child.id)/switch").expect(404)
        for (side, action) in [(parent.admin, "switch"), (child.admin, "enter")] {
            let entries = try await side.get("/audit?resource_kind=organization&limit=100").expect(200).items
            #expect(entries.contains { $0["action"]?.string == action }, "\(action)")
        }
        // Selecting by header is for one's own organizations.
        try await parent.admin.with("X-Organization-Id", child.id).get("/users").expect(403)
        try await parent.admin.with("X-Organization-Id", parent.id).get("/users").expect(200)
    }
}
