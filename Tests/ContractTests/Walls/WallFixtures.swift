import JSON
import TestSupport
import Testing
import WebAPI

/// One of everything in an organization, and a good body for every operation: what the walls are tried with.
///
/// A route that is not here makes the wall tests fail by its name: add its ids to ``ids(for:)`` and, when it takes a body, a
/// good one to ``bodies``.
struct WallFixtures: Sendable {
    let organization: TestOrganization
    private let named: [String: String]

    static func make(_ platform: TestPlatform) async throws -> WallFixtures {
        let organization = try await platform.organization()
        let admin = organization.admin
        func id(_ answer: TestAnswer) -> String { answer.expect(201).json["id"]?.string ?? "" }

        let site = id(try await admin.post("/sites", ["name": "Site"]))
        let zone = id(try await admin.post("/sites/\(site)/zones", ["name": "Zone", "kind": "barn"]))
        let model = id(try await admin.post("/device-models", ["name": "Model"]))
        let datapoint = id(try await admin.post("/device-models/\(model)/datapoints", ["key": "temperature"]))
        let command = id(try await admin.post("/device-models/\(model)/commands", ["name": "ping"]))
        let device = try await organization.device(["site_id": .string(site), "model_id": .string(model)])
        let credential = id(try await admin.post("/devices/\(device.id)/credentials", [:]))
        let rule = id(try await admin.post("/alarm-rules", rule(model)))
        try await device.client.post("/devices/me/telemetry", ["values": ["temperature": 99]]).expect(200)
        let alarm = try await admin.get("/alarms").expect(200).items.first?["id"]?.string ?? ""
        let types = try await admin.get("/device-types").expect(200).items
        let key = id(try await admin.post("/api-keys", ["name": "Key", "scopes": ["devices:read"]]))
        let person = try await admin.get("/auth/me").expect(200).json["id"]?.string ?? ""
        let sessions = try await admin.get("/auth/sessions").expect(200).items
        return WallFixtures(
            organization: organization,
            named: [
                "organizations": organization.id, "sites": site, "zone_id": zone, "device-models": model,
                "datapoint_id": datapoint, "command_id": command, "devices": device.id, "device": device.id,
                "credential_id": credential, "alarm-rules": rule, "alarms": alarm,
                "device-types": types.first?["id"]?.string ?? "", "api-keys": key, "users": person, "user": person,
                "sessions": sessions.first?["id"]?.string ?? "", "type": "device", "resource": device.id,
                "tiers": "free",
            ])
    }

    /// What stands in a path for a parameter: by its own name, or for `{id}` by the segment before it.
    func ids(for path: String) -> [String: String]? {
        var result: [String: String] = [:]
        var before = ""
        let segments = path.split(separator: "/").map(String.init)
        for segment in segments {
            guard segment.hasPrefix("{") else {
                before = segment
                continue
            }
            let parameter = String(segment.dropFirst().dropLast())
            let isResource = segments.contains("resource") && parameter == "id"
            let isGeneric = parameter == "id" || parameter == "name"
            guard let value = named[isResource ? "resource" : isGeneric ? before : parameter], !value.isEmpty else {
                return nil
            }
            result[parameter] = value
        }
        return result
    }

    private static func rule(_ model: String) -> JSONValue {
        [
            "name": "Rule", "scope": "model", "scope_id": .string(model), "datapoint": "temperature",
            "condition": ["operator": "gt", "value": 30],
        ]
    }

    /// A body that the operation takes, with references into this organization.
    func body(_ route: RouteDescription) -> JSONValue? {
        if route.body == .none { return nil }
        if route.method == "PATCH" { return [:] }
        return bodies["\(route.method) \(route.path.dropFirst(APIRoutes.prefix.count))"]
    }

    private var bodies: [String: JSONValue] {
        var bodies: [String: JSONValue] = [:]
        bodies["PUT /alarm-rules/{id}"] = Self.rule(named["device-models"] ?? "")
        bodies["POST /alarm-rules/{id}/test"] = [
            "samples": [["at": "2026-01-01T00:00:00Z", "value": 31]] as JSONValue
        ]
        bodies["POST /alarms/{id}/acknowledge"] = [:]
        bodies["POST /alarms/{id}/clear"] = [:]
        bodies["POST /alarms/{id}/comments"] = ["body": "Seen"]
        bodies["PUT /api-keys/{id}"] = ["name": "Key", "scopes": ["devices:read"]]
        bodies["PUT /device-models/{id}"] = ["name": "Model"]
        bodies["POST /device-models/{id}/commands"] = ["name": "reset"]
        bodies["PUT /device-models/{id}/commands/{command_id}"] = ["name": "ping"]
        bodies["POST /device-models/{id}/datapoints"] = ["key": "humidity"]
        bodies["PUT /device-models/{id}/datapoints/{datapoint_id}"] = ["key": "temperature"]
        bodies["PUT /device-types/{id}"] = ["name": "type", "code": "T9", "device_class": "smart_sensor"]
        bodies["PUT /devices/{id}"] = [
            "name": "Device", "type_id": .string(named["device-types"] ?? ""),
        ]
        bodies["POST /devices/{id}/credentials"] = [:]
        bodies["POST /devices/{id}/credentials/{credential_id}/rotate"] = [:]
        bodies["POST /devices/{id}/events"] = ["type": "state_change", "title": "Door opened"]
        bodies["POST /devices/{id}/telemetry"] = ["values": ["temperature": 21]]
        bodies["POST /devices/{id}/transitions"] = ["to": "maintenance"]
        bodies["PUT /organizations/{id}"] = ["name": "Organization"]
        bodies["PUT /organizations/{id}/quotas"] = [:]
        bodies["PUT /sites/{id}"] = ["name": "Site"]
        bodies["POST /sites/{id}/zones"] = ["name": "Other zone", "kind": "barn"]
        bodies["PUT /sites/{id}/zones/{zone_id}"] = ["name": "Zone", "kind": "barn"]
        bodies["PUT /users/{id}"] = ["name": "Somebody"]
        bodies["PUT /users/{id}/roles"] = ["roles": ["org_admin"]]
        return bodies
    }
}
