import JSON
import TestSupport
import Testing

/// The main job of the platform from end to end, as its people do it.
@Suite struct MainJobTests {
    @Test("a site, a model, a device and a rule; a measurement; one alarm; acknowledged; audited; invisible to others")
    func mainJob() async throws {
        let platform = try await TestPlatform.shared
        let (ours, others) = (try await platform.organization(), try await platform.organization())

        let site = try await ours.admin.post("/sites", ["name": "Barn", "time_zone": "Europe/Berlin"]).expect(201).json
        let model = try await ours.admin.post(
            "/device-models", ["name": "Sensor", "datapoints": [["key": "temperature", "unit": "Cel"]]]
        ).expect(201).json
        let device = try await ours.device(["site_id": site["id"] ?? .null, "model_id": model["id"] ?? .null])
        let rule: JSONValue = [
            "name": "Too warm", "scope": "model", "scope_id": model["id"] ?? .null, "datapoint": "temperature",
            "condition": ["operator": "gt", "value": 30], "severity": "error",
        ]
        try await ours.admin.post("/alarm-rules", rule).expect(201)

        for value in [25.0, 31.5, 33.0] {
            try await device.client.post("/devices/me/telemetry", ["values": ["temperature": .number(value)]]).expect(
                200)
        }
        let alarms = try await ours.admin.get("/alarms?device_id=\(device.id)").expect(200).items
        #expect(alarms.count == 1)
        let alarm = try #require(alarms.first)
        #expect(alarm["state"] == "active")
        #expect(alarm["trigger_value"] == 31.5)
        let id = try #require(alarm["id"]?.string)
        try await ours.admin.post("/alarms/\(id)/acknowledge", ["notes": "On my way"]).expect(200)
        #expect(try await ours.admin.get("/alarms/\(id)").json["state"] == "acknowledged")

        let latest = try await ours.admin.get("/devices/\(device.id)/telemetry/latest").json
        #expect(latest.text.contains("33"))
        let trail = try await ours.admin.get("/audit?resource_kind=alarm").expect(200)
        #expect(trail.items.contains { $0["action"] == "acknowledge" && $0["resource_id"]?.string == id })

        try await others.admin.get("/alarms/\(id)").expect(404)
        try await others.admin.get("/devices/\(device.id)").expect(404)
        #expect(try await others.admin.get("/alarms").items.isEmpty)
        #expect(try await others.admin.get("/devices").items.isEmpty)
    }
}
