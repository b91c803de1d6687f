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
        #expect(Set(groups.map { $0["correlation_key"] ?? .null }) == ["k1", .null])
        #expect(groups.first { $0["correlation_key"] == "k1" }?["severity"] == "error")
    }
}
