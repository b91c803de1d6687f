import MQTTCodec

/// Session State (MQTT 5.0 §4.1): what the server keeps of a client beyond one network connection.
package final class Session: Patrolled {
    package let key: SessionKey
    /// Whose clients it is among. The broker keeps its realms for as long as it lives.
    unowned let realm: Realm
    package internal(set) var principal: (any Principal)?
    /// The connection that serves it now.
    package internal(set) var connection: Connection?
    /// In seconds after the connection ends; 0xFFFFFFFF is for ever (§3.1.2.11.2).
    var expiryInterval: UInt32
    /// When it ends, once the connection is gone.
    var expiresAt: Instant?
    /// The Will of the connection, or of one that is gone and whose delay has not run out (§3.1.3.2.2).
    var will: Will?
    var willAt: Instant?
    var subscriptions: [MQTTString: Subscription] = [:]
    /// Sent and not acknowledged.
    var inflight = InflightWindow()
    /// To be sent.
    var queue = OutboundQueue()
    /// QoS 2 packets that came and are not released (§4.3.3).
    var received: [UInt16: Receipt] = [:]
    /// Publishes that wait for their acceptance, in the order in which they came ([MQTT-4.6.0-2], [MQTT-4.6.0-3]).
    var pending = Fifo<PendingPublish>()
    var isPersisted = false
    var hasChanged = false
    var patrolPlace: Int?
    /// Where the message that is being routed has it, so that overlapping subscriptions make one delivery.
    var routing = (message: UInt64(0), place: 0)

    enum Receipt: UInt8 {
        /// Its acceptance is not decided.
        case undecided
        /// PUBREC has been sent, or would be if the client were there.
        case accepted
    }

    init(key: SessionKey, realm: Realm, expiryInterval: UInt32) {
        self.key = key
        self.realm = realm
        self.expiryInterval = expiryInterval
    }

    package var isOnline: Bool { connection != nil }
    package var queuedCount: Int { queue.count }
    package var droppedCount: Int { queue.dropped }

    /// Whether it outlives its connection.
    var isDurable: Bool { expiryInterval > 0 }
}

extension Session: Hashable {
    package static func == (left: Session, right: Session) -> Bool { left === right }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// A session as it is stored, so that a restart of the server does not end it.
package struct SessionSnapshot: Sendable {
    package struct StoredSubscription: Sendable {
        package var filter: MQTTString
        package var subscription: Subscription
    }

    package struct StoredExchange: Sendable {
        package var packetID: UInt16
        /// Nil after PUBREC.
        package var delivery: Delivery?
    }

    package var key: SessionKey
    package var expiryInterval: UInt32
    package var subscriptions: [StoredSubscription]
    package var inflight: [StoredExchange]
    package var queue: [Delivery]
    /// The QoS 2 packets that were received and not released.
    package var received: [UInt16]
    package var will: Will?
}

extension Session {
    var snapshot: SessionSnapshot {
        SessionSnapshot(
            key: key, expiryInterval: expiryInterval,
            subscriptions: subscriptions.map { .init(filter: $0.key, subscription: $0.value) },
            inflight: inflight.all.map { .init(packetID: $0.packetID, delivery: $0.delivery) }, queue: queue.all,
            received: received.filter { $0.value == .accepted }.map(\.key), will: will)
    }

    /// Takes up what was stored.
    func restore(_ snapshot: SessionSnapshot, limits: QueueLimits) {
        expiryInterval = snapshot.expiryInterval
        for stored in snapshot.subscriptions { realm.subscribe(self, stored.filter, stored.subscription) }
        for exchange in snapshot.inflight {
            let awaiting: InflightWindow.Awaiting =
                switch exchange.delivery?.qos {
                case nil: .complete
                case .exactlyOnce: .received
                default: .acknowledgement
                }
            inflight.restore(.init(packetID: exchange.packetID, awaiting: awaiting, delivery: exchange.delivery))
        }
        for delivery in snapshot.queue { queue.append(delivery, limits: limits) }
        for packetID in snapshot.received { received[packetID] = .accepted }
        isPersisted = true
    }
}
