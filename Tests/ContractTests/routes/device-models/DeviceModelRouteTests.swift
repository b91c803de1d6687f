import JSON
import TestSupport
import Testing

@Suite("/device-models")
struct DeviceModelRouteTests {
    @Test("a model comes with its datapoints and commands, and a change of a part is a new version of the model")
    func parts() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let made = try await admin.post(
            "/device-models",
            [
                "name": "Flow 2000",
                "datapoints": [["key": "flow", "unit": "L/min", "low": 0, "high": 500], ["key": "t"]],
                "commands": [
                    ["name": "restart"], ["name": "interval", "input": "number", "schema": ["minimum": 1]],
                    ["name": "mode", "input": "select", "schema": ["options": [["value": 1, "label": "One"]]]],
                ],
            ]
        ).expect(201)
        #expect(made.json["datapoints"]?.array?.map { $0["key"] } == ["flow", "t"])
        #expect(made.json["commands"]?.array?.map { $0["name"] } == ["restart", "interval", "mode"])
        let id = made.json["id"]?.string ?? ""
        let added = try await admin.post("/device-models/\(id)/datapoints", ["key": "open", "kind": "boolean"]).expect(
            201)
        #expect(added.json["aggregation"] == "last")
        #expect(try await admin.get("/device-models/\(id)").expect(200).header("ETag") == "\"2\"")
        let path = "/device-models/\(id)/datapoints/\(added.json["id"]?.string ?? "")"
        #expect(try await admin.patch(path, ["label": "Valve"]).expect(200).json["label"] == "Valve")
        #expect(
            try await admin.post("/device-models/\(id)/datapoints", ["key": "flow"]).expect(409).code
                == "already-exists")
        try await admin.delete(path).expect(204)
        try await admin.get(path).expect(404)
    }

    @Test("the input of a command and a schema are held to their forms, fault by fault")
    func faults() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let refused = try await admin.post(
            "/device-models",
            [
                "name": "M", "metadata_schema": ["type": "object", "properties": ["a": ["pattern": "x"]]],
                "datapoints": [["key": "$own"], ["key": "a", "low": 2, "high": 1]],
                "commands": [["name": "a", "input": "select"], ["name": "a", "input": "none", "schema": ["x": 1]]],
            ]
        ).expect(422)
        #expect(
            Set(refused.faults) == [
                "/metadata_schema/properties/a/pattern", "/datapoints/0/key", "/datapoints/1/low",
                "/commands/0/schema/options", "/commands/1/schema/x", "/commands/1/name",
            ])
    }

    @Test("the five device types are there from the beginning, and others can be added")
    func types() async throws {
        let admin = try await TestPlatform.shared.organization().admin
        let seeded = try await admin.get("/device-types?sort=code").expect(200).items.compactMap { $0["code"]?.string }
        #expect(seeded == ["ES", "GW", "MM", "RF", "WE"])
        let made = try await admin.post(
            "/device-types",
            [
                "name": "scale", "code": "SC", "device_class": "smart_sensor",
                "thresholds": ["connection": ["offline_after_seconds": 3600]],
            ]
        ).expect(201)
        let path = "/device-types/\(made.json["id"]?.string ?? "")"
        try await admin.patch(path, ["thresholds": ["connection": ["degraded_after_seconds": 4000]]]).expect(422)
        try await admin.delete(path).expect(204)
    }
}
