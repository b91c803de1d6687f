import JSON
import Kernel
import TestStorage
import TestSupport
import Testing
import WebAPI

/// S2: what belongs to another organization does not exist in bodies, filters, searches, bulk operations and exports either.
/// The places are found in the OpenAPI description: a new operation or field falls under this by itself.
@Suite struct ForeignReferenceTests {
    /// Operations that answer each id of a list by itself, so that one that nobody has is no fault of the request.
    private static let each = ["POST /api/v1/alarms/bulk-acknowledge": "says not_found of each id that is none"]
    /// References that an own id does not make a difference to, with the reason.
    private static let without = [
        "POST /api/v1/auth/refresh /organization_id": "the token of the fixture is refused before",
        "GET /api/v1/telemetry/latest ?device_ids": "either this or the site that the fixture names",
    ]

    /// Operations that answer differently the second time, whatever they are told; with the reason.
    private static let once = [
        "POST /api/v1/devices/{id}/transitions": "the device is there then",
        "POST /api/v1/alarms/{id}/acknowledge": "the alarm is acknowledged then",
        "POST /api/v1/alarms/{id}/clear": "the alarm is cleared then",
    ]

    private struct Attempt {
        let name: String
        let route: RouteDescription
        let place: DescribedPlace
        let target: String
        let own: WallFixtures

        /// The answer with the text in its place, free of what differs from request to request.
        func send(_ client: TestClient, _ text: String) async throws -> (status: Int, said: String) {
            let answer = try await client.send(
                route.method, place.target(target, with: text), place.body(own.body(route), with: text))
            return (answer.status, Self.comparable(answer, given: text))
        }

        private static func comparable(_ answer: TestAnswer, given: String) -> String {
            guard case .object(var object) = answer.json else { return answer.text.replacing(given, with: "GIVEN") }
            for name in ["instance", "next_cursor", "from", "to"] { object[name] = nil }
            return JSONValue.object(object).text.replacing(given, with: "GIVEN")
        }
    }

    private static func attempts(
        _ platform: TestPlatform, by own: WallFixtures, _ wanted: (DescribedPlace) -> Bool
    ) throws -> [Attempt] {
        let places = DescribedPlaces(try OpenAPIDescription(directory: "\(TestDatabase.root)/openapi"))
        var attempts: [Attempt] = []
        for route in platform.routes.routes where route.isDocumented && route.access != .superadmin {
            let name = "\(route.method) \(route.path)"
            if places.isOpaque(route) { Issue.record("\(name): say in openapi/ what its body may hold") }
            let found = places.places(of: route).filter(wanted)
            guard !found.isEmpty else { continue }
            guard let target = own.target(route) else {
                Issue.record("\(name) has no fixture: add its ids to WallFixtures")
                continue
            }
            if route.body != .none, own.body(route) == nil {
                Issue.record("\(name) has no body: add a good one to WallBodies")
            }
            attempts += found.map { place in
                Attempt(name: "\(name) \(place)", route: route, place: place, target: target, own: own)
            }
        }
        // What reads comes first: what writes moves the things that are looked for.
        return attempts.filter { $0.route.method == "GET" } + attempts.filter { $0.route.method != "GET" }
    }

    private static func client(_ own: WallFixtures, _ route: RouteDescription) -> TestClient {
        switch route.access {
        case .device: own.device.client
        case .open: own.organization.platform.client
        default: own.organization.admin
        }
    }

    @Test(
        "an id in a query or body that is another organization's is answered as one that nobody has, and changes nothing"
    )
    func references() async throws {
        let platform = try await TestPlatform.shared
        let (victim, attacker) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let attempts = try Self.attempts(platform, by: attacker, \.isReference)
        let before = try await victim.organization.fingerprint()
        for attempt in attempts {
            let client = Self.client(attacker, attempt.route)
            guard let foreign = victim.reference(attempt.place.name, in: attempt.route),
                let own = attacker.reference(attempt.place.name, in: attempt.route)
            else {
                Issue.record("\(attempt.name) has no fixture: add it to WallFixtures.reference")
                continue
            }
            let random = foreign.replacing(#/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/#) { _ in
                DeviceID.make().description
            }
            let untouched = try await attacker.organization.fingerprint()
            let onForeign = try await attempt.send(client, foreign)
            let onRandom = try await attempt.send(client, random)
            #expect(onForeign == onRandom, "\(attempt.name)")
            #expect(!victim.secrets.contains { $0 != foreign && onForeign.said.contains($0) }, "\(attempt.name)")
            if case .body = attempt.place.location, attempt.route.method != "GET" {
                if Self.each["\(attempt.route.method) \(attempt.route.path)"] == nil {
                    #expect([401, 403, 404, 422].contains(onForeign.status), "\(attempt.name): \(onForeign)")
                }
                // A refused sign-in stands in the trail of whoever's account it is.
                let trail: Set =
                    attempt.route.path.hasSuffix("/auth/login") ? ["audit_entries", "organization_heads"] : []
                try await attacker.organization.expectUnchanged(since: untouched, except: trail, attempt.name)
            }
            if Self.without[attempt.name] == nil, attempt.route.path != "/api/v1/stream" {
                #expect(try await attempt.send(client, own) != onForeign, "\(attempt.name) does not look at its own id")
            }
        }
        #expect(attempts.count > 60)
        try await victim.organization.expectUnchanged(since: before)
    }

