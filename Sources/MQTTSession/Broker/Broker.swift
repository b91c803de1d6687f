import MQTTCodec

/// An MQTT server without sockets, clocks and threads: bytes and decisions go in, ``Action``s come out.
///
/// It belongs to one thread at a time. Whoever runs it sets ``now``, calls one of the functions, and then does what
/// ``takeActions()`` returns, in that order.
package final class Broker {
    package let options: BrokerOptions
    /// The present, by a clock that only goes forward.
    package var now: Instant
    /// Milliseconds from 1970 to the zero of that clock. Whoever runs the broker sets it anew now and then, for people set
    /// clocks.
    package var epoch: Int64 = 0
    private var actions: [Action] = []
    var connections = Patrol<Connection>()
    /// Sessions without a connection.
    var sleepers = Patrol<Session>()
    var realms: [MQTTString: Realm] = [:]
    var sessionCount = 0
    var writes = PendingWrites()
    /// Whether no more connections are taken, and no more publishes of those there are.
    private(set) var isEnding = false
    /// Publishes and Wills about which somebody was asked and has not answered.
    package private(set) var undecidedCount = 0
    /// Realms whose retained messages have not been looked at in this round.
    private var unswept: [Realm] = []
    private var routed: UInt64 = 0
    private var matches: [Match] = []

    package init(options: BrokerOptions, now: Instant) {
        self.options = options
        self.now = now
    }

    // MARK: Actions

    func act(_ action: Action) { actions.append(action) }

    package var hasActions: Bool { !actions.isEmpty }

    /// What is to be done now.
    package func takeActions() -> [Action] {
        defer { actions = [] }
        return actions
    }

    /// Exchanges the list for an empty one whose memory is used again.
    package func takeActions(into list: inout [Action]) {
        list.removeAll(keepingCapacity: true)
        swap(&list, &actions)
    }

    // MARK: Connections

    /// A network connection was accepted. Nil when there are too many, or when it comes too late.
    package func open(_ peer: Peer) -> Connection? {
        guard !isEnding, connections.count < options.connections else { return nil }
        let connection = Connection(broker: self, peer: peer)
        connections.add(connection)
        return connection
    }

    package var connectionCount: Int { connections.count }

    /// To be called about ten times a second: keep-alive, delays of Wills, expiry of sessions, and what is to be persisted.
    package func tick() {
        for connection in connections.nextOnes() { connection.checkTime() }
        for session in sleepers.nextOnes() { checkTime(of: session) }
        if unswept.isEmpty { unswept = Array(realms.values) }
        unswept.popLast()?.forgetExpiredMessages()
        writeChanges()
    }

    /// Takes no more connections, and no more publishes of those there are: what has come of them is still decided and answered,
    /// and clients may say everything else.
    package func beginShutDown() {
        isEnding = true
        for connection in connections.all where !connection.isConnected { connection.close(.serverShuttingDown) }
    }

    /// Closes every connection, and takes no more. Their Wills ask for acceptance.
    package func shutDown() {
        isEnding = true
        for connection in connections.all { connection.close(.serverShuttingDown) }
        writeChanges()
    }

    /// Ends the connection of a client, if it has one.
    package func disconnect(_ key: SessionKey, _ reason: ReasonCode, _ properties: Properties = []) {
        realms[key.realm]?.sessions[key.clientID]?.connection?.close(reason, properties)
    }

    package func session(_ key: SessionKey) -> Session? { realms[key.realm]?.sessions[key.clientID] }

    // MARK: Messages

    func ask(_ pending: PendingPublish) {
        undecidedCount += 1
        act(.accept(pending))
    }

    /// The answer to ``Action/accept(_:)``; each counts once.
    package func answer(_ pending: PendingPublish, with verdict: PublishVerdict) {
        guard pending.verdict == nil else { return }
        pending.verdict = verdict
        undecidedCount -= 1
        if let session = pending.session {
            if pending.isLate { session.settleLate(pending, verdict, self) } else { session.settle(self) }
            session.connection?.proceed()
        } else if case .route = verdict, let realm = realms[pending.key.realm] {
            route(pending.message, from: nil, in: realm)
        }
    }

    /// A message of the server's own.
    ///
    /// - Returns: to how many sessions it goes.
    @discardableResult
    package func publish(_ message: Message, in realm: MQTTString = "") -> Int {
        guard let realm = realms[realm] else { return 0 }
        return route(message, from: nil, in: realm)
    }

    /// A message for one client, whatever it subscribed to.
    ///
    @discardableResult
    package func deliver(_ message: Message, to key: SessionKey) -> DeliveryOutcome {
        guard let session = session(key) else { return .unknownClient }
        return session.deliver(Delivery(message: message, qos: min(message.qos, options.maximumQoS)))
    }

    /// One session that a message goes to, with what its overlapping subscriptions make of it together.
    private struct Match {
        let session: Session
        var delivery: Delivery
    }

    /// Keeps the message if it is to be retained and there is room, and gives it to every session with a matching subscription, once, at the highest
    /// of their QoS and with all their identifiers ([MQTT-3.3.4-2] to [MQTT-3.3.4-5]); and once more to one member of every
    /// matching share (§4.8.2).
    ///
    /// - Returns: to how many sessions it goes.
    @discardableResult
    func route(_ message: Message, from publisher: Session?, in realm: Realm) -> Int {
        if message.retain { realm.retain(message) }
        routed += 1
        realm.subscriptions.match(message.topic) { session, subscription in
            // [MQTT-3.8.3-3]
            if subscription.options.noLocal, session === publisher { return }
            match(session, subscription, message)
        } shared: { group in
            if let (session, subscription) = group.choose(for: message) {
                matches.append(
                    Match(session: session, delivery: Delivery(of: message, by: subscription, share: group.share)))
            }
        }
        defer { matches.removeAll(keepingCapacity: true) }
        guard !matches.isEmpty else { return 0 }
        // Many will keep it: the bytes are copied once for all of them.
        let shared = matches.count > 1 ? message.stored() : message
        for match in matches {
            var delivery = match.delivery
            delivery.message = shared
            if match.session.deliver(delivery) == .dropped, delivery.share != nil {
                realm.shareAnew(delivery, besides: match.session)
            }
        }
        return matches.count
    }

    private func match(_ session: Session, _ subscription: Subscription, _ message: Message) {
        let delivery = Delivery(of: message, by: subscription)
        guard session.routing.message == routed else {
            session.routing = (routed, matches.count)
            return matches.append(Match(session: session, delivery: delivery))
        }
        let place = session.routing.place
        matches[place].delivery.qos = max(matches[place].delivery.qos, delivery.qos)
        matches[place].delivery.retain = matches[place].delivery.retain || delivery.retain
        matches[place].delivery.subscriptionIdentifiers += delivery.subscriptionIdentifiers
    }
}
