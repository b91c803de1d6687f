import JSON
import Kernel
import TestSupport
import Testing
import WebAPI

/// S1 and S2: what belongs to another organization does not exist. Every route that takes an id is tried with another
/// organization's ids and with ids that nobody has; a new route falls under this by itself.
@Suite struct ForeignIDTests {
    /// Routes that answer an empty page instead of 404, the same for both; with the reason.
    private static let emptyInstead = [
        "GET /api/v1/audit/user/{id}": "a trail may outlive its subject: what nobody did is an empty list",
        "GET /api/v1/audit/resource/{type}/{id}": "a trail may outlive its subject: what nobody did is an empty list",
    ]

    @Test("a foreign id answers as a random one does, and changes nothing")
    func foreignIDs() async throws {
        let platform = try await TestPlatform.shared
        let (victim, attacker) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let before = try await victim.organization.fingerprint()
        var tried = 0
        for route in platform.routes.routes
        where route.isDocumented && !route.pathParameters.isEmpty && route.access.isForMembers {
            let name = "\(route.method) \(route.path)"
            guard let foreign = victim.ids(for: route.path) else {
                Issue.record("\(name) has no fixture: add its ids to WallFixtures")
                continue
            }
            let body = attacker.body(route)
            if route.body == .json, body == nil {
                Issue.record("\(name) has no body: add a good one to WallFixtures.bodies")
                continue
            }
            let random = foreign.mapValues { DeviceID($0) == nil ? $0 : DeviceID.make().description }
            let client = attacker.organization.admin
            let onForeign = try await client.send(route.method, Self.path(route.path, foreign), body)
            let onRandom = try await client.send(route.method, Self.path(route.path, random), body)
            tried += 1
            #expect(onForeign.status == onRandom.status, "\(name): \(onForeign.text)")
            #expect(onForeign.code == onRandom.code, "\(name)")
            #expect(onForeign.json["detail"] == onRandom.json["detail"], "\(name)")
            if Self.emptyInstead[name] != nil {
                #expect(onForeign.items.isEmpty, "\(name)")
            } else {
                #expect(onForeign.status == 404, "\(name): \(onForeign.text)")
            }
        }
        #expect(tried > 40)
        #expect(try await victim.organization.fingerprint() == before)
    }

    @Test("with their own ids the same requests are let through: the walls are tried with requests that work")
    func ownIDs() async throws {
        let platform = try await TestPlatform.shared
        let own = try await WallFixtures.make(platform)
        for route in platform.routes.routes
        where route.isDocumented && !route.pathParameters.isEmpty && route.access.isForMembers
            && !["DELETE", "POST"].contains(route.method)
            // An organization's limits are set from above it.
            && !(route.method == "PUT" && route.path.hasSuffix("/organizations/{id}/quotas"))
        {
            guard let ids = own.ids(for: route.path) else { continue }
            let client = own.organization.admin
            let answer = try await client.send(route.method, Self.path(route.path, ids), own.body(route))
            #expect((200..<300).contains(answer.status), "\(route.method) \(route.path): \(answer.text)")
        }
    }

    private static func path(_ template: String, _ ids: [String: String]) -> String {
        ids.reduce(template) { $0.replacing("{\($1.key)}", with: $1.value) }
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
