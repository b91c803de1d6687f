import JSON
import Kernel
import Realtime
import Tenancy
import Testing

@Suite("The live hub")
struct RealtimeHubTests {
    let organization = OrganizationID.make()
    let device = DeviceID.make()
    let site = SiteID.make()
    let hub = RealtimeHub()

    @Test("an event reaches those who listen to one of its topics, once, in order")
    func topics() throws {
        let (byDevice, bySite, byAll, byAlarms) = (
            try hub.connect(in: organization), try hub.connect(in: organization), try hub.connect(in: organization),
            try hub.connect(in: organization)
        )
        try hub.listen(byDevice, .device(device))
        try hub.listen(bySite, .site(site))
        try hub.listen(byAll, .organization, .device(device), .site(site))
        try hub.listen(byAlarms, .alarms)
        _ = [byDevice, bySite, byAll, byAlarms].map(\.words)
        hub.publish(.telemetry, device: device, site: site, in: organization)
        hub.publish(.alarm, device: .make(), site: site, in: organization)
        hub.publish(.telemetry, device: .make(), in: organization)
        #expect(byDevice.words == ["e1"])
        #expect(bySite.words == ["e1", "e2"])
        #expect(byAll.words == ["e1", "e2", "e3"])
        #expect(byAlarms.words == ["e2"])
    }

