import JSON
import TestSupport
import Testing

@Suite("?sort= with several keys")
struct ListOrderTests {
    /// What a device has in the members that it is ordered by; `made` counts the devices.
    private struct Row: Equatable {
        let status: String, name: String, made: Int
    }

    /// Whether `left` comes before `right` by `sort`; devices that are equal go by their making, the way of the last key.
    private func precedes(_ left: Row, _ right: Row, by sort: String) -> Bool {
        var descending = false
        for key in sort.split(separator: ",") {
            descending = key.hasPrefix("-")
            let (a, b) = key.hasSuffix("status") ? (left.status, right.status) : (left.name, right.name)
            if a != b { return descending ? a > b : a < b }
        }
        return descending ? left.made > right.made : left.made < right.made
    }

    /// Every page of a list, one after the other.
    private func walk(_ client: TestClient, _ list: String, limit: Int) async throws -> [JSONValue] {
        var (items, cursor) = ([JSONValue](), "")
        repeat {
            let page = try await client.get("\(list)&limit=\(limit)\(cursor)").expect(200)
            #expect(page.items.count <= limit)
            items += page.items
            cursor = page.json["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty && items.count < 1000
        return items
    }

    @Test("pages go through ties in every mixture of directions, each row once")
    func ties() async throws {
        let organization = try await TestPlatform.shared.organization()
        let types = try await organization.admin.get("/device-types").expect(200)
        let type = types.items.first?["id"] ?? .null
        var rows: [Row] = []
        for made in 0..<16 {
            let row = Row(
                status: ["active", "manufactured"][made % 2], name: ["a", "b", "b", "c"][made / 2 % 4], made: made)
            let body: JSONValue = [
                "name": .string(row.name), "status": .string(row.status), "type_id": type,
                "device_key": .string("key-\(made)"),
            ]
            try await organization.admin.post("/devices", body).expect(201)
            rows.append(row)
        }
        for sort in [
            "status,name", "status,-name", "-status,name", "-status,-name", "name,-status", "-name,status", "-status",
        ] {
            let expected = rows.sorted { precedes($0, $1, by: sort) }
            for limit in [1, 3, 16] {
                let found = try await walk(organization.admin, "/devices?sort=\(sort)", limit: limit).map { device in
                    Row(
                        status: device["status"]?.string ?? "", name: device["name"]?.string ?? "",
                        made: Int(device["device_key"]?.string?.dropFirst(4) ?? "") ?? -1)
                }
                #expect(found == expected, "\(sort) by \(limit)")
            }
        }
        let byKey = try await walk(organization.admin, "/devices?sort=status,-name,-device_key", limit: 4)
        #expect(
            byKey.prefix(4).compactMap { $0["device_key"]?.string } == ["key-6", "key-14", "key-4", "key-2"])
    }

    @Test("what has no value comes last, and first in the other direction; a page may end among such rows")
    func missing() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        for (name, code) in [("a", nil), ("b", "2"), ("c", nil), ("d", "1"), ("e", nil)] as [(String, String?)] {
            try await admin.post("/sites", ["name": .string(name), "code": code.map { .string($0) } ?? .null])
                .expect(201)
        }
        for (sort, expected) in [
            ("code", "dbace"), ("-code", "ecabd"), ("code,name", "dbace"), ("code,-name", "dbeca"),
            ("-code,name", "acebd"), ("-code,-name", "ecabd"),
        ] {
            for limit in [1, 2, 3] {
                let found = try await walk(admin, "/sites?sort=\(sort)", limit: limit)
                #expect(found.compactMap { $0["name"]?.string }.joined() == expected, "\(sort) by \(limit)")
            }
        }
    }

    @Test("a row that is made between two pages neither repeats nor hides another")
    func inserts() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        for (name, code) in [("a", "1"), ("b", "2"), ("c", "3")] {
            try await admin.post("/sites", ["name": .string(name), "code": .string(code)]).expect(201)
        }
        let first = try await admin.get("/sites?sort=-code,name&limit=2").expect(200)
        let cursor = first.json["next_cursor"]?.string ?? ""
        for (name, code) in [("d", "9"), ("e", "0")] {
            try await admin.post("/sites", ["name": .string(name), "code": .string(code)]).expect(201)
        }
        let second = try await admin.get("/sites?sort=-code,name&limit=5&cursor=\(cursor)").expect(200)
        #expect((first.items + second.items).compactMap { $0["name"]?.string }.joined() == "cbae")
    }

    @Test("every key that a list does not have is named; an order is not continued by another's cursor")
    func refused() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        for name in ["a", "b"] { try await admin.post("/sites", ["name": .string(name)]).expect(201) }
        let unknown = try await admin.get("/sites?sort=name,colour,-size").expect(400)
        #expect(unknown.code == "invalid-parameter" && unknown.faults == ["sort", "sort"])
        let details = unknown.json["errors"]?.array?.compactMap { $0["detail"]?.string } ?? []
        #expect(details.first?.contains("'colour'") == true && details.last?.contains("'size'") == true)
        for malformed in ["", ",", "name,", "-", "--name", "Name"] {
            try await admin.get("/sites?sort=\(malformed)").expect(400)
        }
        let page = try await admin.get("/sites?sort=name,-created_at&limit=1").expect(200)
        let cursor = page.json["next_cursor"]?.string ?? ""
        try await admin.get("/sites?sort=name,-created_at&limit=1&cursor=\(cursor)").expect(200)
        for other in ["name", "name,created_at", "-created_at,name", "code,name"] {
            #expect(try await admin.get("/sites?sort=\(other)&cursor=\(cursor)").expect(400).faults == ["cursor"])
        }
    }

    @Test("a key that is named again, or behind a unique one, changes nothing")
    func superfluous() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        for name in ["b", "a", "c"] { try await admin.post("/sites", ["name": .string(name)]).expect(201) }
        for (sort, expected) in [("name,-name", "abc"), ("-created_at,name,code", "cab")] {
            let found = try await walk(admin, "/sites?sort=\(sort)", limit: 1)
            #expect(found.compactMap { $0["name"]?.string }.joined() == expected)
        }
    }
}
