import JSON
import Kernel
import Realtime
import Synchronization
@_spi(ScopeMinting) import Tenancy

final class StillClock: WallClock {
    private let time = Mutex(Timestamp(microseconds: 1_000_000_000))
    func now() -> Timestamp { time.withLock { $0 } }
    func advance(by span: Duration) { time.withLock { $0 = $0 + span } }
}

extension RealtimeHub {
    func connect(
        in organization: OrganizationID, permissions: Permissions = Set(Permission.allCases)
    ) throws(ServiceError) -> RealtimeConnection {
        let (user, session) = (UserID.make(), SessionID.make())
        let actor = Actor(kind: .user, id: user.description, label: "ada@example.org", requestID: "test")
        let scope = TenantScope(organizationID: organization, actor: actor)
        let principal = Principal(
            kind: .user(user, session), permissions: permissions, scope: scope, tier: TierName(rawValue: "free"),
            actor: actor)
        return try connect(principal, scope: scope, transport: .webSocket)
    }

    func publish(_ kind: LiveEvent.Kind, device: DeviceID, site: SiteID? = nil, in organization: OrganizationID) {
        publish(LiveEvent(kind, at: Timestamp(microseconds: 0), deviceID: device, siteID: site), in: organization) {
            $0.object { $0.field("value", 1) }
        }
    }

    func listen(_ connection: RealtimeConnection, _ topics: RealtimeTopic...) throws(ServiceError) {
        try subscribe(connection, to: topics) { _ in [] }
    }
}

/// Everything exists, but what `unknown` names.
struct StubReader: RealtimeReader {
    var unknown: Set<RealtimeTopic> = []

    func requireExistence(of topics: [RealtimeTopic], for connection: RealtimeConnection) async throws {
        for case .device in topics where !unknown.isDisjoint(with: topics) { throw ServiceError.notFound("device") }
    }

    func state(of topics: Set<RealtimeTopic>, for connection: RealtimeConnection) async throws -> [UInt8] {
        JSONValue.object(["topics": .integer(Int64(topics.count))]).bytes
    }
}

extension RealtimeConnection.Message {
    /// Short words: `e7`, `snapshot slow-consumer 9`, or the answer's type.
    var word: String {
        switch self {
        case .event(let event): "e\(event.sequence)"
        case .snapshot(let gap, let sequence): "snapshot \(gap.rawValue) \(sequence)"
        case .answer(let bytes): (try? JSONValue(parsing: bytes))?["type"]?.string ?? "-"
        }
    }
}

extension RealtimeConnection {
    var words: [String] { takeWaiting(limit: .max).map(\.word) }

    /// The answers that wait, as values.
    var answers: [JSONValue] {
        takeWaiting(limit: .max).compactMap { message in
            if case .answer(let bytes) = message { try? JSONValue(parsing: bytes) } else { nil }
        }
    }
}
