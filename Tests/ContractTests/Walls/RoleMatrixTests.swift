import Foundation
import JSON
import Kernel
import TestStorage
import TestSupport
import Testing
import WebAPI

/// S1 and S10: who may use which operation. The server is asked, and the answer held against a file that is reviewed.
@Suite struct RoleMatrixTests {
    private static let roles = ["org_admin", "manager", "operator", "technician", "viewer", "billing"]
    private static let golden = TestDatabase.root + "/Tests/ContractTests/Walls/role-operations.txt"
    /// Would end the session that tries them.
    private static let ending = ["POST /api/v1/auth/logout"]

    private static func tried(_ platform: TestPlatform) -> [RouteDescription] {
        platform.routes.routes.filter {
            $0.isDocumented && $0.access != .open && !ending.contains("\($0.method) \($0.path)")
        }
        .sorted { ($0.path, $0.method) < ($1.path, $1.method) }
    }

    /// Ids that nobody has: what is admitted answers 404 or 422 and changes nothing.
    private static func path(_ route: RouteDescription) -> String {
        var path = route.path
        for name in route.pathParameters {
            path = path.replacing("{\(name)}", with: name == "type" ? "device" : DeviceID.make().description)
        }
        return path
    }

    @Test("without credentials every operation but the open ones answers 401")
    func anonymous() async throws {
        let platform = try await TestPlatform.shared
        for route in Self.tried(platform) {
            let answer = try await platform.client.send(
                route.method, Self.path(route), route.body == .none ? nil : [:])
            #expect(answer.status == 401, "\(route.method) \(route.path): \(answer.text)")
        }
    }

    @Test("each role may do what role-operations.txt says, no more and no less")
    func matrix() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        var clients: [(role: String, client: TestClient)] = []
        for role in Self.roles { clients.append((role, try await organization.member(role))) }
        clients.append(("superadmin", platform.superadmin))
        clients.append(("device", try await organization.device().client))
        var lines: [String] = []
        for route in Self.tried(platform) {
            var admitted: [String] = []
            for (role, client) in clients {
                let body: JSONValue? = route.body == .none ? nil : [:]
                let answer = try await client.send(route.method, Self.path(route), body)
                #expect(
                    answer.status < 500 && answer.status != 401,
                    "\(role): \(route.method) \(route.path): \(answer.text)")
                if answer.status != 403 { admitted.append(role) }
            }
            lines.append("\(route.method) \(route.path): \(admitted.joined(separator: " "))")
        }
        let found = lines.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["ROOKERY_TESTS_WRITE_GOLDEN"] != nil {
            try found.write(toFile: Self.golden, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOfFile: Self.golden, encoding: .utf8).split(separator: "\n").map(String.init)
        for line in Set(lines).symmetricDifference(expected).sorted() {
            Issue.record(
                "differs: \(line) — if it is meant, run the tests with ROOKERY_TESTS_WRITE_GOLDEN=1 and review the file"
            )
        }
    }
}
