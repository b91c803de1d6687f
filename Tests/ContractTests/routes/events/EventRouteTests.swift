import JSON
import TestSupport
import Testing

@Suite("/events")
struct EventRouteTests {
    @Test("an event keeps its own time, also one that is years off")
    func times() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        let path = "/devices/\(device.id)/events"
        for time in ["1999-12-31T23:59:59.000Z", "2099-01-01T00:00:00.000Z"] {
            let made = try await organization.admin.post(
                path, ["type": "clock.test", "title": "T", "at": .string(time), "data": ["a": 1]]
            ).expect(201)
            #expect(made.json["at"] == .string(time))
            #expect(made.json["origin"] == "device")
        }
        let old = try await organization.admin.get("/events?from=1999-01-01T00:00:00Z&to=2000-01-01T00:00:00Z").expect(
            200)
        #expect(old.items.count == 1)
    }

    @Test("a device reports of itself and of what is connected through it, and of nothing else")
    func byDevices() async throws {
        let organization = try await TestPlatform.shared.organization()
        let types = try await organization.admin.get("/device-types?limit=100").expect(200).items
        let type = types.first { $0["name"] == "gateway" }?["id"] ?? .null
        let gateway = try await organization.device(["type_id": type])
        let peripheral = try await organization.device(["gateway_id": .string(gateway.id)])
        let neighbour = try await organization.device()
        let event: JSONValue = ["type": "door.opened", "title": "Door 3 was opened", "severity": "warning"]
        let made = try await gateway.client.post("/devices/me/events", event).expect(201)
        #expect(made.json["device_id"]?.string == gateway.id && made.json["origin"] == "device")
        #expect(made.header("location") == "/api/v1/devices/\(gateway.id)/events")
        for name in [peripheral.key, peripheral.id, gateway.key, gateway.id] {
            try await gateway.client.post("/devices/\(name)/events", event).expect(201)
        }
        for name in [neighbour.key, neighbour.id, "nothing"] {
            #expect(try await gateway.client.post("/devices/\(name)/events", event).expect(404).code == "not-found")
        }
        try await peripheral.client.post("/devices/\(gateway.id)/events", event).expect(404)
        #expect(try await organization.admin.get("/devices/\(gateway.id)/events").expect(200).items.count == 3)
        #expect(try await organization.admin.get("/devices/\(peripheral.id)/events").expect(200).items.count == 2)
        #expect(try await organization.admin.get("/devices/\(neighbour.id)/events").expect(200).items.isEmpty)

        let faults = try await gateway.client.post("/devices/me/events", ["type": "", "severity": "loud", "x": 1])
            .expect(422)
        #expect(Set(faults.faults) == ["/type", "/title", "/severity", "/x"])
        let keyed = gateway.client.with("Idempotency-Key", "door-1")
        let first = try await keyed.post("/devices/me/events", event).expect(201)
        #expect(try await keyed.post("/devices/me/events", event).expect(201).json["id"] == first.json["id"])
        // Reading is not a device's business, and `me` names nobody without a device's token.
        try await gateway.client.get("/devices/\(gateway.id)/events").expect(403)
        try await organization.admin.post("/devices/me/events", event).expect(404)
        try await organization.admin.post("/devices/\(gateway.id)/transitions", ["to": "suspended"]).expect(200)
        try await eventually { try await gateway.client.post("/devices/me/events", event).status == 403 }
    }

    @Test("events are filtered, counted over time and grouped")
    func reading() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        let path = "/devices/\(device.id)/events"
        for (type, severity, key) in [
            ("a", "info", "k1"), ("b", "error", "k1"), ("c", "warning", nil), ("c", "info", nil),
        ] {
            try await organization.admin.post(
                path,
                [
                    "type": .string(type), "title": "T", "severity": .string(severity),
                    "correlation_key": key.map { .string($0) } ?? .null,
                ]
            ).expect(201)
        }
        #expect(try await organization.admin.get("/events?type=c").expect(200).items.count == 2)
        #expect(try await organization.admin.get("/events?severity=error,warning").expect(200).items.count == 2)
        #expect(try await organization.admin.get("\(path)?correlation_key=k1").expect(200).items.count == 2)
        let spans = try await organization.admin.get("/events/timeline?interval=1d&device_id=\(device.id)").expect(200)
            .items
        #expect(spans.reduce(0) { $0 + ($1["total"]?.integer ?? 0) } == 4)
        let groups = try await organization.admin.get("/events/correlated?device_id=\(device.id)").expect(200).items
        let keys = Set<String?>(groups.map { $0["correlation_key"]?.string })
        #expect(keys == ["k1", nil])
        let correlated: JSONValue? = groups.first { $0["correlation_key"]?.string == "k1" }
        #expect(correlated?["severity"]?.string == "error")
    }
}
