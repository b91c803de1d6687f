import Kernel
import Realtime
import Testing

/// SplitMix64: the same seed gives the same run on every machine.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("Properties of the live hub")
struct RealtimePropertyTests {
    /// A client that checks what it hears against everything that was published.
    private final class Listener {
        var connection: RealtimeConnection
        var topics: Set<RealtimeTopic> = []
        /// Everything up to here was heard, or was left out with a snapshot.
        var reached: Int64 = 0
        init(_ connection: RealtimeConnection) { self.connection = connection }
    }

    private static let (devices, sites) = ((0..<3).map { _ in DeviceID.make() }, (0..<2).map { _ in SiteID.make() })
    private static let allTopics: [RealtimeTopic] =
        [.organization, .alarms] + devices.map { .device($0) } + sites.map { .site($0) }

    @Test(
        "what any listener hears is gap-free and in order, or a snapshot stands where something is missing",
        arguments: 0..<200)
    func gapFree(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        var limits = RealtimeLimits()
        limits.queuedEvents = Int.random(in: 1...8, using: &generator)
        limits.keptEvents = Int.random(in: 1...12, using: &generator)
        let hub = RealtimeHub(limits: limits)
        let organization = OrganizationID.make()
        var published: [(sequence: Int64, topics: Set<RealtimeTopic>)] = []
        var listeners = [Listener(try hub.connect(in: organization)), Listener(try hub.connect(in: organization))]
        let epoch = hub.standing(of: listeners[0].connection).epoch

        func expected(_ listener: Listener, in range: Range<Int64>) -> [Int64] {
            published.filter { range.contains($0.sequence) && !$0.topics.isDisjoint(with: listener.topics) }.map(
                \.sequence)
        }
        func drain(_ listener: Listener, limit: Int) {
            for message in listener.connection.takeWaiting(limit: limit) {
                switch message {
                case .answer: break
                case .snapshot(_, let sequence):
                    #expect(sequence >= listener.reached)
                    listener.reached = sequence
                case .event(let event):
                    #expect(event.sequence > listener.reached)
                    #expect(expected(listener, in: listener.reached + 1..<event.sequence) == [], "seed \(seed)")
                    listener.reached = event.sequence
                }
            }
        }

        for _ in 0..<200 {
            let listener = listeners[Int.random(in: listeners.indices, using: &generator)]
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let device = Self.devices[Int.random(in: 0..<3, using: &generator)]
                let site = Self.sites[Int.random(in: 0..<2, using: &generator)]
                let kind: LiveEvent.Kind = Bool.random(using: &generator) ? .alarm : .telemetry
                hub.publish(kind, device: device, site: site, in: organization)
                let topics: Set<RealtimeTopic> = [.organization, .device(device), .site(site)]
                published.append(
                    (sequence: Int64(published.count + 1), topics: kind == .alarm ? topics.union([.alarms]) : topics))
            case 6...7: drain(listener, limit: Int.random(in: 1...10, using: &generator))
            case 8:
                // Topics change only when everything is read: what is expected depends on them.
                drain(listener, limit: .max)
                #expect(expected(listener, in: listener.reached + 1..<Int64(published.count) + 1) == [])
                listener.reached = Int64(published.count)
                let topic = Self.allTopics[Int.random(in: Self.allTopics.indices, using: &generator)]
                if listener.topics.contains(topic) {
                    hub.unsubscribe(listener.connection, from: [topic]) { _ in [] }
                    listener.topics.remove(topic)
                } else {
                    try hub.subscribe(listener.connection, to: [topic]) { _ in [] }
                    listener.topics.insert(topic)
                }
            default:
                drain(listener, limit: Int.random(in: 0...3, using: &generator))
                hub.disconnect(listener.connection)
                listener.connection = try hub.connect(in: organization)
                try hub.subscribe(
                    listener.connection, to: Array(listener.topics),
                    resuming: (epoch: epoch, sequence: listener.reached)
                ) { _ in [] }
            }
        }
        for listener in listeners {
            drain(listener, limit: .max)
            #expect(expected(listener, in: listener.reached + 1..<Int64(published.count) + 1) == [], "seed \(seed)")
            hub.disconnect(listener.connection)
        }
        listeners = []
        #expect(hub.connectionCount == 0)
    }

    @Test("publishers on many tasks and readers that come and go lose nothing but by snapshots")
    func concurrent() async throws {
        let hub = RealtimeHub()
        let organization = OrganizationID.make()
        let device = DeviceID.make()
        let connections = try (0..<8).map { _ in try hub.connect(in: organization) }
        for connection in connections { try hub.listen(connection, .device(device)) }
        let count = 2000
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<count / 4 { hub.publish(.telemetry, device: device, in: organization) }
                }
            }
            for connection in connections {
                group.addTask {
                    var reached: Int64 = 0
                    while reached < count, let messages = try? await connection.next() {
                        for message in messages {
                            switch message {
                            case .event(let event):
                                #expect(event.sequence == reached + 1)
                                reached = event.sequence
                            case .snapshot(_, let sequence): reached = sequence
                            case .answer: break
                            }
                        }
                    }
                    #expect(reached == count)
                }
            }
        }
    }
}
