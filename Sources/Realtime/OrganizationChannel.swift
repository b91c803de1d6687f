import JSON
import Kernel
import Synchronization

/// The live side of one organization: its sequence, its latest events, and who listens to what.
final class OrganizationChannel: Sendable {
    /// Names this run of the sequence: a number means something only beside its epoch.
    let epoch: String

    private struct State {
        var sequence: Int64 = 0
        var ring: EventRing
        var listeners: [RealtimeTopic: [RealtimeConnection]] = [:]
        var topics: [ObjectIdentifier: Set<RealtimeTopic>] = [:]
        var connections: [ObjectIdentifier: RealtimeConnection] = [:]
        /// Since when nobody is connected; nil while somebody is.
        var emptySince: Timestamp?
    }
    private let state: Mutex<State>
    private let limits: RealtimeLimits

    init(epoch: String, limits: RealtimeLimits) {
        self.epoch = epoch
        self.limits = limits
        state = Mutex(State(ring: EventRing(after: 0, capacity: limits.keptEvents, byteCapacity: limits.keptBytes)))
    }

    /// Gives the event its number and hands it to everyone who listens. Never waits for a reader.
    func publish(_ event: LiveEvent, data: (inout JSONWriter) -> Void) {
        state.withLock { state in
            state.sequence += 1
            let sequenced = SequencedEvent(sequence: state.sequence, event: event, data: data)
            state.ring.append(sequenced)
            event.forEachTopic { topic in
                guard let listeners = state.listeners[topic] else { return }
                for connection in listeners { connection.offer(sequenced) }
            }
        }
    }

    /// Adds a connection that listens to nothing yet.
    /// - Throws: ``ServiceError`` `conflict` when the organization has all the connections that it may have.
    func attach(_ connection: RealtimeConnection) throws(ServiceError) {
        let isFull = state.withLock { state in
            guard state.connections.count < limits.connectionsPerOrganization else { return true }
            state.connections[ObjectIdentifier(connection)] = connection
            state.topics[ObjectIdentifier(connection)] = []
            state.emptySince = nil
            return false
        }
        guard isFull else { return }
        throw ServiceError(
            .tooManyRequests,
            "The organization has \(limits.connectionsPerOrganization) live connections, which is the most it may have.",
            retryAfter: 30)
    }

    func detach(_ connection: RealtimeConnection, at time: Timestamp) {
        state.withLock { state in
            guard state.connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
            let topics = state.topics.removeValue(forKey: ObjectIdentifier(connection)) ?? []
            for topic in topics { Self.remove(connection, from: topic, in: &state) }
            if state.connections.isEmpty { state.emptySince = time }
        }
    }

    /// Where a resuming client was.
    struct Position { let epoch: String, sequence: Int64 }

    /// Adds topics. Events after the sequence that the answer names are delivered; with a `position` also those between
    /// it and the answer, or a snapshot when they are no longer known.
    ///
    /// - Parameter answer: makes the answer to the client; it is put in the queue before any event of the new topics.
    func subscribe(
        _ connection: RealtimeConnection, to topics: [RealtimeTopic], resuming position: Position?,
        answer: (RealtimeStanding) -> [UInt8]
    ) throws(ServiceError) {
        let refusal: ServiceError? = state.withLock { state in
            let key = ObjectIdentifier(connection)
            guard let present = state.topics[key] else { return nil }
            let all = present.union(topics)
            guard all.count <= limits.topicsPerConnection else {
                return ServiceError(
                    .invalidInput, "A connection may listen to at most \(limits.topicsPerConnection) topics.")
            }
            guard position == nil || present.isEmpty else {
                return ServiceError(.conflict, "Resume before subscribing: this connection listens already.")
            }
            state.topics[key] = all
            for topic in all.subtracting(present) { state.listeners[topic, default: []].append(connection) }
            connection.answer(answer(RealtimeStanding(epoch: epoch, sequence: state.sequence, topics: all)))
            if let position { replay(to: connection, all, from: position, state) }
            return nil
        }
        if let refusal { throw refusal }
    }

    private func replay(
        to connection: RealtimeConnection, _ topics: Set<RealtimeTopic>, from position: Position,
        _ state: borrowing State
    ) {
        guard position.epoch == epoch, position.sequence <= state.sequence else {
            return connection.tellSnapshot(.unknownEpoch, sequence: state.sequence)
        }
        guard let missed = state.ring.events(after: position.sequence) else {
            return connection.tellSnapshot(.resumeTooOld, sequence: state.sequence)
        }
        for event in missed where event.event.belongs(to: topics) { connection.offer(event) }
    }

    func unsubscribe(
        _ connection: RealtimeConnection, from topics: [RealtimeTopic],
        answer: (RealtimeStanding) -> [UInt8]
    ) {
        state.withLock { state in
            let key = ObjectIdentifier(connection)
            guard let present = state.topics[key] else { return }
            for topic in present.intersection(topics) { Self.remove(connection, from: topic, in: &state) }
            let rest = present.subtracting(topics)
            state.topics[key] = rest
            connection.answer(answer(RealtimeStanding(epoch: epoch, sequence: state.sequence, topics: rest)))
        }
    }

    private static func remove(_ connection: RealtimeConnection, from topic: RealtimeTopic, in state: inout State) {
        guard var listeners = state.listeners.removeValue(forKey: topic) else { return }
        if let index = listeners.firstIndex(where: { $0 === connection }) {
            listeners.swapAt(index, listeners.count - 1)
            listeners.removeLast()
        }
        if !listeners.isEmpty { state.listeners[topic] = listeners }
    }

    func standing(of connection: RealtimeConnection) -> RealtimeStanding {
        state.withLock { state in
            RealtimeStanding(
                epoch: epoch, sequence: state.sequence, topics: state.topics[ObjectIdentifier(connection)] ?? [])
        }
    }

    var connections: [(connection: RealtimeConnection, topics: Set<RealtimeTopic>)] {
        state.withLock { state in
            state.connections.map { (connection: $0.value, topics: state.topics[$0.key] ?? []) }
        }
    }

    /// Whether nobody was connected for the whole of the resume window.
    func isForgotten(at time: Timestamp) -> Bool {
        state.withLock { state in
            guard let emptySince = state.emptySince else { return false }
            return time - emptySince > limits.resumeWindow
        }
    }
}
