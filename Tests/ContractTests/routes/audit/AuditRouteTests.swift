import JSON
import TestSupport
import Testing

@Suite("/audit")
struct AuditRouteTests {
    @Test("who changed what is in the trail, with old and new values")
    func changes() async throws {
        let organization = try await TestPlatform.shared.organization()
        let id = try await organization.admin.post("/sites", ["name": "North"]).expect(201).json["id"]?.string ?? ""
        let changed = try await organization.admin.with("X-Request-Id", "change-of-\(id)")
            .patch("/sites/\(id)", ["name": "South"]).expect(200)
        let trail = try await organization.admin.get("/audit/resource/site/\(id)").expect(200).items
        #expect(trail.map { $0["action"] } == ["update", "create"])
        #expect(trail.first?["changes"] == ["name": ["old": "North", "new": "South"]])
        #expect(trail.first?["request_id"]?.string == changed.header("X-Request-Id"))
        let user = trail.first?["actor"]?["id"]?.string ?? ""
        #expect(trail.first?["actor"]?["kind"] == "user")
        let own = try await organization.admin.get("/audit/user/\(user)?resource_kind=site&count=true").expect(200)
        #expect(own.json["total"] == 2)
        let statistics = try await organization.admin.get("/audit/statistics?resource_kind=site").expect(200)
        #expect(statistics.json["total"] == 2)
    }

    @Test("a refused change leaves no entry")
    func refused() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        try await admin.post("/sites", ["name": "North"]).expect(201)
        try await admin.post("/sites", ["name": "North"]).expect(409)
        #expect(try await admin.get("/audit?resource_kind=site").expect(200).items.count == 1)
    }

    @Test("the chain is whole, and a viewer does not see the trail")
    func verification() async throws {
        let organization = try await TestPlatform.shared.organization()
        for number in 0..<5 { try await organization.admin.post("/sites", ["name": .string("S\(number)")]).expect(201) }
        let verified = try await organization.admin.get("/audit/verify").expect(200)
        #expect(verified.json["is_intact"] == true)
        #expect(verified.json["broken"] == .null)
        #expect((verified.json["entries"]?.integer ?? 0) >= 5)
        let viewer = try await organization.member("viewer")
        for path in ["/audit", "/audit/verify", "/audit/export"] { try await viewer.get(path).expect(403) }
    }

    @Test("an export holds every entry, disarms formulas, and is audited itself")
    func export() async throws {
        let organization = try await TestPlatform.shared.organization()
        for number in 0..<3 {
            try await organization.admin.post("/sites", ["name": .string("=1+\(number)")]).expect(201)
        }
        let lines = try await organization.admin.get("/audit/export?format=ndjson&resource_kind=site").expect(200)
        #expect(lines.header("Content-Type") == "application/x-ndjson")
        let entries = try lines.text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(entries.map { $0["changes"]?["name"]?["new"] } == ["=1+0", "=1+1", "=1+2"])
        let table = try await organization.admin.get("/audit/export?action=create").expect(200)
        let rows = table.text.split(separator: "\r\n")
        #expect(rows.first?.hasPrefix("sequence,created_at,actor_kind") == true)
        for row in rows.dropFirst() {
            for cell in row.split(separator: ",") { #expect(!["=", "+", "@"].contains(cell.prefix(1)), "\(cell)") }
        }
        let exports = try await organization.admin.get("/audit?action=export").expect(200).items
        #expect(exports.count == 2)
    }
}
