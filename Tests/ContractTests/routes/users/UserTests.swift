import Foundation
import JSON
import TestSupport
import Testing

@Suite struct UserTests {
    @Test("a person is taken in with a generated password, signs in with it, and acts with the roles given")
    func creates() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let email = "new@\(organization.name).test"
        let made = try await organization.admin.post(
            "/users",
            ["email": .string(email), "name": "New Person", "roles": ["operator"], "time_zone": "Europe/Vienna"]
        ).expect(201)
        let password = try #require(made.json["generated_password"]?.string)
        let id = try #require(made.json["id"]?.string)
        #expect(made.header("Location") == "/api/v1/users/\(id)")
        let signedIn = try await platform.client.post(
            "/auth/login", ["email": .string(email), "password": .string(password)]
        ).expect(200)
        let person = platform.client.bearer(signedIn.json["access_token"]?.string ?? "")
        try await person.get("/devices").expect(200)
        try await person.get("/users").expect(403)
        let shown = try await organization.admin.get("/users/\(id)").expect(200)
        #expect(shown.json["generated_password"] == nil)
        #expect(shown.json["time_zone"] == "Europe/Vienna")
        #expect(shown.json["roles"] == ["operator"])
    }

    @Test("an address that has an account elsewhere joins by the same answer, and its password stays its own")
    func existingAccount() async throws {
        let platform = try await TestPlatform.shared
        let (first, second) = (try await platform.organization(), try await platform.organization())
        let email = "admin@\(first.name).test"
        let made = try await second.admin.post(
            "/users",
            ["email": .string(email), "name": "Other", "roles": ["org_admin"], "password": "the second's choice"]
        ).expect(201)
        #expect(made.json["email"]?.string == email)
        try await platform.client.post(
            "/auth/login", ["email": .string(email), "password": "the second's choice"]
        ).expect(401)
        let person = try await platform.signIn(email)
        #expect(try await person.get("/auth/me").expect(200).json["organization_id"]?.string == first.id)
    }

    @Test("whoever chose a first password acts with it in their own organizations only")
    func confined() async throws {
        let platform = try await TestPlatform.shared
        let (first, second) = (try await platform.organization(), try await platform.organization())
        let email = "boss@\(second.name).test"
        for organization in [first, second] {
            try await organization.admin.post(
                "/users",
                [
                    "email": .string(email), "name": "Boss", "roles": ["org_admin"],
                    "password": .string(TestPlatform.password),
                ]
            ).expect(201)
        }
        let impostor = try await platform.signIn(email)
        #expect(try await impostor.get("/auth/me").expect(200).json["organization_id"]?.string == first.id)
        try await impostor.post("/organizations/\(second.id)/switch").expect(404)
        try await impostor.with("X-Organization-Id", second.id).get("/users").expect(403)
        try await platform.client.post(
            "/auth/login",
            [
                "email": .string(email), "password": .string(TestPlatform.password),
                "organization_id": .string(second.id),
            ]
        ).expect(403)
    }

    @Test("all faults of a new user are named at once")
    func faults() async throws {
        let organization = try await TestPlatform.shared.organization()
        let answer = try await organization.admin.post(
            "/users",
            ["email": "no address", "name": "", "roles": "operator", "password": "short", "time_zone": "Mars", "x": 1]
        ).expect(422)
        #expect(Set(answer.faults) == ["/email", "/name", "/roles", "/password", "/time_zone", "/x"])
        let unknown = try await organization.admin.post(
            "/users", ["email": "a@b.test", "name": "A", "roles": ["operator", "king"]]
        ).expect(422)
        #expect(unknown.faults == ["/roles/1"])
    }

    @Test("a member twice is a conflict; versions are compared; a merge patch changes what it names")
    func changes() async throws {
        let organization = try await TestPlatform.shared.organization()
        let body: JSONValue = [
            "email": "x@\(organization.name).test".asJSON, "name": "X", "roles": ["viewer"], "title": "Vet",
        ]
        let made = try await organization.admin.post("/users", body).expect(201)
        #expect(try await organization.admin.post("/users", body).expect(409).code == "already-exists")
        let path = "/users/\(made.json["id"]?.string ?? "")"
        let tag = try #require(made.header("ETag"))
        let patched = try await organization.admin.with("If-Match", tag).patch(path, ["name": "Y", "title": .null])
            .expect(200)
        #expect(patched.json["name"] == "Y")
        #expect(patched.json["title"] == .null)
        #expect(patched.json["locale"] == "en")
        try await organization.admin.with("If-Match", tag).patch(path, ["name": "Z"]).expect(412)
        try await organization.admin.put(path, ["name": "Whole", "phone": "+43 1"]).expect(200)
        try await organization.admin.put("\(path)/roles", ["roles": ["technician", "billing"]]).expect(200)
        #expect(try await organization.admin.get(path).expect(200).json["roles"] == ["billing", "technician"])
        try await organization.admin.delete(path).expect(204)
        try await organization.admin.get(path).expect(404)
    }

    @Test("a removed or disabled member is refused within five seconds")
    func removal() async throws {
        let organization = try await TestPlatform.shared.organization()
        for disables in [true, false] {
            let viewer = try await organization.member("viewer")
            let id = try await viewer.get("/auth/me").expect(200).json["id"]?.string ?? ""
            try await viewer.get("/devices").expect(200)
            if disables {
                try await organization.admin.patch("/users/\(id)", ["status": "disabled"]).expect(200)
            } else {
                try await organization.admin.delete("/users/\(id)").expect(204)
            }
            try await eventually { try await viewer.get("/devices").status == 401 }
        }
    }

    @Test("the last administrator stays")
    func lastAdministrator() async throws {
        let organization = try await TestPlatform.shared.organization()
        let id = try await organization.admin.get("/auth/me").expect(200).json["id"]?.string ?? ""
        #expect(try await organization.admin.delete("/users/\(id)").expect(409).code == "conflict")
        try await organization.admin.patch("/users/\(id)", ["status": "disabled"]).expect(409)
        try await organization.admin.put("/users/\(id)/roles", ["roles": ["viewer"]]).expect(409)
        try await organization.admin.get("/users").expect(200)
    }

    @Test("people of another organization do not exist, in lists neither")
    func foreign() async throws {
        let platform = try await TestPlatform.shared
        let (mine, theirs) = (try await platform.organization(), try await platform.organization())
        let id = try await theirs.admin.get("/auth/me").expect(200).json["id"]?.string ?? ""
        let foreign = try await mine.admin.get("/users/\(id)").expect(404)
        let random = try await mine.admin.get("/users/\(UUID().uuidString.lowercased())").expect(404)
        #expect(foreign.json["detail"] == random.json["detail"])
        try await mine.admin.patch("/users/\(id)", ["name": "Mine"]).expect(404)
        try await mine.admin.delete("/users/\(id)").expect(404)
        try await mine.admin.put("/users/\(id)/roles", ["roles": []]).expect(404)
        #expect(try await mine.admin.get("/users?limit=500").expect(200).items.allSatisfy { $0["id"]?.string != id })
        try await theirs.admin.get("/users/\(id)").expect(200)
    }

    @Test("lists are filtered by address and status, sorted and walked by cursor")
    func lists() async throws {
        let organization = try await TestPlatform.shared.organization()
        for number in 0..<7 {
            try await organization.admin.post(
                "/users", ["email": "u\(number)@\(organization.name).test".asJSON, "name": "U", "roles": []]
            ).expect(201)
        }
        var emails: [String] = []
        var cursor = ""
        repeat {
            let page = try await organization.admin.get("/users?sort=email&limit=3&count=true\(cursor)").expect(200)
            #expect(page.json["total"]?.integer == 8)
            emails += page.items.compactMap { $0["email"]?.string }
            cursor = page.json["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        #expect(emails.count == 8)
        #expect(emails == emails.sorted())
        let one = try await organization.admin.get("/users?email=u3@\(organization.name).test").expect(200)
        #expect(one.items.count == 1)
        #expect(try await organization.admin.get("/users?status=disabled").expect(200).items.isEmpty)
        try await organization.admin.get("/users?state=x").expect(400)
    }

    @Test("the roles are listed with what they may do")
    func roles() async throws {
        let organization = try await TestPlatform.shared.organization()
        let roles = try await organization.admin.get("/roles").expect(200).items
        #expect(
            Set(roles.compactMap { $0["key"]?.string })
                == ["org_admin", "manager", "operator", "technician", "viewer", "billing"])
    }
}

extension String {
    fileprivate var asJSON: JSONValue { .string(self) }
}