    @Test("an event says what it is about, and is encoded once for all")
    func encoding() throws {
        let connection = try hub.connect(in: organization)
        try hub.listen(connection, .organization)
        _ = connection.words
        var calls = 0
        let alarm = AlarmID.make()
        hub.publish(
            LiveEvent(.alarm, at: Timestamp(microseconds: 0), deviceID: device, siteID: site, alarmID: alarm),
            in: organization
        ) { json in
            calls += 1
            json.string("x")
        }
        guard case .event(let event) = try #require(connection.takeWaiting().first) else { return }
        #expect(
            try JSONValue(parsing: event.bytes) == [
                "type": "event", "seq": 1, "kind": "alarm", "at": "1970-01-01T00:00:00.000Z",
                "device_id": .string(device.description), "site_id": .string(site.description),
                "alarm_id": .string(alarm.description), "data": "x",
            ])
        #expect(calls == 1)
        hub.publish(LiveEvent(.alarm, at: Timestamp(microseconds: 0)), in: .make()) { _ in calls += 1 }
        #expect(calls == 1, "nobody of the other organization can hear: nothing is encoded")
    }

    @Test("another organization hears nothing, whatever it listens to")
    func isolation() throws {
        let stranger = try hub.connect(in: .make())
        try hub.listen(stranger, .organization, .device(device), .site(site), .alarms)
        _ = stranger.words
        _ = try hub.connect(in: organization)
        hub.publish(.alarm, device: device, site: site, in: organization)
        #expect(stranger.words == [])
        #expect(hub.connections(in: organization).count == 1)
    }

    @Test("a kind of event that the permissions do not cover is left out")
    func kinds() throws {
        let connection = try hub.connect(in: organization, permissions: [.realtimeRead, .devicesRead, .alarmsRead])
        try hub.listen(connection, .device(device))
        _ = connection.words
        hub.publish(.telemetry, device: device, in: organization)
        hub.publish(.alarm, device: device, in: organization)
        hub.publish(.status, device: device, in: organization)
        #expect(connection.words == ["e2", "e3"])
    }

    @Test("a slow reader gets a snapshot in place of what it missed, and nobody else notices")
    func slowConsumer() throws {
        var limits = RealtimeLimits()
        limits.queuedEvents = 3
        let hub = RealtimeHub(limits: limits)
        let (slow, fast) = (try hub.connect(in: organization), try hub.connect(in: organization))
        try hub.listen(slow, .organization)
        try hub.listen(fast, .organization)
        _ = fast.words
        var heard: [String] = []
        for _ in 0..<6 {
            hub.publish(.telemetry, device: device, in: organization)
            heard += fast.words
        }
        #expect(heard == ["e1", "e2", "e3", "e4", "e5", "e6"])
        #expect(slow.words == ["-", "snapshot slow-consumer 4", "e5", "e6"], "answers are never dropped")
        #expect(slow.progress.snapshots == 1)
    }

    @Test("the bytes that wait for one reader are bounded, too")
    func boundedBytes() throws {
        var limits = RealtimeLimits()
        limits.queuedBytes = 1000
        let hub = RealtimeHub(limits: limits)
        let connection = try hub.connect(in: organization)
        try hub.listen(connection, .organization)
        for _ in 0..<3 {
            hub.publish(LiveEvent(.event, at: Timestamp(microseconds: 0)), in: organization) {
                $0.string(String(repeating: "x", count: 400))
            }
        }
        #expect(connection.words == ["-", "snapshot slow-consumer 3"])
    }

    @Test("whoever resumes gets what it missed, when it is still known")
    func resume() throws {
        let first = try hub.connect(in: organization)
        try hub.listen(first, .organization)
        let epoch = hub.standing(of: first).epoch
        for _ in 0..<5 { hub.publish(.telemetry, device: device, in: organization) }
        hub.disconnect(first)
        hub.publish(.telemetry, device: device, in: organization)
        let second = try hub.connect(in: organization)
        try hub.subscribe(second, to: [.device(device)], resuming: (epoch: epoch, sequence: 4)) { _ in [] }
        hub.publish(.telemetry, device: device, in: organization)
        #expect(second.words == ["-", "e5", "e6", "e7"])
    }

    @Test("a resume from another run, from the future, or from too long ago gets a snapshot")
    func resumeBeyondReach() throws {
        var limits = RealtimeLimits()
        limits.keptEvents = 2
        let hub = RealtimeHub(limits: limits)
        let first = try hub.connect(in: organization)
        let epoch = hub.standing(of: first).epoch
        for _ in 0..<5 { hub.publish(.telemetry, device: device, in: organization) }
        func resumed(_ epoch: String, _ sequence: Int64) throws -> [String] {
            let connection = try hub.connect(in: organization)
            try hub.subscribe(connection, to: [.organization], resuming: (epoch: epoch, sequence: sequence)) { _ in [] }
            return connection.words
        }
        #expect(try resumed(epoch, 3) == ["-", "e4", "e5"])
        #expect(try resumed(epoch, 2) == ["-", "snapshot resume-too-old 5"])
        #expect(try resumed(epoch, 6) == ["-", "snapshot unknown-epoch 5"])
        #expect(try resumed("0000000000000000", 5) == ["-", "snapshot unknown-epoch 5"])
    }

    @Test("an organization that nobody listens to any more is forgotten, and its numbers begin a new epoch")
    func forgetting() throws {
        let clock = StillClock()
        let hub = RealtimeHub(clock: clock)
        let first = try hub.connect(in: organization)
        let epoch = hub.standing(of: first).epoch
        hub.disconnect(first)
        clock.advance(by: .seconds(60))
        hub.publish(.telemetry, device: device, in: organization)
        #expect(hub.isHeard(in: organization))
        clock.advance(by: .seconds(100))
        hub.publish(.telemetry, device: device, in: organization)
        #expect(!hub.isHeard(in: organization))
        #expect(hub.standing(of: try hub.connect(in: organization)).epoch != epoch)
    }

    @Test("connections and topics are bounded")
    func bounds() throws {
        var limits = RealtimeLimits()
        limits.connectionsPerOrganization = 1
        limits.topicsPerConnection = 2
        let hub = RealtimeHub(limits: limits)
        let connection = try hub.connect(in: organization)
        let full = #expect(throws: ServiceError.self) { _ = try hub.connect(in: organization) }
        #expect(full?.code == .tooManyRequests)
        _ = try hub.connect(in: .make())
        try hub.listen(connection, .organization, .alarms)
        #expect(throws: ServiceError.self) { try hub.listen(connection, .site(site)) }
        try hub.listen(connection, .organization)
        hub.disconnect(connection)
        _ = try hub.connect(in: organization)
    }

    @Test("a reader that waits is woken by an event, and by the end of its session")
    func waiting() async throws {
        let connection = try hub.connect(in: organization)
        try hub.listen(connection, .organization)
        _ = connection.words
        async let woken = connection.next()
        hub.publish(.telemetry, device: device, in: organization)
        #expect(try await woken.map(\.word) == ["e1"])
        let reader = Task { try await connection.next() }
        hub.end(.revoked, in: organization) { $0.principal == connection.principal }
        await #expect(throws: RealtimeConnection.Ending.revoked) { _ = try await reader.value }
        hub.publish(.telemetry, device: device, in: organization)
        #expect(connection.words == [])
    }

    @Test("a cancelled reader leaves at once")
    func cancellation() async throws {
        let connection = try hub.connect(in: organization)
        let reader = Task { try await connection.next() }
        reader.cancel()
        await #expect(throws: RealtimeConnection.Ending.abandoned) { _ = try await reader.value }
    }

    @Test("shutting down ends every connection")
    func shutdown() throws {
        let connections = [try hub.connect(in: organization), try hub.connect(in: .make())]
        hub.shutDown()
        #expect(connections.map(\.ending) == [.shutdown, .shutdown])
    }
}
