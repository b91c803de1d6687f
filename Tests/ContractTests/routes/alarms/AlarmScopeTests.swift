import JSON
import TestSupport
import Testing

/// Alarms that nobody judges any more: the device went elsewhere or ended, the rule watches something else.
@Suite("Alarms whose rule no longer covers the device")
struct AlarmScopeTests {
    /// An organization with two sites, a rule at the first, and a device there that raised an alarm.
    private struct Farm {
        let organization: TestOrganization
        let (here, there): (String, String)
        let rule: JSONValue
        let device: TestDevice
        let alarm: String

        var admin: TestClient { organization.admin }

        static func make() async throws -> Farm {
            let organization = try await TestPlatform.shared.organization()
            var sites: [String] = []
            for name in ["Here", "There"] {
                let site = try await organization.admin.post("/sites", ["name": .string(name)]).expect(201)
                sites.append(try #require(site.json["id"]?.string))
            }
            let rule: JSONValue = [
                "name": "Low flow", "scope": "site", "scope_id": .string(sites[0]), "datapoint": "flow",
                "condition": ["operator": "lt", "value": 80],
            ]
            let made = try await organization.admin.post("/alarm-rules", rule).expect(201)
            let device = try await organization.device(["site_id": .string(sites[0])])
            try await device.client.post("/devices/me/telemetry", ["values": ["flow": 70]]).expect(200)
            let alarm = try #require(
                try await organization.admin.get("/alarms/active").expect(200).items.first?["id"]?.string)
            return Farm(
                organization: organization, here: sites[0], there: sites[1], rule: made.json, device: device,
                alarm: alarm)
        }

        /// The alarm is cleared for this reason, and one event says so.
        func expectCleared(_ reason: String, _ location: SourceLocation = #_sourceLocation) async throws {
            let cleared = try await admin.get("/alarms/\(alarm)").expect(200).json
            #expect(cleared["state"] == "cleared", sourceLocation: location)
            #expect(cleared["clear_reason"] == .string(reason), sourceLocation: location)
            #expect(cleared["auto_cleared"] == false, sourceLocation: location)
            let events = try await admin.get("/events?type=alarm.cleared&correlation_key=\(alarm)").expect(200).items
            #expect(events.map { $0["message"] } == [.string(reason)], sourceLocation: location)
            let steps = try await admin.get("/alarms/\(alarm)/timeline").expect(200).items
            #expect(steps.compactMap { $0["data"]?["to"]?.string } == ["cleared"], sourceLocation: location)
        }
    }

    @Test("a device that moves to another site leaves its alarm behind, cleared once and told live")
    func moved() async throws {
        let farm = try await Farm.make()
        let bearer = try #require(farm.admin.headers.first { $0.0 == "Authorization" })
        let socket = try await TestSocket.open(farm.organization.platform.url, headers: [bearer])
        _ = try await socket.receive()
        try await socket.send(["type": "subscribe", "id": 1, "topics": ["alarm:*"]])
        while try await socket.receive()?["type"] != "ack" {}
        let path = "/devices/\(farm.device.id)"
        try await farm.admin.patch(path, ["name": "Renamed"]).expect(200)
        #expect(try await farm.admin.get("/alarms/\(farm.alarm)").expect(200).json["state"] == "active")
        try await farm.admin.patch(path, ["site_id": .string(farm.there)]).expect(200)
        try await farm.expectCleared("device_moved")
        // Elsewhere the rule says nothing; back again it begins anew.
        try await farm.device.client.post("/devices/me/telemetry", ["values": ["flow": 60]]).expect(200)
        #expect(try await farm.admin.get("/alarms/active").expect(200).items.isEmpty)
        try await farm.admin.patch(path, ["site_id": .string(farm.here)]).expect(200)
        try await eventually {
            try await farm.device.client.post("/devices/me/telemetry", ["values": ["flow": 50]]).expect(200)
            return try await farm.admin.get("/alarms/active").expect(200).items.count == 1
        }
        var heard: [String] = []
        while heard.last != "raised", let event = try await socket.receive(type: "event") {
            heard.append(event["data"]?["action"]?.string ?? "")
        }
        #expect(heard == ["cleared", "raised"])
        await socket.close()
        try await farm.expectCleared("device_moved")
    }

    @Test("a device that is decommissioned or deleted has no open alarm")
    func ended() async throws {
        let retired = try await Farm.make()
        try await retired.admin.post("/devices/\(retired.device.id)/transitions", ["to": "decommissioned"]).expect(200)
        try await retired.expectCleared("device_decommissioned")
        let deleted = try await Farm.make()
        try await deleted.admin.delete("/devices/\(deleted.device.id)").expect(204)
        try await deleted.expectCleared("device_deleted")
    }

    @Test(
        "a rule that is disabled, deleted or watches another datapoint clears its alarms, one with another bound does not"
    )
    func rules() async throws {
        let changed = try await Farm.make()
        let path = "/alarm-rules/\(changed.rule["id"]?.string ?? "")"
        try await changed.admin.patch(path, ["condition": ["operator": "lt", "value": 75]]).expect(200)
        #expect(try await changed.admin.get("/alarms/\(changed.alarm)").expect(200).json["state"] == "active")
        try await changed.admin.patch(path, ["datapoint": "level"]).expect(200)
        try await changed.expectCleared("rule_changed")
        let disabled = try await Farm.make()
        try await disabled.admin.patch("/alarm-rules/\(disabled.rule["id"]?.string ?? "")", ["enabled": false]).expect(
            200)
        try await disabled.expectCleared("rule_disabled")
        let deleted = try await Farm.make()
        try await deleted.admin.delete("/alarm-rules/\(deleted.rule["id"]?.string ?? "")").expect(204)
        try await deleted.expectCleared("rule_deleted")
    }

    @Test("while the condition holds, a rule that cleared its alarms raises one again as soon as it watches again")
    func watchesAgain() async throws {
        let farm = try await Farm.make()
        let path = "/alarm-rules/\(farm.rule["id"]?.string ?? "")"
        func openAlarms() async throws -> Int {
            try await farm.device.client.post("/devices/me/telemetry", ["values": ["flow": 70]]).expect(200)
            return try await farm.admin.get("/alarms/active").expect(200).items.count
        }
        try await farm.admin.patch(path, ["enabled": false]).expect(200)
        #expect(try await openAlarms() == 0)
        try await farm.admin.patch(path, ["enabled": true]).expect(200)
        try await eventually { try await openAlarms() == 1 }
        try await farm.admin.patch(path, ["datapoint": "level"]).expect(200)
        try await farm.admin.patch(path, ["datapoint": "flow"]).expect(200)
        try await eventually { try await openAlarms() == 1 }
    }
}
