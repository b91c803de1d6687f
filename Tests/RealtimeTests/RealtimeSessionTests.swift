import JSON
import Kernel
import Realtime
import Tenancy
import Testing

@Suite("The conversation with a live client")
struct RealtimeSessionTests {
    let organization = OrganizationID.make()
    let device = DeviceID.make()
    let hub = RealtimeHub()

    private func session(
        permissions: Permissions = Set(Permission.allCases), unknown: Set<RealtimeTopic> = []
    ) throws -> RealtimeSession {
        RealtimeSession(
            hub: hub, connection: try hub.connect(in: organization, permissions: permissions),
            reader: StubReader(unknown: unknown))
    }

    private func say(_ session: RealtimeSession, _ message: JSONValue) async throws -> JSONValue {
        await session.receive(message.bytes)
        return try #require(session.connection.answers.last)
    }

    @Test("a client is welcomed, subscribes, hears, unsubscribes")
    func conversation() async throws {
        let session = try session()
        session.begin()
        let welcome = try #require(session.connection.answers.first)
        #expect(welcome["type"] == "welcome")
        #expect(welcome["seq"] == 0)
        let topic = JSONValue.string("device:\(device)")
        let ack = try await say(session, ["type": "subscribe", "id": 1, "topics": [topic]])
        #expect(ack["type"] == "ack")
        #expect(ack["id"] == 1)
        #expect(ack["topics"] == [topic])
        #expect(ack["epoch"] == welcome["epoch"])
        hub.publish(.telemetry, device: device, in: organization)
        #expect(session.connection.words == ["e1"])
        let left = try await say(session, ["type": "unsubscribe", "id": "b", "topics": [topic]])
        #expect(left["topics"] == [])
        #expect(left["seq"] == 1)
        hub.publish(.telemetry, device: device, in: organization)
        #expect(session.connection.words == [])
        #expect(try await say(session, ["type": "ping"]) == ["type": "pong"])
    }

    @Test(
        "a message that cannot be read is answered, and the conversation goes on",
        arguments: [
            (#"{"type""#, "malformed-request"), ("[]", "invalid-input"), (#"{"type":"shout","id":3}"#, "invalid-input"),
            (#"{"type":"subscribe","topics":[]}"#, "invalid-input"),
            (#"{"type":"subscribe","topics":["device:1"]}"#, "invalid-input"),
            (#"{"type":"subscribe","topics":["org"],"colour":"red"}"#, "invalid-input"),
            (#"{"type":"resume","topics":["org"],"since":1}"#, "invalid-input"),
            (#"{"type":"ping","id":{}}"#, "invalid-input"),
        ])
    func faulty(text: String, code: String) async throws {
        let session = try session()
        await session.receive(Array(text.utf8))
        let answer = try #require(session.connection.answers.first)
        #expect(answer["type"] == "error")
        #expect(answer["code"] == .string(code))
        #expect(session.connection.ending == nil)
    }

    @Test("a topic needs its permission")
    func permission() async throws {
        let session = try session(permissions: [.realtimeRead, .devicesRead])
        let refused = try await say(session, ["type": "subscribe", "id": 5, "topics": ["alarm:*"]])
        #expect(refused["code"] == "forbidden")
        #expect(refused["id"] == 5)
    }

    @Test("when one topic is refused, none is listened to")
    func allOrNothing() async throws {
        let session = try session(unknown: [.device(device)])
        let refused = try await say(
            session, ["type": "subscribe", "id": 1, "topics": ["org", .string("device:\(device)")]])
        #expect(refused["code"] == "not-found")
        hub.publish(.telemetry, device: device, in: organization)
        #expect(session.connection.words == [])
    }

    @Test("it is too late to resume once something is listened to")
    func lateResume() async throws {
        let session = try session()
        _ = try await say(session, ["type": "subscribe", "topics": ["org"]])
        let epoch = JSONValue.string(hub.standing(of: session.connection).epoch)
        let refused = try await say(
            session, ["type": "resume", "id": 2, "topics": ["alarm:*"], "epoch": epoch, "since": 0])
        #expect(refused["code"] == "conflict")
    }

    @Test("a snapshot says how things stand")
    func snapshot() async throws {
        let session = try session()
        _ = try await say(session, ["type": "subscribe", "topics": ["org", "alarm:*"]])
        let snapshot = try JSONValue(parsing: await session.snapshot(.slowConsumer, sequence: 9))
        #expect(snapshot["type"] == "snapshot")
        #expect(snapshot["seq"] == 9)
        #expect(snapshot["reason"] == "slow-consumer")
        #expect(snapshot["state"] == ["topics": 2])
    }

    @Test("a client that keeps asking and never reads is ended")
    func unread() async throws {
        let session = try session()
        for _ in 0..<1000 { await session.receive(Array(#"{"type":"ping"}"#.utf8)) }
        #expect(session.connection.ending == .unread)
    }
}
