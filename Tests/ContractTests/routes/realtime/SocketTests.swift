import AsyncHTTPClient
import JSON
import Kernel
import NIOCore
import NIOHTTP1
import Realtime
import Tenancy
import TestSupport
import Testing

@Suite("/ws, /stream and /realtime/connections")
struct SocketTests {
    @Test("measurement, alarm and acknowledgement arrive on the socket, in order")
    func story() async throws {
        try await AlarmAPI.run { api in
            _ = try await api.makeRule()
            let socket = try await api.socket("mine-admin")
            let welcome = try #require(try await socket.receive())
            #expect(welcome["type"] == "welcome")
            let topics: JSONValue = [.string("device:\(api.mine.device)"), "alarm:*"]
            try await socket.send(["type": "subscribe", "id": 1, "topics": topics])
            #expect(try await socket.receive()?["type"] == "ack")
            try await api.measure(70)
            var kinds: [JSONValue?] = []
            while !kinds.contains("alarm"), let event = try await socket.receive(type: "event") {
                kinds.append(event["kind"])
                guard event["kind"] == "alarm" else { continue }
                #expect(event["data"]?["action"] == "raised")
                #expect(event["device_id"] == .string(api.mine.device.description))
                try await api.mine.admin.post("/alarms/\(event["alarm_id"]?.string ?? "")/acknowledge").expect(200)
            }
            #expect(kinds.contains("telemetry"))
            var next = try await socket.receive(type: "event")
            while let event = next, event["kind"] != "alarm" { next = try await socket.receive(type: "event") }
            #expect(next?["data"]?["action"] == "acknowledged")
            #expect(next?["data"]?["state"] == "acknowledged")
            await socket.close()
        }
    }

    @Test("another organization's topics are like unknown ones, and its events are never heard")
    func isolation() async throws {
        try await AlarmAPI.run { api in
            let socket = try await api.socket("other-admin")
            _ = try await socket.receive()
            let alarm = try await api.insertAlarm(of: try await api.makeRule())
            for topic in [
                "device:\(api.mine.device)", "site:\(api.mine.site)", "alarm:\(alarm)", "device:\(DeviceID.make())",
            ] {
                try await socket.send(["type": "subscribe", "id": 1, "topics": [.string(topic)]])
                let refusal = try #require(try await socket.receive())
                #expect(refusal["code"] == "not-found")
                #expect(refusal["detail"] == "One of the topics names nothing of this organization.")
            }
            try await socket.send(["type": "subscribe", "topics": ["org", "alarm:*"]])
            #expect(try await socket.receive()?["type"] == "ack")
            try await api.measure(70)
            try await api.measure(70, in: api.other)
            let heard = try await socket.receive()
            #expect(heard?["device_id"] == .string(api.other.device.description))
            await socket.close()
        }
    }

