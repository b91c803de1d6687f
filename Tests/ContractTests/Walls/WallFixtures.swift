import JSON
import Kernel
import Logging
import PostgresClient
import TestStorage
import TestSupport
import Testing
import WebAPI

/// Two of everything in an organization, and a good request for every operation: what the walls are tried with.
///
/// A route that is not here makes the wall tests fail by its name: add the ids of its path to ``ids(for:)``, those of its
/// query and body to ``reference(_:in:)``, a good body to ``body(_:)`` and a good query to ``query(_:)``.
struct WallFixtures: Sendable {
    let organization: TestOrganization
    let device: TestDevice
    private let named: [String: String]
    private let parts: WallParts

    /// Stands in every name of this organization and nowhere else.
    var canary: String { organization.name }

    static func make(_ platform: TestPlatform) async throws -> WallFixtures {
        let organization = try await platform.organization()
        let parts = try await WallParts.make(organization)
        return WallFixtures(
            organization: organization, device: parts.device, named: parts.named(organization), parts: parts)
    }

    /// What identifies something of this organization without being an id: what searches and filters are given.
    var words: [String] {
        [
            device.key, "Device \(canary)", "S-\(canary)", "tag-\(canary)", "admin@\(canary).test", canary,
            "Site \(canary)", "Rule \(canary)", "Model \(canary)", "correlation-\(canary)", "device:\(device.id)",
            device.id,
        ]
    }

    /// What somebody of another organization must never see in an answer.
    var secrets: [String] { [canary] + parts.all }

    // MARK: - Paths

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

    /// The path of a route with this organization's ids, and the query that the route needs.
    func target(_ route: RouteDescription) -> String? {
        ids(for: route.path).map { Self.path(route.path, $0) + query(route) }
    }

    static func path(_ template: String, _ ids: [String: String]) -> String {
        ids.reduce(template) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    // MARK: - References

    /// What stands in a query or body for something of this organization.
    /// - Parameter name: the parameter's, or the last name on the way to it in the body.
    func reference(_ name: String, in route: RouteDescription) -> String? {
        switch name {
        case "device_id", "device_ids", "device", "resource_id": parts.device.id
        case "gateway_id": parts.gateway
        case "site_id": parts.sites[0]
        case "zone_id": parts.zones[0]
        case "model_id", "scope_id": parts.models[0]
        case "product_id": parts.product
        case "type_id": parts.types[0]
        // The alarms of the first two are open, those of the last two cleared.
        case "rule_id": route.path.hasSuffix("/history") ? parts.rules[2] : parts.rules[0]
        case "alarm_ids": parts.alarms[1]
        case "actor_id": parts.person
        case "session_id": parts.session
        case "organization_id": organization.id
        case "parent_id": route.path.contains("/zones") ? parts.zones[1] : organization.id
        case "topics": "device:\(parts.device.id)"
        default: nil
        }
    }

    // MARK: - Requests

    /// The query without which the operation refuses.
    func query(_ route: RouteDescription) -> String {
        switch route.path.dropFirst(APIRoutes.prefix.count) {
        case "/telemetry/latest": "?site_id=\(parts.sites[0])"
        case "/devices/{id}/telemetry/history": "?keys=temperature"
        case "/stream": "?topics=device:\(device.id)"
        default: ""
        }
    }

    /// A body that the operation takes, with references into this organization. Each one makes something new.
    func body(_ route: RouteDescription) -> JSONValue? {
        if route.body == .none { return nil }
        if route.method == "PATCH" { return [:] }
        let unique = "\(UInt64.random(in: 0 ... .max))"
        return WallBodies(canary: canary, unique: unique, parts: parts)[
            "\(route.method) \(route.path.dropFirst(APIRoutes.prefix.count))"]
    }
}
