import JSON
import Kernel
import TestSupport
import Testing

@Suite("Measurements over HTTP")
struct TelemetryTests {
    /// The beginning of today in Unix milliseconds, so that days and buckets are known.
    private static let midnight = Timestamp.now().milliseconds / 86_400_000 * 86_400_000

    private func message(_ offset: Int64, _ values: JSONValue) -> JSONValue {
        ["ts": .integer(Self.midnight + offset), "values": values]
    }

    private func time(_ offset: Int64) -> String { Timestamp(milliseconds: Self.midnight + offset).rfc3339 }

    @Test("a device sends as itself under any of its names; others send for it by key or id")
    func names() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        for path in [
            "/devices/me/telemetry", "/devices/\(device.id)/telemetry", "/devices/\(device.key)/telemetry",
            "/telemetry/ingest",
        ] {
            let answer = try await device.client.post(path, ["flow": 1]).expect(200)
            #expect(answer.json == ["accepted": 1, "duplicates": 0, "dead_letters": 0])
        }
        for path in ["/devices/\(device.id)/telemetry", "/devices/\(device.key)/telemetry"] {
            try await organization.admin.post(path, [["flow": 1], ["flow": 2]]).expect(200)
        }
        try await organization.admin.post("/devices/me/telemetry", ["flow": 1]).expect(404)
        try await organization.admin.post("/telemetry/ingest", ["flow": 1]).expect(403)
        let viewer = try await organization.member("viewer")
        try await viewer.post("/devices/\(device.id)/telemetry", ["flow": 1]).expect(403)
        let stored = try await organization.admin.get("/devices/\(device.id)/telemetry?count=true").expect(200)
        #expect(stored.json["total"] == 8)
    }

    @Test(
        "nobody sends for a device of another organization or, as a device, for a stranger; a gateway does for its own")
    func strangers() async throws {
        let platform = try await TestPlatform.shared
        let (ours, others) = (try await platform.organization(), try await platform.organization())
        let types = try await ours.admin.get("/device-types?limit=100").items
        let gatewayType = try #require(types.first { $0["device_class"] == "gateway" }?["id"])
        let gateway = try await ours.device(["type_id": gatewayType])
        let (ward, stranger) = (try await ours.device(["gateway_id": .string(gateway.id)]), try await ours.device())
        let foreign = try await others.device()

        try await ours.admin.post("/devices/\(foreign.id)/telemetry", ["flow": 1]).expect(404)
        try await gateway.client.post("/devices/\(stranger.id)/telemetry", ["flow": 1]).expect(404)
        try await gateway.client.post("/devices/\(ward.key)/telemetry", ["flow": 1]).expect(200)
        func batch(_ devices: [String]) -> JSONValue {
            ["messages": .array(devices.map { ["device": .string($0), "values": ["flow": 1]] })]
        }
        try await gateway.client.post("/telemetry/batch", batch(["me", ward.id])).expect(200)
        let refused = try await gateway.client.post("/telemetry/batch", batch(["me", stranger.id, foreign.id])).expect(
            422)
        #expect(refused.faults == ["/messages/1/device", "/messages/2/device"])
        #expect(try await ours.admin.get("/devices/\(stranger.id)/telemetry").items.isEmpty)
        try await others.admin.get("/devices/\(ward.id)/telemetry").expect(404)
        try await others.admin.get("/devices/\(ward.id)/telemetry/latest").expect(404)
        #expect(try await others.admin.get("/telemetry/latest?device_ids=\(ward.id)").expect(200).items.isEmpty)
    }

    @Test("a body with faults is refused whole, with every fault; other media types and broken JSON are told apart")
    func faults() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        let body: JSONValue = [["flow": 1], ["flow": .null], ["values": [:]], ["values": ["a": 1], "colour": "red"]]
        let refused = try await device.client.post("/devices/me/telemetry", body).expect(422)
        #expect(Set(refused.faults) == ["/1/flow", "/2/values", "/3/colour"])
        #expect(try await organization.admin.get("/devices/\(device.id)/telemetry").items.isEmpty)
        let path = "/devices/me/telemetry"
        try await device.client.send("POST", path, bytes: Array("{".utf8), type: "application/json").expect(400)
        try await device.client.send("POST", path, bytes: Array("{}".utf8), type: "text/plain").expect(415)
        try await device.client.send(
            "POST", path, bytes: Array(repeating: 32, count: 2 << 20), type: "application/json"
        ).expect(413)
    }

    @Test("a range comes in the order of time, in pages, with the datapoints that were asked for")
    func ranges() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        var messages: [JSONValue] = (0..<25).map {
            message($0 * 1000, ["flow": .integer($0), "level": .integer($0 * 2)])
        }
        messages.append(message(500, ["state": "open", "valve": true]))
        messages.append(["ts": "2020-02-02T00:00:00Z", "values": ["flow": -1]])
        try await device.client.post("/devices/me/telemetry", .array(messages)).expect(200)

        let base = "/devices/\(device.id)/telemetry?keys=flow&from=\(time(0))&to=\(time(20_000))&limit=8"
        var (seen, cursor): ([Int64], String?) = ([], nil)
        repeat {
            let page = try await organization.admin.get(base + (cursor.map { "&cursor=\($0)" } ?? "")).expect(200)
            #expect(page.items.allSatisfy { $0["values"]?["level"] == nil && $0["source"] == "api" })
            seen += page.items.compactMap { $0["values"]?["flow"]?.integer }
            cursor = page.json["next_cursor"]?.string
        } while cursor != nil
        #expect(seen == Array(0..<20))

        let latestFirst = try await organization.admin.get("/telemetry/device/\(device.id)?sort=-ts&limit=1").expect(
            200)
        #expect(latestFirst.items.first?["values"] == ["flow": 24, "level": 48])
        let texts = try await organization.admin.get("/devices/\(device.id)/telemetry?keys=state,valve").items
        #expect(texts.map { $0["values"] } == [["state": "open", "valve": true]])
        let oldest = try await organization.admin.get("/devices/\(device.id)/telemetry?to=2021-01-01T00:00:00Z").items
        #expect(oldest.map { $0["ts"] } == ["2020-02-02T00:00:00.000Z"])
        try await organization.admin.get("/devices/\(device.id)/telemetry?from=x&colour=red").expect(400)
        try await organization.admin.get("/devices/\(device.id)/telemetry?limit=10001").expect(400)
    }

    @Test("histories are series, as measured or in buckets")
    func histories() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        let messages: [JSONValue] = (0..<10).map { message($0 * 30_000, ["flow": .integer($0)]) }
        try await device.client.post("/devices/me/telemetry", .array(messages)).expect(200)
        let range = "from=\(time(0))&to=\(time(300_000))"
        let base = "/devices/\(device.id)/telemetry/history?keys=flow&\(range)"
        let raw = try await organization.admin.get(base + "&limit=4").expect(200).json
        #expect(raw["series"]?["flow"]?.array?.count == 4 && raw["truncated"] == true)
        for (aggregation, expected) in [
            ("avg", [1.5, 5.5, 8.5]), ("min", [0, 4, 8]), ("max", [3, 7, 9]), ("sum", [6, 22, 17]),
            ("count", [4, 4, 2]),
            ("first", [0, 4, 8]), ("last", [3, 7, 9]),
        ] {
            let answer = try await organization.admin.get(base + "&interval=2m&aggregation=\(aggregation)").expect(200)
                .json
            let points = answer["series"]?["flow"]?.array ?? []
            #expect(points.compactMap { $0["value"]?.number } == expected, "\(aggregation)")
            #expect(points.first?["ts"]?.string == time(0))
        }
        try await organization.admin.get(base + "&interval=5parsecs").expect(400)
    }

    @Test("latest values of devices by id and of a site, and the numbers of the organization")
    func latest() async throws {
        let organization = try await TestPlatform.shared.organization()
        let site =
            try await organization.admin.post("/sites", ["name": "Barn", "time_zone": "UTC"]).expect(201).json["id"]
            ?? .null
        var devices: [TestDevice] = []
        for _ in 0..<3 { devices.append(try await organization.device(["site_id": site])) }
        for (index, device) in devices.prefix(2).enumerated() {
            let values: JSONValue = ["flow": .integer(Int64(index)), "state": "ok"]
            try await device.client.post("/devices/me/telemetry", message(0, values)).expect(200)
        }
        let ids = devices.map(\.id).joined(separator: ",")
        let named = try await organization.admin.get("/telemetry/latest?device_ids=\(ids)&keys=flow").expect(200).items
        #expect(named.count == 3)
        let values = named.compactMap { $0["values"]?["flow"]?["value"]?.integer }
        #expect(values.sorted() == [0, 1] && named.allSatisfy { $0["values"]?["state"] == nil })
        let place = site.string ?? ""
        let first = try await organization.admin.get("/telemetry/latest?site_id=\(place)&limit=2").expect(200)
        let cursor = try #require(first.json["next_cursor"]?.string)
        let rest = try await organization.admin.get("/telemetry/latest?site_id=\(place)&limit=2&cursor=\(cursor)")
            .expect(200)
        #expect(Set((first.items + rest.items).compactMap { $0["device_id"]?.string }) == Set(devices.map(\.id)))
        for (query, fault) in [
            ("", "must be given, or site_id, and not both"), ("?device_ids=x", "must be an id (UUID)"),
            ("?device_ids=\(ids)&site_id=\(place)", "must be given, or site_id, and not both"),
        ] {
            let refused = try await organization.admin.get("/telemetry/latest\(query)").expect(400).json
            #expect((refused["errors"]?.array ?? []).map { $0["detail"]?.string } == [fault])
        }
        let stats = try await organization.admin.get("/telemetry/stats").expect(200).json
        #expect(stats["devices"] == 3 && stats["reporting_devices"] == 2 && stats["series"] == 4)
    }

    @Test("latest values know a device by its new key at once, and a deleted one not at all; others never see it")
    func changedDevices() async throws {
        let (organization, others) = (
            try await TestPlatform.shared.organization(), try await TestPlatform.shared.organization()
        )
        let (kept, gone) = (try await organization.device(), try await organization.device())
        for device in [kept, gone] {
            try await device.client.post("/devices/me/telemetry", message(0, ["flow": 1])).expect(200)
        }
        // Each twice: those asked for again are found without asking the database who they are.
        let path = "/telemetry/latest?device_ids=\(gone.id),\(kept.id),\(gone.id)"
        for _ in 0..<2 {
            let found = try await organization.admin.get(path).expect(200).items
            #expect(found.compactMap { $0["device_id"]?.string } == [kept.id, gone.id].sorted())
            #expect(try await others.admin.get(path).expect(200).items.isEmpty)
        }
        try await organization.admin.patch("/devices/\(kept.id)", ["device_key": "renamed"]).expect(200)
        try await organization.admin.delete("/devices/\(gone.id)").expect(204)
        let left = try await organization.admin.get(path).expect(200).items
        #expect(left.map { $0["device_key"] } == ["renamed"])
        #expect(left.first?["values"]?["flow"]?["value"] == 1)
        try await organization.admin.get("/devices/\(gone.id)/telemetry/latest").expect(404)
    }

    @Test("beyond ten thousand sets of datapoints each datapoint of a new set is stored by itself, and nothing is lost")
    func manySets() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        try await platform.makeKeysets(10_000, in: organization.id)
        let device = try await organization.device()
        let body: JSONValue = message(0, ["flow": 70, "state": "open", "level": 3])
        for duplicates in [0, 1] {
            let receipt = try await device.client.post("/devices/me/telemetry", body).expect(200).json
            #expect(receipt["accepted"] == 1 && receipt["duplicates"] == .integer(Int64(duplicates)))
        }
        try await device.client.post("/devices/me/telemetry", message(1000, ["flow": 71, "level": 4])).expect(200)
        #expect(try await platform.keysets(of: organization.id) == 10_003)
        let admin = organization.admin
        let stored = try await admin.get("/devices/\(device.id)/telemetry?count=true").expect(200)
        var values: [String: [JSONValue]] = [:]
        for item in stored.items {
            for (name, value) in item["values"]?.object?.members ?? [] { values[name, default: []].append(value) }
        }
        #expect(values == ["flow": [70, 71], "level": [3, 4], "state": ["open"]])
        let latest = try await admin.get("/devices/\(device.id)/telemetry/latest").expect(200).json
        #expect(latest["values"]?["flow"]?["value"] == 71 && latest["values"]?["state"]?["value"] == "open")
    }
}