    @Test("topics and kinds of event need their permissions")
    func permissions() async throws {
        try await AlarmAPI.run { api in
            let socket = try await api.socket("mine-viewer")
            _ = try await socket.receive()
            try await socket.send(["type": "subscribe", "topics": ["org"]])
            #expect(try await socket.receive()?["code"] == "forbidden")
            let device = JSONValue.string("device:\(api.mine.device)")
            try await socket.send(["type": "subscribe", "topics": [device]])
            #expect(try await socket.receive()?["type"] == "ack")
            _ = try await api.makeRule()
            try await api.measure(70)
            #expect(try await socket.receive(type: "event")?["kind"] != "telemetry")
            await socket.close()
            await #expect(throws: TestSocket.Refusal.self) {
                try await TestSocket.open(api.url, headers: [("Authorization", "Bearer nobody")])
            }
            try await api.mine.admin.get("/ws").expect(426)
        }
    }

    @Test("a browser's token comes as a sub-protocol; a page of a foreign origin is turned away")
    func browsers() async throws {
        try await AlarmAPI.run { api in
            let socket = try await TestSocket.open(
                api.url, headers: [("Sec-WebSocket-Protocol", "rookery.v1, bearer.mine-admin")])
            #expect(try await socket.receive()?["type"] == "welcome")
            await socket.close()
            let refusal = await #expect(throws: TestSocket.Refusal.self) {
                try await TestSocket.open(
                    api.url, headers: [("Authorization", "Bearer mine-admin"), ("Origin", "https://evil.example")])
            }
            #expect(refusal?.status == 403)
        }
    }

    @Test("a socket closes soon after its credentials are revoked, or lose a permission (S20, S22)")
    func revocation() async throws {
        try await AlarmAPI.run { api in
            let (first, second) = (try await api.socket("mine-admin"), try await api.socket("mine-viewer"))
            api.tokens.revoke("mine-admin")
            api.tokens.add("mine-viewer", api.mine.id, [.realtimeRead])
            for socket in [first, second] {
                #expect(try await socket.receive(type: "goodbye")?["reason"] == "revoked")
                #expect(try await socket.receive() == nil)
                #expect(await socket.closeCode == 1008)
            }
            try await eventually("the hub lets go of them") { api.hub.connectionCount == 0 }
        }
    }

    @Test("whoever comes back goes on where it was; whoever was away too long is told how things stand")
    func resume() async throws {
        var limits = RealtimeLimits()
        limits.keptEvents = 3
        try await AlarmAPI.run(limits: limits) { api in
            let rule = try await api.makeRule(["datapoint": "elsewhere"])
            let socket = try await api.socket("mine-admin")
            let epoch = try #require(try await socket.receive()?["epoch"])
            await socket.close()
            let topic = JSONValue.string("device:\(api.mine.device)")
            for _ in 0..<2 { api.publishStatus() }
            let back = try await api.socket("mine-admin")
            try await back.send(["type": "resume", "topics": [topic], "epoch": epoch, "since": 1])
            #expect(try await back.receive(type: "event")?["seq"] == 2)
            await back.close()

            let alarm = try await api.insertAlarm(of: rule)
            try await api.measure(95)
            for _ in 0..<5 { api.publishStatus() }
            let late = try await api.socket("mine-admin")
            try await late.send(["type": "resume", "topics": [topic], "epoch": epoch, "since": 1])
            let snapshot = try #require(try await late.receive(type: "snapshot"))
            #expect(snapshot["reason"] == "resume-too-old")
            #expect((snapshot["seq"]?.integer ?? 0) > 7)
            #expect(snapshot["state"]?["open_alarms"]?.array?.map { $0["id"] } == [.string(alarm.description)])
            #expect(snapshot["state"]?["is_complete"] == true)
            #expect(snapshot["state"]?["latest"]?.array?.first?["values"]?["flow"]?["value"] == 95)
            await late.close()
        }
    }

    @Test("the same events come as server-sent events, and Last-Event-ID goes on where it was")
    func stream() async throws {
        try await AlarmAPI.run { api in
            let path = "\(api.url)/api/v1/stream?topics=device:\(api.mine.device),alarm:*"
            func events(lastEventID: String? = nil, until end: String, publish: () -> Void) async throws -> String {
                var request = HTTPClientRequest(url: path)
                request.headers.add(name: "Authorization", value: "Bearer mine-admin")
                if let lastEventID { request.headers.add(name: "Last-Event-ID", value: lastEventID) }
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
                #expect(response.headers.first(name: "content-type") == "text/event-stream")
                var text = ""
                var hasPublished = false
                for try await part in response.body {
                    text += String(buffer: part)
                    if text.contains("\"ack\""), !hasPublished {
                        publish()
                        hasPublished = true
                    }
                    if text.contains(end) { break }
                }
                return text
            }
            let first = try await events(until: "\"seq\":1,") { api.publishStatus() }
            #expect(first.contains("event: status\ndata: {\"type\":\"event\",\"seq\":1,"))
            let id = try #require(
                first.split(separator: "\n").last { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) })
            api.publishStatus()
            let second = try await events(lastEventID: id, until: "\"seq\":2,") {}
            #expect(second.contains("\"seq\":2,"))
            #expect(!second.contains("\"seq\":1,\"kind\""))
            let lost = try await events(lastEventID: "nonsense", until: "snapshot") {}
            #expect(lost.contains("\"reason\":\"unknown-epoch\""))
            try await eventually("streams that nobody reads are given up") {
                api.publishStatus()
                return api.hub.connectionCount == 0
            }
        }
    }

    @Test("a stream ends when the server shuts down")
    func shutdown() async throws {
        let end = try await AlarmAPI.run { api in
            var request = HTTPClientRequest(url: "\(api.url)/api/v1/stream?topics=org")
            request.headers.add(name: "Authorization", value: "Bearer mine-admin")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
            // Read on beyond the end of this block, which shuts the server down.
            return Task { try await String(buffer: response.body.collect(upTo: 1 << 20)) }
        }
        let text = try await end.value
        #expect(text.hasSuffix("event: goodbye\ndata: {\"type\":\"goodbye\",\"reason\":\"shutdown\"}\n\n"))
    }

    @Test("a stream that is not allowed is refused as any request is")
    func refusedStreams() async throws {
        try await AlarmAPI.run { api in
            let admin = api.mine.admin
            #expect(try await admin.get("/stream").expect(400).faults == ["topics"])
            #expect(try await admin.get("/stream?topics=everything").expect(400).faults == ["topics"])
            try await admin.get("/stream?topics=device:\(api.other.device)").expect(404)
            try await api.mine.viewer.get("/stream?topics=org").expect(403)
            #expect(api.hub.connectionCount == 0)
        }
    }

    @Test("who listens is listed, for one's own organization")
    func connections() async throws {
        try await AlarmAPI.run { api in
            let socket = try await api.socket("mine-admin")
            try await socket.send(["type": "subscribe", "topics": ["org"]])
            _ = try await socket.receive(type: "ack")
            let list = try await api.mine.admin.get("/realtime/connections").expect(200).items
            #expect(list.map { $0["topics"] } == [["org"]])
            #expect(list.first?["actor_label"] == "mine-admin")
            #expect(list.first?["transport"] == "websocket")
            #expect(try await api.other.admin.get("/realtime/connections").expect(200).items.isEmpty)
            try await api.mine.viewer.get("/realtime/connections").expect(403)
            await socket.close()
        }
    }
}

extension AlarmAPI {
    fileprivate func publishStatus() {
        let event = LiveEvent(.status, at: .now(), deviceID: mine.device, siteID: mine.site)
        hub.publish(event, in: mine.id) { $0.object { $0.field("connection", "online") } }
    }
}
