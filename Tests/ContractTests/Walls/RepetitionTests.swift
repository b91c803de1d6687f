import JSON
import TestSupport
import Testing
import WebAPI

/// S27 and S28 on every operation that they concern; a new one falls under this by itself.
@Suite struct RepetitionTests {
    @Test("50 parallel requests with one Idempotency-Key have one effect, another body is refused, on every POST (S27)")
    func idempotency() async throws {
        let platform = try await TestPlatform.shared
        let own = try await WallFixtures.make(platform)
        var tried = 0
        for route in platform.routes.routes
        where route.isDocumented && route.takesIdempotencyKey && route.access.isForMembers {
            let name = "\(route.method) \(route.path)"
            guard let target = own.target(route) else {
                Issue.record("\(name) has no fixture: add its ids to WallFixtures")
                continue
            }
            let body = own.body(route)
            let client = own.organization.admin.with("Idempotency-Key", "key-\(UInt64.random(in: 0 ... .max))")
            let answers = try await withThrowingTaskGroup { group in
                for _ in 0..<50 { group.addTask { try await client.send(route.method, target, body) } }
                return try await group.reduce(into: [TestAnswer]()) { $0.append($1) }
            }
            let done = answers.filter { $0.status < 300 }
            let refused = answers.filter { $0.status >= 300 }
            #expect(!done.isEmpty, "\(name): \(refused.first?.text ?? "")")
            #expect(Set(done.map(\.text)).count <= 1, "\(name) had more than one effect")
            #expect(
                refused.allSatisfy { $0.status == 409 && $0.code == "request-in-progress" },
                "\(name): \(refused.first { $0.code != "request-in-progress" }?.text ?? "")")
            let again = try await client.send(route.method, target, body)
            #expect(again.text == done.first?.text && again.status == done.first?.status, "\(name)")
            if route.body != .none {
                let other = (body ?? [:]).merging(["something": "else"])
                let answer = try await client.send(route.method, target, other)
                #expect(answer.status == 422 && answer.code == "idempotency-key-reused", "\(name): \(answer.text)")
            }
            tried += 1
        }
        #expect(tried > 10)
    }

    @Test("of twenty racing changes of one version one wins, and a stale one is refused, on every resource (S28)")
    func versions() async throws {
        let platform = try await TestPlatform.shared
        let own = try await WallFixtures.make(platform)
        let admin = own.organization.admin
        let routes = platform.routes.routes.filter { $0.isDocumented && $0.access.isForMembers }
        var tried = 0
        for route in routes where ["PUT", "PATCH"].contains(route.method) && !route.pathParameters.isEmpty {
            let name = "\(route.method) \(route.path)"
            guard routes.contains(where: { $0.method == "GET" && $0.path == route.path }),
                // An organization's limits are set from above it.
                !route.path.hasSuffix("/organizations/{id}/quotas")
            else { continue }
            guard let target = own.target(route) else {
                Issue.record("\(name) has no fixture: add its ids to WallFixtures")
                continue
            }
            let tag = try #require(try await admin.get(target).expect(200).header("etag"), "\(name)")
            let client = admin.with("If-Match", tag)
            let answers = try await withThrowingTaskGroup { group in
                for number in 0..<20 {
                    let body = Self.change(route, own, number)
                    group.addTask { try await client.send(route.method, target, body) }
                }
                return try await group.reduce(into: [TestAnswer]()) { $0.append($1) }
            }
            let won = answers.filter { (200..<300).contains($0.status) }
            let lost = answers.filter { $0.status == 412 && $0.code == "precondition-failed" }
            #expect(
                won.count == 1 && lost.count == 19,
                "\(name): \(answers.map(\.status)) \(answers.first { $0.status != 412 }?.text ?? "")")
            let now = try await admin.get(target).expect(200)
            #expect(now.header("etag") != tag && now.header("etag") == won.first?.header("etag"), "\(name)")
            tried += 1
        }
        for route in routes
        where route.method == "DELETE" && !route.pathParameters.isEmpty
            // An organization is deleted from above it.
            && !route.path.hasSuffix("/organizations/{id}")
        {
            guard routes.contains(where: { $0.method == "GET" && $0.path == route.path }),
                let target = own.target(route),
                let tag = try await admin.get(target).header("etag")
            else { continue }
            let stale = tag == "\"0\"" ? "\"1\"" : "\"0\""
            let answer = try await admin.with("If-Match", stale).delete(target)
            #expect(answer.status == 412, "DELETE \(route.path): \(answer.text)")
            try await admin.get(target).expect(200)
            tried += 1
        }
        #expect(tried > 20)
    }

    /// A change that makes a new version, a different one for each number.
    private static func change(_ route: RouteDescription, _ own: WallFixtures, _ number: Int) -> JSONValue {
        // Another name than any before: a change to what is there already makes no version.
        let name = JSONValue.string("changed-\(number)-\(route.method.lowercased())")
        let member = route.path.hasSuffix("/{datapoint_id}") ? "label" : "name"
        let changed: JSONValue = [member: name]
        return route.method == "PATCH" ? changed : (own.body(route) ?? [:]).merging(changed)
    }
}
