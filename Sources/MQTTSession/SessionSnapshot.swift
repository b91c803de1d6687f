import MQTTCodec

/// A session as it is stored, so that a restart of the server does not end it. Every moment in it is counted from 1970, for the
/// clock of another process begins elsewhere.
package struct SessionSnapshot: Sendable {
    package struct StoredSubscription: Sendable {
        package var filter: MQTTString
        package var subscription: Subscription
        /// Whether the client has not been sent all retained messages that it asked for. They are looked for again.
        package var owesRetained: Bool

        package init(filter: MQTTString, subscription: Subscription, owesRetained: Bool = false) {
            self.filter = filter
            self.subscription = subscription
            self.owesRetained = owesRetained
        }
    }

    package struct StoredExchange: Sendable {
        package var packetID: UInt16
        /// Nil after PUBREC.
        package var delivery: Delivery?

        package init(packetID: UInt16, delivery: Delivery?) {
            self.packetID = packetID
            self.delivery = delivery
        }
    }

    package var key: SessionKey
    /// Whoever takes up a session says again who it is: its Will asks for acceptance in that name.
    package var principal: (any Principal)?
    package var expiryInterval: UInt32
    /// When it ends; nil while the client is connected, and for ever.
    package var expiresAt: Instant?
    package var subscriptions: [StoredSubscription]
    package var inflight: [StoredExchange]
    /// Without what is sent at most once.
    package var queue: [Delivery]
    /// The QoS 2 packets that were received and not released.
    package var received: [UInt16]
    package var will: Will?
    /// When the Will is due; nil while the client is connected.
    package var willAt: Instant?

    package init(
        key: SessionKey, principal: (any Principal)? = nil, expiryInterval: UInt32, expiresAt: Instant? = nil,
        subscriptions: [StoredSubscription] = [], inflight: [StoredExchange] = [], queue: [Delivery] = [],
        received: [UInt16] = [], will: Will? = nil, willAt: Instant? = nil
    ) {
        self.key = key
        self.principal = principal
        self.expiryInterval = expiryInterval
        self.expiresAt = expiresAt
        self.subscriptions = subscriptions
        self.inflight = inflight
        self.queue = queue
        self.received = received
        self.will = will
        self.willAt = willAt
    }
}

extension Session {
    var snapshot: SessionSnapshot {
        let epoch = realm.broker.epoch
        return SessionSnapshot(
            key: key, principal: principal, expiryInterval: expiryInterval, expiresAt: expiresAt?.moved(by: epoch),
            subscriptions: subscriptions.map {
                .init(filter: $0.key, subscription: $0.value, owesRetained: retained.isAsked($0.key))
            },
            inflight: inflight.all.map { .init(packetID: $0.packetID, delivery: $0.delivery?.moved(by: epoch)) },
            queue: queue.all.filter { $0.qos != .atMostOnce }.map { $0.moved(by: epoch) },
            received: received.filter { $0.value == .accepted }.map(\.key), will: will,
            willAt: willAt?.moved(by: epoch))
    }

    /// Takes up what was stored, which found room once.
    func restore(_ snapshot: SessionSnapshot) {
        let epoch = realm.broker.epoch
        expiryInterval = snapshot.expiryInterval
        principal = snapshot.principal
        will = snapshot.will
        for stored in snapshot.subscriptions {
            realm.subscribe(self, stored.filter, stored.subscription)
            if stored.owesRetained { withRetained { $0.ask(stored.filter) } }
        }
        withHeld { queue, inflight in
            for exchange in snapshot.inflight {
                let awaiting: InflightWindow.Awaiting =
                    switch exchange.delivery?.qos {
                    case nil: .complete
                    case .exactlyOnce: .received
                    default: .acknowledgement
                    }
                inflight.restore(
                    .init(
                        packetID: exchange.packetID, awaiting: awaiting, delivery: exchange.delivery?.moved(by: -epoch))
                )
            }
            for delivery in snapshot.queue { queue.append(delivery.moved(by: -epoch)) }
        }
        for packetID in snapshot.received { received[packetID] = .accepted }
        isPersisted = true
    }
}
