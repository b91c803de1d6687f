import JSON
import TestSupport
import Testing

@Suite("/sites")
struct SiteRouteTests {
    @Test("a site is made, read, replaced, patched and deleted; each version has its ETag")
    func life() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let made = try await admin.post(
            "/sites",
            [
                "name": "North", "code": "N", "address": ["city": "Kiel", "country": "DE"],
                "location": ["latitude": 54.3, "longitude": 10.1], "time_zone": "Europe/Berlin",
                "metadata": ["herd": 120],
            ]
        ).expect(201)
        let id = made.json["id"]?.string ?? ""
        #expect(made.header("Location") == "/api/v1/sites/\(id)")
        #expect(made.header("ETag") == "\"1\"")
        let read = try await admin.get("/sites/\(id)").expect(200)
        #expect(read.json == made.json)
        try await admin.with("If-None-Match", "\"1\"").get("/sites/\(id)").expect(304)

        let patched = try await admin.with("If-Match", "\"1\"").patch(
            "/sites/\(id)", ["code": .null, "metadata": ["barns": 2]]
        )
        .expect(200)
        #expect(patched.header("ETag") == "\"2\"")
        #expect(patched.json["code"] == .null)
        #expect(patched.json["metadata"] == ["herd": 120, "barns": 2])
        #expect(
            try await admin.with("If-Match", "\"1\"").patch("/sites/\(id)", ["name": "X"]).expect(412).code
                == "precondition-failed")

        let replaced = try await admin.put("/sites/\(id)", ["name": "South"]).expect(200)
        #expect(replaced.json["time_zone"] == "UTC")
        #expect(replaced.json["location"] == .null)
        try await admin.delete("/sites/\(id)").expect(204)
        #expect(try await admin.get("/sites/\(id)").expect(404).code == "not-found")
    }

    @Test("a replacement by the same again changes no version")
    func unchanged() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let id = try await admin.post("/sites", ["name": "North"]).expect(201).json["id"]?.string ?? ""
        #expect(try await admin.put("/sites/\(id)", ["name": "North"]).expect(200).header("ETag") == "\"1\"")
    }

    @Test("every fault of a site is named at once")
    func faults() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let refused = try await admin.post(
            "/sites",
            [
                "name": "", "time_zone": "Mars/Olympus", "location": ["latitude": 91],
                "address": ["country": "Germany"],
                "colour": "red",
            ]
        ).expect(422)
        #expect(
            Set(refused.faults) == [
                "/name", "/time_zone", "/location/latitude", "/location/longitude", "/address/country", "/colour",
            ])
        #expect(try await admin.get("/sites").expect(200).items.isEmpty)
    }

    @Test("a name is given once in an organization, and again in another")
    func names() async throws {
        let (one, two) = (try await TestPlatform.shared.organization(), try await TestPlatform.shared.organization())
        try await one.admin.post("/sites", ["name": "North"]).expect(201)
        #expect(try await one.admin.post("/sites", ["name": "North"]).expect(409).code == "already-exists")
        try await two.admin.post("/sites", ["name": "North"]).expect(201)
    }

    @Test("another organization's site does not exist")
    func walls() async throws {
        let (one, two) = (try await TestPlatform.shared.organization(), try await TestPlatform.shared.organization())
        let id = try await one.admin.post("/sites", ["name": "North"]).expect(201).json["id"]?.string ?? ""
        try await two.admin.get("/sites/\(id)").expect(404)
        try await two.admin.put("/sites/\(id)", ["name": "Mine"]).expect(404)
        try await two.admin.delete("/sites/\(id)").expect(404)
        try await two.admin.get("/sites/\(id)/zones").expect(404)
        try await two.admin.post("/sites/\(id)/zones", ["name": "Mine"]).expect(404)
        #expect(try await one.admin.get("/sites/\(id)").expect(200).json["version"] == 1)
    }

    @Test("the list walks by cursor in either order and counts")
    func pages() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        for name in ["c", "a", "e", "b", "d"] { try await admin.post("/sites", ["name": .string(name)]).expect(201) }
        for (sort, expected) in [
            ("name", "abcde"), ("-name", "edcba"), ("created_at", "caebd"), ("-updated_at", "dbeac"),
        ] {
            var (found, cursor) = ("", "")
            repeat {
                let page = try await admin.get("/sites?limit=2&count=true&sort=\(sort)\(cursor)").expect(200)
                found += page.items.compactMap { $0["name"]?.string }.joined()
                #expect(page.json["total"] == 5)
                cursor = page.json["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(found == expected)
        }
    }

    @Test("zones form a tree without circles, and a zone with zones below it stays")
    func zones() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let site = try await admin.post("/sites", ["name": "North"]).expect(201).json["id"]?.string ?? ""
        let other = try await admin.post("/sites", ["name": "South"]).expect(201).json["id"]?.string ?? ""
        let barn = try await admin.post("/sites/\(site)/zones", ["name": "Barn", "kind": "barn"]).expect(201)
        let barnID = barn.json["id"] ?? .null
        let stall = try await admin.post("/sites/\(site)/zones", ["name": "Stall", "parent_id": barnID]).expect(201)
        let (barnPath, stallPath) = (
            "/sites/\(site)/zones/\(barnID.string ?? "")", "/sites/\(site)/zones/\(stall.json["id"]?.string ?? "")"
        )
        #expect(
            try await admin.get("/sites/\(site)/zones?parent_id=\(barnID.string ?? "")").expect(200).items.count == 1)
        let circle = try await admin.patch(barnPath, ["parent_id": stall.json["id"] ?? .null]).expect(422)
        #expect(circle.faults == ["/parent_id"])
        try await admin.post("/sites/\(other)/zones", ["name": "Stall", "parent_id": barnID]).expect(422)
        try await admin.post("/sites/\(site)/zones", ["name": "Barn"]).expect(409)
        #expect(try await admin.delete(barnPath).expect(409).code == "in-use")
        try await admin.delete(stallPath).expect(204)
        try await admin.delete(barnPath).expect(204)
    }

    @Test("fifty at once at the limit of sites: exactly the limit is made, the refusal names limit, used and tier")
    func quota() async throws {
        let admin = try await TestPlatform.shared.organization(["tier": "standard"]).admin
        let statuses = try await withThrowingTaskGroup(of: TestAnswer.self) { group in
            for number in 0..<50 {
                group.addTask { try await admin.post("/sites", ["name": .string("Site \(number)")]) }
            }
            return try await group.reduce(into: [TestAnswer]()) { $0.append($1) }
        }
        #expect(statuses.filter { $0.status == 201 }.count == 5)
        let refused = statuses.filter { $0.status != 201 }
        #expect(refused.allSatisfy { $0.status == 409 && $0.code == "quota-exceeded" })
        #expect(refused.first?.json["limit"] == 5)
        #expect(refused.first?.json["used"] == 5)
        #expect(refused.first?.json["tier"] == "standard")
        let events = try await admin.get("/events?type=quota.level").expect(200).items
        #expect(events.compactMap { $0["data"]?["level"]?.integer }.sorted() == [80, 100])
    }
}
