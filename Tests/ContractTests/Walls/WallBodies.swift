import JSON
import TestSupport

/// A good body for every operation that takes one, by method and path.
struct WallBodies {
    private let bodies: [String: JSONValue]

    /// - Parameter unique: stands in what may exist once only.
    init(canary: String, unique: String, parts: WallParts) {
        let device: JSONValue = [
            "name": "Device", "type_id": .string(parts.types[0]), "site_id": .string(parts.sites[0]),
        ]
        let rule = WallParts.rule("Rule \(unique)", parts.models[0])
        var bodies: [String: JSONValue] = [:]
        bodies["POST /alarm-rules"] = rule
        bodies["PUT /alarm-rules/{id}"] = rule
        bodies["POST /alarm-rules/{id}/test"] = [
            "samples": [["at": "2026-01-01T00:00:00Z", "value": 31]] as JSONValue
        ]
        bodies["POST /alarms/bulk-acknowledge"] = ["alarm_ids": [.string(parts.alarms[1])]]
        bodies["POST /alarms/{id}/acknowledge"] = [:]
        bodies["POST /alarms/{id}/clear"] = [:]
        bodies["POST /alarms/{id}/comments"] = ["body": "Seen"]
        bodies["POST /api-keys"] = ["name": .string("Key \(unique)"), "scopes": ["devices:read"]]
        bodies["PUT /api-keys/{id}"] = ["name": "Key", "scopes": ["devices:read"]]
        bodies["POST /auth/login"] = [
            "email": .string("admin@\(canary).test"), "password": .string(TestPlatform.password),
        ]
        bodies["POST /auth/refresh"] = ["refresh_token": "rk_ref_none"]
        bodies["POST /device-models"] = ["name": .string("Model \(unique)")]
        bodies["PUT /device-models/{id}"] = ["name": .string("Model \(unique)")]
        bodies["POST /device-models/{id}/commands"] = ["name": .string("reset-\(unique)")]
        bodies["PUT /device-models/{id}/commands/{command_id}"] = ["name": "ping"]
        bodies["POST /device-models/{id}/datapoints"] = ["key": .string("humidity-\(unique)")]
        bodies["PUT /device-models/{id}/datapoints/{datapoint_id}"] = ["key": "humidity"]
        let type: JSONValue = [
            "name": .string("Type \(unique)"), "code": .string("T\(unique.suffix(6))"), "device_class": "smart_sensor",
        ]
        bodies["POST /device-types"] = type
        bodies["PUT /device-types/{id}"] = type
        bodies["POST /devices"] = device.merging(["device_key": .string("key-\(unique)")])
        bodies["PUT /devices/{id}"] = device
        bodies["POST /devices/{id}/credentials"] = [:]
        bodies["POST /devices/{id}/credentials/{credential_id}/rotate"] = [:]
        bodies["POST /devices/{id}/events"] = ["type": "state_change", "title": "Door opened"]
        bodies["POST /devices/{id}/telemetry"] = ["values": ["temperature": 21]]
        bodies["POST /devices/{id}/transitions"] = ["to": "maintenance"]
        bodies["POST /organizations"] = ["slug": .string("org-\(unique)"), "name": "Child"]
        bodies["PUT /organizations/{id}"] = ["name": "Organization"]
        bodies["PUT /organizations/{id}/quotas"] = [:]
        bodies["POST /sites"] = ["name": .string("Site \(unique)")]
        bodies["PUT /sites/{id}"] = ["name": .string("Site \(unique)")]
        bodies["POST /sites/{id}/zones"] = ["name": .string("Zone \(unique)"), "kind": "barn"]
        bodies["PUT /sites/{id}/zones/{zone_id}"] = ["name": .string("Zone \(unique)"), "kind": "barn"]
        bodies["POST /telemetry/batch"] = [
            "messages": [["device": .string(parts.device.id), "values": ["temperature": 21]] as JSONValue]
        ]
        bodies["POST /telemetry/ingest"] = ["values": ["temperature": 21]]
        bodies["POST /users"] = [
            "email": .string("user-\(unique)@\(canary).test"), "name": "Somebody", "roles": ["viewer"],
            "password": .string(TestPlatform.password),
        ]
        bodies["PUT /users/{id}"] = ["name": "Somebody"]
        bodies["PUT /users/{id}/roles"] = ["roles": ["org_admin"]]
        self.bodies = bodies
    }

    subscript(_ operation: String) -> JSONValue? { bodies[operation] }
}
