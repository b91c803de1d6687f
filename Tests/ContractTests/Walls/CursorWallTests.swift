import JSON
import Kernel
import TestStorage
import TestSupport
import Testing
import WebAPI

/// S30: a cursor is good for the organization, the list and the query that gave it, and for nothing else. Every list is
/// tried; a new one falls under this by itself.
@Suite struct CursorWallTests {
    private static func lists(_ platform: TestPlatform) -> [RouteDescription] {
        platform.routes.routes.filter {
            $0.isDocumented && $0.method == "GET" && $0.parameters.contains("cursor") && $0.access.isForMembers
        }
    }

    private static func page(_ client: TestClient, _ target: String, _ query: String) async throws -> TestAnswer {
        try await client.get(target + (target.contains("?") ? "&" : "?") + query)
    }

    @Test(
        "a cursor of another organization, another list, another query or of one's own making is refused, in every list"
    )
    func binding() async throws {
        let platform = try await TestPlatform.shared
        let (own, other) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let admin = own.organization.admin
        let description = DescribedPlaces(try OpenAPIDescription(directory: "\(TestDatabase.root)/openapi"))
        var elsewhere = ""
        for route in Self.lists(platform) {
            guard let target = own.target(route), let theirs = other.target(route) else {
                Issue.record("\(route.path) has no fixture: add its ids to WallFixtures")
                continue
            }
            let first = try await Self.page(admin, target, "limit=1").expect(200)
            guard let cursor = first.json["next_cursor"]?.string else {
                Issue.record("\(route.path) has one page only: let WallFixtures make two of what it lists")
                continue
            }
            let second = try await Self.page(admin, target, "limit=1&cursor=\(cursor)").expect(200)
            #expect(second.items.count == 1 && second.items != first.items, "\(route.path) goes on")

            var refused = ["x", String(cursor.dropLast()), cursor + "A", elsewhere]
            for place in [0, cursor.count / 2, cursor.count - 2] {
                var letters = Array(cursor)
                letters[place] = letters[place] == "A" ? "B" : "A"
                refused.append(String(letters))
            }
            for text in refused where !text.isEmpty {
                let answer = try await Self.page(admin, target, "limit=1&cursor=\(text)")
                #expect(answer.status == 400 && answer.faults == ["cursor"], "\(route.path) \(text): \(answer.text)")
            }
            let foreign = try await Self.page(other.organization.admin, theirs, "limit=1&cursor=\(cursor)")
            #expect(foreign.status == 400 && foreign.faults == ["cursor"], "\(route.path): \(foreign.text)")
            let ids = /[0-9a-f]{8}-[0-9a-f-]{27}/
            let (path, query) = (target.prefix { $0 != "?" }, target.drop { $0 != "?" })
            if path.contains(ids) {
                let another = String(path).replacing(ids, with: "019a0000-0000-7000-8000-000000000000")
                let answer = try await Self.page(admin, another + String(query), "limit=1&cursor=\(cursor)")
                #expect(answer.faults == ["cursor"], "\(route.path) of another parent: \(answer.text)")
            }
            for order in description.choices(of: "sort", route) {
                let answer = try await Self.page(admin, target, "limit=1&sort=\(order)&cursor=\(cursor)")
                #expect(answer.faults == ["cursor"], "\(route.path) in another order: \(answer.text)")
            }
            elsewhere = cursor
        }
    }

    @Test(
        "a walk while others write, rename and delete gives every old row once, in any order",
        arguments: [
            "", "&sort=name", "&sort=-name", "&sort=created_at", "&sort=-updated_at",
        ])
    func walking(_ order: String) async throws {
        let organization = try await TestPlatform.shared.organization()
        let admin = organization.admin
        var old: [String] = []
        for number in 0..<40 {
            let made = try await admin.post("/sites", ["name": .string("Old \(number * 37 % 40 + 10)")]).expect(201)
            old.append(made.json["id"]?.string ?? "")
        }
        // What is written while the walk goes on: rows before, between and behind the old ones, and some that go again.
        var seen: [String] = []
        var (cursor, round): (String?, Int) = (nil, 0)
        repeat {
            let page = try await admin.get("/sites?limit=3\(order)" + (cursor.map { "&cursor=\($0)" } ?? "")).expect(
                200)
            seen += page.items.compactMap { $0["id"]?.string }
            cursor = page.json["next_cursor"]?.string
            for name in ["A \(round)", "Old \(round + 10) and a half", "Z \(round)"] {
                let made = try await admin.post("/sites", ["name": .string(name)]).expect(201)
                let id = made.json["id"]?.string ?? ""
                if round % 2 == 0 {
                    try await admin.delete("/sites/\(id)").expect(204)
                } else {
                    try await admin.patch("/sites/\(id)", ["name": .string("B" + name)]).expect(200)
                }
            }
            round += 1
            // Rows may be added behind the walk for as long as it goes on.
            if round > 60 { break }
        } while cursor != nil
        let places = Dictionary(seen.map { ($0, 1) }, uniquingKeysWith: +)
        for id in old { #expect(places[id] == 1, "\(id) was seen \(places[id] ?? 0) times") }
    }
}
