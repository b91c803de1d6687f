import JSON
import Kernel
import TestSupport
import Testing
import WebAPI

/// S1 and S2: what belongs to another organization does not exist. Every route that takes an id is tried by every kind of
/// caller with another organization's ids and with ids that nobody has; a new route falls under this by itself. How long
/// the two take is compared by deploy/check-timing.
@Suite struct ForeignIDTests {
    /// Routes that answer an empty page instead of 404, the same for both; with the reason.
    private static let emptyInstead = [
        "GET /api/v1/audit/user/{id}": "a trail may outlive its subject: what nobody did is an empty list",
        "GET /api/v1/audit/resource/{type}/{id}": "a trail may outlive its subject: what nobody did is an empty list",
    ]

    private static func routes(_ platform: TestPlatform) -> [RouteDescription] {
        platform.routes.routes.filter {
            $0.isDocumented && !$0.pathParameters.isEmpty && $0.access != .open && $0.access != .superadmin
        }
    }

    /// Ids of the same form that nobody has.
    private static func random(_ ids: [String: String]) -> [String: String] {
        ids.mapValues { DeviceID($0) == nil ? $0 : DeviceID.make().description }
    }

    /// What an answer says, but for what differs from request to request and for the ids that it was asked for.
    private static func said(_ answer: TestAnswer, _ ids: [String: String]) -> String {
        var text = answer.text
        if case .object(var object) = answer.json {
            object["instance"] = nil
            text = JSONValue.object(object).text
        }
        // Whether the connection stays open depends on whether the body had come when the answer was ready.
        let names = answer.headers.map { $0.name.lowercased() }.filter { $0 != "connection" }.sorted()
            .joined(separator: " ")
        return ids.values.reduce("\(answer.status) [\(names)] \(text)") { $0.replacing($1, with: "ID") }
    }

    @Test("a foreign id answers as a random one does, to every kind of caller, and changes nothing")
    func foreignIDs() async throws {
        let platform = try await TestPlatform.shared
        let (victim, attacker) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let callers = try await Self.callers(attacker)
        let before = try await victim.organization.fingerprint()
        var tried = 0
        for route in Self.routes(platform) {
            let name = "\(route.method) \(route.path)"
            guard let foreign = victim.ids(for: route.path) else {
                Issue.record("\(name) has no fixture: add its ids to WallFixtures")
                continue
            }
            let body = attacker.body(route)
            if route.body == .json, body == nil {
                Issue.record("\(name) has no body: add a good one to WallBodies")
                continue
            }
            let random = Self.random(foreign)
            for (caller, client) in callers {
                // Whoever is not signed in comes from another address each time, for its budget is small.
                let client = client ?? platform.client
                let path = WallFixtures.path
                let onForeign = try await client.send(route.method, path(route.path, foreign), body)
                let onRandom = try await client.send(route.method, path(route.path, random), body)
                #expect(Self.said(onForeign, foreign) == Self.said(onRandom, random), "\(caller): \(name)")
                guard caller == "org_admin", route.access.isForMembers else {
                    let expected = caller == "nobody" ? [401] : [403, 404]
                    #expect(
                        expected.contains(onForeign.status)
                            || Self.emptyInstead[name] != nil && onForeign.items.isEmpty,
                        "\(caller): \(name): \(onForeign.text)")
                    continue
                }
                tried += 1
                if Self.emptyInstead[name] != nil {
                    #expect(onForeign.items.isEmpty, "\(name)")
                } else {
                    #expect(onForeign.status == 404, "\(name): \(onForeign.text)")
                }
            }
        }
        #expect(tried > 40)
        try await victim.organization.expectUnchanged(since: before)
    }

    /// Nobody, each role, a key with every scope, and a device.
    private static func callers(_ attacker: WallFixtures) async throws -> [(name: String, client: TestClient?)] {
        let organization = attacker.organization
        var callers: [(name: String, client: TestClient?)] = [
            ("nobody", nil), ("org_admin", organization.admin),
            ("device", attacker.device.client),
        ]
        for role in ["manager", "operator", "technician", "viewer", "billing"] {
            callers.append((role, try await organization.member(role)))
        }
        let scopes = try await organization.admin.get("/auth/me").expect(200).json["permissions"] ?? []
        let key = try await organization.admin.post("/api-keys", ["name": "All", "scopes": scopes]).expect(201)
        let secret = key.json["secret"]?.string ?? ""
        callers.append(("API key", organization.platform.client.with("X-API-Key", secret)))
        return callers
    }

    @Test("in a path of several ids, one foreign id among one's own answers as a random one there does")
    func mixedIDs() async throws {
        let platform = try await TestPlatform.shared
        let (victim, attacker) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let before = try await victim.organization.fingerprint()
        var tried = 0
        for route in Self.routes(platform) where route.pathParameters.count > 1 && route.access.isForMembers {
            guard let foreign = victim.ids(for: route.path), let own = attacker.ids(for: route.path) else { continue }
            for parameter in route.pathParameters where DeviceID(foreign[parameter] ?? "") != nil {
                var (withForeign, withRandom) = (own, own)
                withForeign[parameter] = foreign[parameter]
                withRandom[parameter] = DeviceID.make().description
                let (client, body) = (attacker.organization.admin, attacker.body(route))
                let onForeign = try await client.send(
                    route.method, WallFixtures.path(route.path, withForeign), body)
                let onRandom = try await client.send(route.method, WallFixtures.path(route.path, withRandom), body)
                let name = "\(route.method) \(route.path), foreign \(parameter)"
                #expect(Self.said(onForeign, withForeign) == Self.said(onRandom, withRandom), "\(name)")
                #expect(
                    onForeign.status == 404 || Self.emptyInstead["\(route.method) \(route.path)"] != nil,
                    "\(name): \(onForeign.text)")
                tried += 1
            }
        }
        #expect(tried > 15)
        try await victim.organization.expectUnchanged(since: before)
    }

    @Test("with their own ids the same requests are let through: the walls are tried with requests that work")
    func ownIDs() async throws {
        let platform = try await TestPlatform.shared
        let own = try await WallFixtures.make(platform)
        for route in Self.routes(platform)
        where route.access.isForMembers && !["DELETE", "POST"].contains(route.method)
            // An organization's limits are set from above it.
            && !(route.method == "PUT" && route.path.hasSuffix("/organizations/{id}/quotas"))
        {
            guard let target = own.target(route) else { continue }
            let answer = try await own.organization.admin.send(route.method, target, own.body(route))
            #expect((200..<300).contains(answer.status), "\(route.method) \(route.path): \(answer.text)")
        }
    }
}

extension RouteAccess {
    /// Whether people of an organization use it.
    var isForMembers: Bool {
        switch self {
        case .permission, .signedIn: true
        case .open, .device, .superadmin: false
        }
    }
}
