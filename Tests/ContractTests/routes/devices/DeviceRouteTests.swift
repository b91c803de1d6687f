import JSON
import TestSupport
import Testing

@Suite("/devices")
struct DeviceRouteTests {
    private static func type(_ name: String, _ client: TestClient) async throws -> JSONValue {
        try await client.get("/device-types?name=\(name)").expect(200).items.first?["id"] ?? .null
    }

    @Test("a device without a serial number gets the next one of its type and year")
    func serials() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let type = try await Self.type("milk_meter", admin)
        var serials: [String] = []
        for number in 1...3 {
            let made = try await admin.post("/devices", ["name": .string("Meter \(number)"), "type_id": type]).expect(
                201)
            serials.append(made.json["serial_number"]?.string ?? "")
            #expect(made.json["device_key"] == made.json["serial_number"])
            #expect(made.json["status"] == "registered")
        }
        #expect(serials.allSatisfy { $0.hasPrefix("SD-MM-20") })
        #expect(serials.map { $0.suffix(6) } == ["000001", "000002", "000003"])
    }

    @Test("the organization's own pattern is used")
    func pattern() async throws {
        let organization = try await TestPlatform.shared.organization()
        try await organization.admin.patch(
            "/organizations/\(organization.id)", ["settings": ["device_serial_pattern": "A{SEQ:4}"]]
        ).expect(200)
        let type = try await Self.type("gateway", organization.admin)
        let made = try await organization.admin.post("/devices", ["name": "G", "type_id": type]).expect(201)
        #expect(made.json["serial_number"] == "A0001")
    }

    @Test("references to what does not exist here are all named, also those into another organization")
    func references() async throws {
        let (one, two) = (try await TestPlatform.shared.organization(), try await TestPlatform.shared.organization())
        let site = try await two.admin.post("/sites", ["name": "Theirs"]).expect(201).json["id"] ?? .null
        let model = try await two.admin.post("/device-models", ["name": "Theirs"]).expect(201).json["id"] ?? .null
        let theirs = try await two.device()
        let refused = try await one.admin.post(
            "/devices",
            [
                "name": "D", "type_id": try await Self.type("gateway", two.admin), "site_id": site, "model_id": model,
                "gateway_id": .string(theirs.id),
            ]
        ).expect(422)
        #expect(Set(refused.faults) == ["/type_id", "/site_id", "/model_id", "/gateway_id"])
    }

    @Test("metadata obeys the schemas of type and model")
    func metadata() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let model =
            try await admin.post(
                "/device-models",
                [
                    "name": "M",
                    "metadata_schema": [
                        "required": ["floor"], "properties": ["floor": ["type": "integer", "maximum": 9]],
                    ],
                ]
            ).expect(201).json["id"] ?? .null
        let type = try await Self.type("milk_meter", admin)
        let refused = try await admin.post(
            "/devices",
            [
                "name": "D", "type_id": type, "model_id": model,
                "metadata": ["floor": 10, "milking_parlor": ["stall_number": "four"]],
            ]
        ).expect(422)
        #expect(Set(refused.faults) == ["/metadata/floor", "/metadata/milking_parlor/stall_number"])
        try await admin.post(
            "/devices", ["name": "D", "type_id": type, "model_id": model, "metadata": ["floor": 2]]
        ).expect(201)
    }

    @Test("lists are filtered by fields, tags, metadata and words, and counted")
    func filters() async throws {
        let organization = try await TestPlatform.shared.organization()
        let admin = organization.admin
        let site = try await admin.post("/sites", ["name": "North"]).expect(201).json["id"]?.string ?? ""
        let type = try await Self.type("milk_meter", admin)
        for number in 0..<6 {
            try await admin.post(
                "/devices",
                [
                    "name": .string(number == 0 ? "Kühlung Süd" : "Meter \(number)"), "type_id": type,
                    "device_key": .string("key-\(number)"), "tags": .array([.string("Tag\(number % 2)"), "all"]),
                    "metadata": [
                        "building": .string(number < 2 ? "A" : "B"), "place": ["row": .integer(Int64(number))],
                    ],
                    "site_id": number < 3 ? .string(site) : .null, "firmware_version": .string("1.\(number % 3)"),
                ]
            ).expect(201)
        }
        for (query, expected) in [
            ("site_id=\(site)", 3), ("tag=tag1", 3), ("tag=tag1,all", 3), ("tag=tag1,tag0", 0),
            ("metadata.building=a", 2),
            ("metadata.place.row=4", 1), ("metadata.building=A&tag=Tag1", 1), ("metadata.nothing=1", 0), ("q=meter", 5),
            ("q=key-", 6), ("q=kuhl%20sud", 1), ("q=key-3", 1), ("firmware_version=1.2", 2), ("status=registered", 6),
            ("status=active,suspended", 0), ("connection=unknown", 6), ("device_class=smart_sensor", 6),
            ("device_key=key-5", 1), ("name=METER%202", 1), ("created_from=2020-01-01T00:00:00Z", 6),
            ("created_to=2020-01-01T00:00:00Z", 0),
        ] {
            let page = try await admin.get("/devices?count=true&limit=2&\(query)").expect(200)
            #expect(page.json["total"] == .integer(Int64(expected)), "\(query)")
            #expect(page.items.count == min(2, expected), "\(query)")
        }
        #expect(try await admin.get("/devices?count=true").expect(200).json["total"] == 6)
        #expect(try await admin.get("/devices?colour=red&status=lost").expect(400).code == "invalid-parameter")
    }

    private struct Ordered {
        let number: Int
        let (name, status, key): (String, String, String)

        init(number: Int, name: String, status: String, key: String) {
            self.number = number
            (self.name, self.status, self.key) = (name, status, key)
        }
    }

    @Test("a list is ordered by several keys, in any directions, and walked without gaps")
    func orders() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let type = try await Self.type("milk_meter", admin)
        var devices: [Ordered] = []
        for number in 0..<12 {
            let device = Ordered(
                number: number, name: "Meter \(number % 3)", status: number % 4 < 2 ? "active" : "registered",
                key: "key-\(number)")
            try await admin.post(
                "/devices",
                [
                    "name": .string(device.name), "type_id": type, "status": .string(device.status),
                    "device_key": .string(device.key),
                ]
            ).expect(201)
            devices.append(device)
        }
        func walk(_ sort: String) async throws -> [String] {
            var (seen, cursor): ([String], String?) = ([], nil)
            repeat {
                let page = try await admin.get(
                    "/devices?limit=2&sort=\(sort)" + (cursor.map { "&cursor=\($0)" } ?? "")
                ).expect(200)
                seen += page.items.compactMap { $0["device_key"]?.string }
                cursor = page.json["next_cursor"]?.string
            } while cursor != nil
            return seen
        }
        let byName = devices.sorted { ($0.name, $0.number) < ($1.name, $1.number) }.map(\.key)
        #expect(try await walk("name,created_at") == byName)
        let newestFirst = devices.sorted { ($0.name, $1.number) < ($1.name, $0.number) }.map(\.key)
        #expect(try await walk("name,-created_at") == newestFirst)
        let mixed = devices.sorted { ($1.status, $0.name, $1.key) < ($0.status, $1.name, $0.key) }.map(\.key)
        #expect(try await walk("-status,name,-device_key") == mixed)
        #expect(try await walk("-created_at,name") == devices.map(\.key).reversed())
        #expect(try await walk("name,name,-created_at") == newestFirst)
        let page = try await admin.get("/devices?limit=2&sort=name,-created_at").expect(200)
        let cursor = try #require(page.json["next_cursor"]?.string)
        #expect(try await admin.get("/devices?limit=2&sort=name&cursor=\(cursor)").expect(400).faults == ["cursor"])
        for sort in ["", "name,", "name,colour", ",name", "name;status"] {
            #expect(try await admin.get("/devices?sort=\(sort)").expect(400).faults == ["sort"], "\(sort)")
        }
    }

    @Test("silence counts for lists, single devices and statistics alike, by the type's own thresholds")
    func connections() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let admin = organization.admin
        let site = try await admin.post("/sites", ["name": "Field"]).expect(201).json["id"] ?? .null
        let type = try await Self.type("milk_meter", admin)
        let device = try await organization.device(["type_id": type, "site_id": site])
        _ = try await organization.device(["type_id": type, "site_id": site])
        func expect(_ state: String, _ location: SourceLocation = #_sourceLocation) async throws {
            let path = "/devices/\(device.id)"
            for answer in [try await admin.get(path), try await admin.get("\(path)/connection")] {
                #expect(answer.json["connection"] == .string(state), sourceLocation: location)
            }
            for other in ["online", "degraded", "offline", "error"] {
                let found = try await admin.get("/devices?count=true&connection=\(other)").expect(200)
                #expect(found.json["total"] == (other == state ? 1 : 0), "\(other)", sourceLocation: location)
                #expect(found.items.allSatisfy { $0["connection"] == .string(other) }, sourceLocation: location)
            }
            let both = try await admin.get("/devices?connection=unknown,\(state)").expect(200).items
            #expect(both.count == 2, sourceLocation: location)
            let figures = try await admin.get("/sites/\(site.string ?? "")/connection-statistics").expect(200).json
            #expect(figures["by_connection"]?[state] == 1, sourceLocation: location)
            #expect(figures["by_connection"]?["unknown"] == 1, sourceLocation: location)
        }
        try await device.client.post("/devices/me/telemetry", ["values": ["flow": 1]]).expect(200)
        try await expect("online")
        try await platform.age(presenceOf: device.id, seconds: 301)
        try await expect("degraded")
        try await platform.age(presenceOf: device.id, seconds: 600)
        try await expect("offline")
        try await admin.patch(
            "/device-types/\(type.string ?? "")",
            ["thresholds": ["connection": ["degraded_after_seconds": 800, "offline_after_seconds": 3600]]]
        ).expect(200)
        try await expect("degraded")
    }

    @Test("what is changed is found by the new and no longer by the old")
    func reindexed() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let type = try await Self.type("milk_meter", admin)
        let id =
            try await admin.post(
                "/devices", ["name": "Old", "type_id": type, "tags": ["x"], "metadata": ["room": "1"]]
            ).expect(201).json["id"]?.string ?? ""
        try await admin.patch("/devices/\(id)", ["name": "New", "tags": ["y"], "metadata": ["room": .null]]).expect(200)
        for query in ["q=old", "tag=x", "metadata.room=1"] {
            #expect(try await admin.get("/devices?\(query)").expect(200).items.isEmpty, "\(query)")
        }
        for query in ["q=new", "tag=y"] {
            #expect(try await admin.get("/devices?\(query)").expect(200).items.count == 1)
        }
        try await admin.delete("/devices/\(id)").expect(204)
        for query in ["q=new", "tag=y", ""] {
            #expect(try await admin.get("/devices?\(query)").expect(200).items.isEmpty)
        }
    }

    @Test("a move that is not legal is refused with the legal ones, a legal one is an event and an audit entry")
    func moves() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let type = try await Self.type("milk_meter", admin)
        let id =
            try await admin.post("/devices", ["name": "D", "type_id": type, "status": "manufactured"]).expect(201)
            .json["id"]?.string ?? ""
        let refused = try await admin.post("/devices/\(id)/transitions", ["to": "active"]).expect(409)
        #expect(refused.code == "illegal-transition")
        #expect(refused.json["allowed"] == ["provisioned", "decommissioned"])
        for status in ["provisioned", "registered", "active", "maintenance", "suspended", "active"] {
            let moved = try await admin.post("/devices/\(id)/transitions", ["to": .string(status)]).expect(200)
            #expect(moved.json["status"] == .string(status))
        }
        #expect(try await admin.get("/devices/\(id)").expect(200).json["activated_at"]?.string != nil)
        #expect(try await admin.get("/devices/\(id)/events?type=device.status").expect(200).items.count == 6)
        let trail = try await admin.get("/audit/resource/device/\(id)?action=transition").expect(200)
        #expect(trail.items.first?["changes"]?["status"] == ["old": "suspended", "new": "active"])
    }

    @Test("fifty at once at the limit of devices: never one too many")
    func quota() async throws {
        let (platform, organization) = (try await TestPlatform.shared, try await TestPlatform.shared.organization())
        let admin = organization.admin
        try await platform.superadmin.put("/organizations/\(organization.id)/quotas", ["limits": ["devices": 10]])
            .expect(200)
        let type = try await Self.type("milk_meter", admin)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await admin.post("/devices", ["name": .string("D\(number)"), "type_id": type]).status
                }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 201 }.count == 10)
        #expect(statuses.allSatisfy { $0 == 201 || $0 == 409 }, "\(statuses)")
    }

    @Test("twenty changes of one version: one wins, the others are told")
    func races() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        let path = "/devices/\(device.id)"
        let etag = try await organization.admin.get(path).expect(200).header("ETag") ?? ""
        let admin = organization.admin.with("If-Match", etag)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 {
                group.addTask { try await admin.patch(path, ["name": .string("Name \(number)")]).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 200 }.count == 1)
        #expect(statuses.filter { $0 == 412 }.count == 19)
    }

    @Test("key and serial number of a deleted device are free again; a gateway with devices behind it stays")
    func deletion() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let (gatewayType, type) = (try await Self.type("gateway", admin), try await Self.type("wearable", admin))
        let gateway =
            try await admin.post("/devices", ["name": "G", "type_id": gatewayType]).expect(201).json["id"] ?? .null
        let body: JSONValue = [
            "name": "W", "type_id": type, "device_key": "w-1", "serial_number": "W1", "gateway_id": gateway,
            "edge_key": "e",
        ]
        let first = try await admin.post("/devices", body).expect(201).json["id"]?.string ?? ""
        try await admin.post("/devices", body).expect(409)
        #expect(try await admin.delete("/devices/\(gateway.string ?? "")").expect(409).code == "in-use")
        try await admin.delete("/devices/\(first)").expect(204)
        try await admin.get("/devices/\(first)").expect(404)
        try await admin.post("/devices", body).expect(201)
    }

    @Test("another organization's device does not exist, whatever is asked of it")
    func walls() async throws {
        let (one, two) = (try await TestPlatform.shared.organization(), try await TestPlatform.shared.organization())
        let device = try await one.device()
        for path in ["", "/connection", "/credentials", "/events"] {
            try await two.admin.get("/devices/\(device.id)\(path)").expect(404)
        }
        try await two.admin.patch("/devices/\(device.id)", ["name": "Mine"]).expect(404)
        try await two.admin.delete("/devices/\(device.id)").expect(404)
        try await two.admin.post("/devices/\(device.id)/transitions", ["to": "suspended"]).expect(404)
        try await two.admin.post("/devices/\(device.id)/credentials", [:]).expect(404)
        try await two.admin.post("/devices/\(device.id)/events", ["type": "a", "title": "b"]).expect(404)
        #expect(try await two.admin.get("/devices?device_key=\(device.key)").expect(200).items.isEmpty)
    }
}