    @Test("a word of another organization finds as little as a word that nobody uses, in any query or body")
    func words() async throws {
        let platform = try await TestPlatform.shared
        let (victim, attacker) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let attempts = try Self.attempts(platform, by: attacker) { !$0.isReference }
        let unused = Dictionary(
            uniqueKeysWithValues: zip(victim.words, Self.unused(like: victim.words, of: victim)))
        let before = try await victim.organization.fingerprint()
        for attempt in attempts
        where attempt.route.access != .open && Self.once["\(attempt.route.method) \(attempt.route.path)"] == nil {
            let client = Self.client(attacker, attempt.route)
            var words = victim.words
            if case .body = attempt.place.location { words = [victim.device.key, victim.device.id] }
            for word in words {
                // The same all along, so that what it is given to has the same history.
                let other = try #require(unused[word])
                let onForeign = try await attempt.send(client, word)
                let onUnused = try await attempt.send(client, other)
                #expect(onForeign.status == onUnused.status, "\(attempt.name) \(word): \(onForeign) \(onUnused)")
                if attempt.route.method == "GET" || onForeign.status >= 400 {
                    #expect(onForeign.said == onUnused.said, "\(attempt.name) \(word)")
                }
                let seen = victim.secrets.filter { !word.contains($0) && onForeign.said.contains($0) }
                #expect(seen.isEmpty, "\(attempt.name) \(word)")
            }
        }
        #expect(attempts.count > 60)
        try await victim.organization.expectUnchanged(since: before)
    }

    /// Texts of the same form that nothing is called.
    private static func unused(like words: [String], of victim: WallFixtures) -> [String] {
        let name = "org-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let (key, id) = ("device-\(UInt64.random(in: 0 ... .max))", DeviceID.make().description)
        return words.map {
            $0.replacing(victim.canary, with: name).replacing(victim.device.key, with: key)
                .replacing(victim.device.id, with: id)
        }
    }

    @Test("whatever is read without a filter, exports included, shows nothing of another organization")
    func reads() async throws {
        let platform = try await TestPlatform.shared
        let (victim, reader) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let description = DescribedPlaces(try OpenAPIDescription(directory: "\(TestDatabase.root)/openapi"))
        var read = 0
        for route in platform.routes.routes
        where route.isDocumented && route.method == "GET" && route.access != .superadmin
            && !["/api/v1/ws", "/api/v1/stream"].contains(route.path)
        {
            let name = "\(route.method) \(route.path)"
            guard let target = reader.target(route) else {
                Issue.record("\(name) has no fixture: add its ids to WallFixtures")
                continue
            }
            let formats = description.choices(of: "format", route)
            let targets = [target] + formats.map { target + (target.contains("?") ? "&" : "?") + "format=\($0)" }
            for target in targets {
                let answer = try await Self.client(reader, route).send("GET", target)
                if route.access != .open { #expect(answer.status == 200, "\(target): \(answer.text)") }
                let seen = victim.secrets.filter { answer.text.contains($0) }
                #expect(seen.isEmpty, "\(target) shows \(seen)")
                read += 1
            }
        }
        #expect(read > 40)
    }

    @Test(
        "X-Organization-Id naming an organization that is not one's own answers as one that nobody has, on every operation"
    )
    func selection() async throws {
        let platform = try await TestPlatform.shared
        let (victim, attacker) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let before = try await victim.organization.fingerprint()
        let random = OrganizationID.make().description
        for route in platform.routes.routes where route.isDocumented && route.access.isForMembers {
            // Ids of the victim: with its organization selected they would be found.
            guard let target = victim.target(route) else { continue }
            let client = attacker.organization.admin
            let body = victim.body(route)
            let onForeign = try await client.with("X-Organization-Id", victim.organization.id).send(
                route.method, target, body)
            let onRandom = try await client.with("X-Organization-Id", random).send(route.method, target, body)
            #expect(onForeign.status == 403, "\(route.method) \(route.path): \(onForeign.text)")
            #expect(onForeign.status == onRandom.status && onForeign.code == onRandom.code)
            #expect(onForeign.json["detail"] == onRandom.json["detail"], "\(route.method) \(route.path)")
        }
        try await victim.organization.expectUnchanged(since: before)
    }
}
