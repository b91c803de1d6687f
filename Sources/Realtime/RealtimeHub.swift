import JSON
import Kernel
import Synchronization
import Tenancy

/// Where an organization's sequence and one connection stand.
package struct RealtimeStanding: Sendable {
    /// Names this run of the sequence: it changes when the server starts anew or forgot the organization's events.
    package let epoch: String
    /// The latest event's number.
    package let sequence: Int64
    /// What the connection listens to.
    package let topics: Set<RealtimeTopic>
}

/// Hands what happens to whoever listens, in this process's memory. Organizations share nothing: a topic is always
/// looked up within the organization of the event or of the connection.
///
/// Publishing costs a lookup when nobody of the organization is connected; otherwise one encoding and one queue
/// operation for each listener. It never waits.
package final class RealtimeHub: Sendable {
    package let limits: RealtimeLimits
    private let clock: any WallClock
    private let channels = Mutex<[OrganizationID: OrganizationChannel]>([:])

    package init(limits: RealtimeLimits = RealtimeLimits(), clock: any WallClock = SystemClock()) {
        self.limits = limits
        self.clock = clock
    }

    /// Tells everyone in the organization who listens to one of the event's topics and may see its kind.
    ///
    /// Call it after the commit, in the order of the commits of each device.
    /// - Parameter data: writes the `data` member, one JSON value; called at most once, and not when nobody can hear.
    package func publish(_ event: LiveEvent, in organizationID: OrganizationID, data: (inout JSONWriter) -> Void) {
        guard let channel = channels.withLock({ $0[organizationID] }) else { return }
        if channel.isForgotten(at: clock.now()) { return forget(organizationID) }
        channel.publish(event, data: data)
    }

    /// Whether publishing for the organization would reach anything.
    package func isHeard(in organizationID: OrganizationID) -> Bool {
        channels.withLock { $0[organizationID] != nil }
    }

    /// Opens a connection for a principal of an organization. It listens to nothing yet; end it with ``disconnect(_:)``.
    /// - Throws: ``ServiceError`` `too-many-requests` when the organization has all its connections.
    package func connect(
        _ principal: Principal, scope: TenantScope, transport: RealtimeConnection.Transport
    ) throws(ServiceError) -> RealtimeConnection {
        let connection = RealtimeConnection(
            id: TypedID<RealtimeConnection>.make().description, transport: transport, principal: principal,
            organizationID: scope.organizationID, connectedAt: clock.now(), limits: limits)
        let refusal: ServiceError? = channels.withLock { channels in
            let channel = channels[scope.organizationID] ?? OrganizationChannel(epoch: Self.newEpoch(), limits: limits)
            channels[scope.organizationID] = channel
            do throws(ServiceError) {
                try channel.attach(connection)
                return nil
            } catch {
                return error
            }
        }
        if let refusal { throw refusal }
        return connection
    }

    package func disconnect(_ connection: RealtimeConnection) {
        connection.end(.abandoned)
        channel(of: connection)?.detach(connection, at: clock.now())
    }

    package func standing(of connection: RealtimeConnection) -> RealtimeStanding {
        channel(of: connection)?.standing(of: connection) ?? RealtimeStanding(epoch: "", sequence: 0, topics: [])
    }

    /// Listens to more topics, whose right and existence the caller has checked.
    ///
    /// - Parameters:
    ///   - position: where the client was before it lost its connection; only for a connection without topics.
    ///   - answer: makes the answer to the client. It runs under a lock: it must not call the hub.
    /// - Throws: ``ServiceError`` `invalid-input` beyond the number of topics, `conflict` when it is too late to resume.
    package func subscribe(
        _ connection: RealtimeConnection, to topics: [RealtimeTopic],
        resuming position: (epoch: String, sequence: Int64)? = nil,
        answer: (RealtimeStanding) -> [UInt8]
    ) throws(ServiceError) {
        try channel(of: connection)?.subscribe(
            connection, to: topics,
            resuming: position.map { OrganizationChannel.Position(epoch: $0.epoch, sequence: $0.sequence) },
            answer: answer)
    }

    package func unsubscribe(
        _ connection: RealtimeConnection, from topics: [RealtimeTopic],
        answer: (RealtimeStanding) -> [UInt8]
    ) {
        channel(of: connection)?.unsubscribe(connection, from: topics, answer: answer)
    }

    /// Puts an answer to the client behind what was published before.
    package func answer(_ connection: RealtimeConnection, _ bytes: [UInt8]) { connection.answer(bytes) }

    /// Who is connected, and what each listens to; oldest first.
    package func connections(
        in organizationID: OrganizationID
    ) -> [(connection: RealtimeConnection, topics: Set<RealtimeTopic>)] {
        let channel = channels.withLock { $0[organizationID] }
        return (channel?.connections ?? []).sorted { $0.connection.id < $1.connection.id }
    }

    /// Ends the connections that `isConcerned` names: a session or key was revoked.
    package func end(
        _ ending: RealtimeConnection.Ending, in organizationID: OrganizationID,
        where isConcerned: (RealtimeConnection) -> Bool
    ) {
        for (connection, _) in connections(in: organizationID) where isConcerned(connection) { connection.end(ending) }
    }

    /// Ends every connection of this process, so that the clients come back elsewhere.
    package func shutDown() {
        let all = channels.withLock { Array($0.values) }
        for channel in all { for (connection, _) in channel.connections { connection.end(.shutdown) } }
    }

    /// The number of open connections in this process.
    package var connectionCount: Int {
        channels.withLock { Array($0.values) }.reduce(0) { $0 + $1.connections.count }
    }

    private func channel(of connection: RealtimeConnection) -> OrganizationChannel? {
        channels.withLock { $0[connection.organizationID] }
    }

    /// Frees an organization's events when nobody came back for them. Lock order: hub, then channel, as in `connect`.
    private func forget(_ organizationID: OrganizationID) {
        let now = clock.now()
        channels.withLock { channels in
            if channels[organizationID]?.isForgotten(at: now) == true { channels[organizationID] = nil }
        }
    }

    private static func newEpoch() -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
