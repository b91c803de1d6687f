import MQTTCodec

/// Session State (MQTT 5.0 §4.1): what the server keeps of a client beyond one network connection.
package final class Session: Patrolled {
    package let key: SessionKey
    /// Whose clients it is among. The broker keeps its realms for as long as it lives.
    unowned(unsafe) let realm: Realm
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
    /// About what they take.
    var subscriptionBytes = 0
    /// Sent and not acknowledged.
    var inflight = InflightWindow()
    /// Retained messages that a subscription asked for, before anything that came later.
    private(set) var retainedWaiting = OutboundQueue()
    /// To be sent.
    private(set) var queue = OutboundQueue()
    /// QoS 2 packets that came and are not released (§4.3.3).
    var received: [UInt16: Receipt] = [:]
    /// Publishes that wait for their acceptance, in the order in which they came ([MQTT-4.6.0-2], [MQTT-4.6.0-3]).
    private(set) var pending = Fifo<PendingPublish>()
    private(set) var pendingBytes = 0
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
    package var queuedCount: Int { retainedWaiting.count + queue.count }
    package var droppedCount: Int { queue.dropped }

    /// Whether it outlives its connection.
    var isDurable: Bool { expiryInterval > 0 }

    /// Whether the next message can be the next that is sent.
    var hasNothingWaiting: Bool { queue.isEmpty && retainedWaiting.isEmpty && !inflight.owesAgain }

    // MARK: What is counted

    /// Changes the queue, which counts in the realm too.
    func withQueue<Result>(_ body: (inout OutboundQueue) -> Result) -> Result {
        let before = queue.bytes
        defer { realm.queuedBytes += queue.bytes - before }
        return body(&queue)
    }

    /// Changes the retained messages that wait, which count in the realm too.
    func withRetainedWaiting<Result>(_ body: (inout OutboundQueue) -> Result) -> Result {
        let before = retainedWaiting.bytes
        defer { realm.retainedWaitingBytes += retainedWaiting.bytes - before }
        return body(&retainedWaiting)
    }

    /// Whether so few retained messages wait that a subscription may ask for more, however many it finds.
    var mayAskForRetained: Bool {
        let options = realm.broker.options
        return retainedWaiting.count <= options.retained.messages && retainedWaiting.bytes <= options.retained.bytes
            && realm.retainedWaitingBytes <= options.realm.queuedBytes
    }

    /// What is left of it when it ends, in the order of its sending: what may still go to another client. QoS 2 messages that
    /// were sent may not ([MQTT-4.8.2-5]).
    func takeUndelivered() -> [Delivery] {
        let sent = inflight.all.compactMap { $0.awaiting == .acknowledgement ? $0.delivery : nil }
        inflight = InflightWindow()
        withRetainedWaiting { $0.removeAll() }
        return sent
            + withQueue { queue in
                defer { queue.removeAll() }
                return queue.all
            }
    }

    func addPending(_ publish: PendingPublish) {
        pending.append(publish)
        pendingBytes += publish.message.footprint
    }

    func takeFirstPending() {
        if let publish = pending.popFirst() { pendingBytes -= publish.message.footprint }
    }
}

extension Session: Hashable {
    package static func == (left: Session, right: Session) -> Bool { left === right }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
