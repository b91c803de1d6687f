import JSON
import Kernel
import Realtime
import TestSupport
import Testing

/// S2 on live connections: another organization's topics are as if there were none, and nothing of it is ever heard.
@Suite struct ForeignSocketTests {
    /// One topic of each kind. A new kind does not compile here until it is tried, too.
    private static func topics(device: DeviceID, site: SiteID, alarm: AlarmID) -> [RealtimeTopic] {
        let all: [RealtimeTopic] = [.organization, .alarms, .device(device), .site(site), .alarm(alarm)]
        for topic in all {
            switch topic {
            case .organization, .alarms, .device, .site, .alarm: continue
            }
        }
        return all
    }

    private static func topics(_ fixtures: WallFixtures) throws -> [RealtimeTopic] {
        topics(
            device: try #require(DeviceID(fixtures.device.id)),
            site: try #require(fixtures.ids(for: "/sites/{id}")?["id"].flatMap { SiteID($0) }),
            alarm: try #require(fixtures.ids(for: "/alarms/{id}")?["id"].flatMap { AlarmID($0) }))
    }

    private static func open(_ fixtures: WallFixtures) async throws -> TestSocket {
        let headers = fixtures.organization.admin.headers
        let socket = try await TestSocket.open(fixtures.organization.platform.url, headers: headers)
        #expect(try await socket.receive()?["type"] == "welcome")
        return socket
    }

    /// The same request about a foreign topic and about one that names nothing.
    private static func message(_ kind: String, _ topic: String) -> JSONValue {
        var message: JSONValue = ["type": .string(kind), "id": 1, "topics": [.string(topic)]]
        if kind == "resume" { message = message.merging(["epoch": "another", "since": 0]) }
        return message
    }

    @Test(
        "a foreign topic is refused as one that names nothing, alone and among one's own, by subscribing and by resuming"
    )
    func refusals() async throws {
        let platform = try await TestPlatform.shared
        let (victim, attacker) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let own = try Self.topics(attacker)
        let nothing = Self.topics(device: .make(), site: .make(), alarm: .make())
        let socket = try await Self.open(attacker)
        var tried = 0
        for ((foreign, random), mine) in zip(zip(try Self.topics(victim), nothing), own)
        where foreign.description != mine.description {
            for kind in ["subscribe", "resume"] {
                try await socket.send(Self.message(kind, foreign.description))
                let onForeign = try #require(try await socket.receive())
                try await socket.send(Self.message(kind, random.description))
                #expect(try await socket.receive() == onForeign, "\(kind) \(foreign)")
                #expect(onForeign["type"] == "error" && onForeign["code"] == "not-found", "\(kind) \(foreign)")
                let mixed: JSONValue = [.string(mine.description), .string(foreign.description)]
                try await socket.send(Self.message(kind, "").merging(["topics": mixed]))
                #expect(try await socket.receive() == onForeign, "\(kind) \(foreign) among own topics")
            }
            let stream = "/stream?topics=\(mine.description.replacing("*", with: "%2A")),"
            let refused = try await attacker.organization.admin.get(stream + foreign.description).expect(404)
            let unknown = try await attacker.organization.admin.get(stream + random.description).expect(404)
            #expect(refused.json["detail"] == unknown.json["detail"])
            tried += 1
        }
        #expect(tried == 3, "topics with an id")
        let seen = try await attacker.organization.admin.get("/realtime/connections").expect(200)
        #expect(seen.items.first?["topics"] == [], "a refused message left a topic behind")
        await socket.close()
    }

    @Test("whatever happens in another organization, a listener to everything hears its own organization alone")
    func events() async throws {
        let platform = try await TestPlatform.shared
        let (victim, listener) = (try await WallFixtures.make(platform), try await WallFixtures.make(platform))
        let socket = try await Self.open(listener)
        let topics = try Self.topics(listener).map { JSONValue.string($0.description) }
        try await socket.send(["type": "subscribe", "topics": .array(topics)])
        #expect(try await socket.receive()?["type"] == "ack")
        for fixtures in [victim, listener] {
            let (admin, device) = (fixtures.organization.admin, fixtures.device)
            try await device.client.post("/devices/me/telemetry", ["values": ["temperature": 20]]).expect(200)
            try await device.client.post("/devices/me/telemetry", ["values": ["temperature": 97]]).expect(200)
            try await admin.post("/devices/\(device.id)/events", ["type": "state_change", "title": "Door"]).expect(201)
            try await admin.post("/devices/\(device.id)/transitions", ["to": "maintenance"]).expect(200)
            let alarms = try await admin.get("/alarms/active").expect(200).items
            let alarm = try #require(alarms.first?["id"]?.string)
            try await admin.post("/alarms/\(alarm)/acknowledge", [:]).expect(200)
        }
        var heard: [JSONValue] = []
        while let event = try await socket.receive(type: "event") {
            heard.append(event)
            if event["data"]?["action"]?.string == "acknowledged" { break }
        }
        let kinds = Set(heard.compactMap { $0["kind"]?.string })
        #expect(kinds.isSuperset(of: ["telemetry", "alarm", "event"]))
        for event in heard {
            let seen = victim.secrets.filter { event.text.contains($0) }
            #expect(seen.isEmpty, "\(event.text)")
        }
        await socket.close()
    }
}
