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
    /// The Will of the connection, or of one that is gone and whose delay has not run out (§3.1.3.2.2). It counts in the realm.
    var will: Will? {
        didSet { realm.willBytes += (will?.footprint ?? 0) - (oldValue?.footprint ?? 0) }
    }
    var willAt: Instant?
    var subscriptions: [MQTTString: Subscription] = [:]
    /// About what they take.
    var subscriptionBytes = 0
    /// The shares that it is a member of, by its filters. The topic tree keeps them.
    var memberships: [MQTTString: Membership] = [:]
    /// Sent and not acknowledged.
    private(set) var inflight = InflightWindow()
    /// Retained messages that subscriptions asked for, before anything that came later.
    private(set) var retained = RetainedBacklog()
    /// To be sent.
    private(set) var queue = OutboundQueue()
    /// QoS 2 packets that came and are not released (§4.3.3).
    var received: [UInt16: Receipt] = [:]
    /// Publishes that wait for their acceptance, in the order in which they came ([MQTT-4.6.0-2], [MQTT-4.6.0-3]).
    private(set) var pending = Fifo<PendingPublish>()
    /// The memory that they keep alive: a small payload holds all that came in one piece with it.
    private(set) var pendingBytes = 0
    /// Those of QoS 2 that nobody has decided in time. Each is known again when the client sends it again.
    private(set) var late: [UInt16: PendingPublish] = [:]
    private var lateBytes = 0
    /// Whether something of it may be stored, and whether it is another than what is stored.
    var isPersisted = false
    var hasChanged = false
    /// How often the last write has failed.
    var failedWrites: UInt8 = 0
    var isWrittenAfter = Instant(milliseconds: .min)
    var patrolPlace: Int?
    /// Where the message that is being routed has it, so that overlapping subscriptions make one delivery.
    var routing = (message: UInt64(0), place: 0)

    enum Receipt: UInt8 {
        /// Its acceptance is not decided.
        case undecided
        /// PUBREC has been sent, or would be if the client were there.
        case accepted
    }

    struct Membership { unowned let group: SharedGroup<Session> }

    init(key: SessionKey, realm: Realm, expiryInterval: UInt32) {
        self.key = key
        self.realm = realm
        self.expiryInterval = expiryInterval
    }

    package var isOnline: Bool { connection != nil }
    package var queuedCount: Int { retained.count + queue.count }
    package var droppedCount: Int { queue.dropped }

    /// Whether it outlives its connection.
    var isDurable: Bool { expiryInterval > 0 }

    /// Whether the next message can be the next that is sent.
    var hasNothingWaiting: Bool { queue.isEmpty && retained.isEmpty && !inflight.owesAgain }

    // MARK: What is counted

    /// Of the messages that wait or are in flight: a message counts from its queueing until its exchange has ended.
    var heldBytes: Int { queue.bytes + inflight.bytes }

    /// Changes what waits or is in flight, which counts in the realm too.
    @inline(__always)
    func withHeld<Result>(_ body: (_ queue: inout OutboundQueue, _ inflight: inout InflightWindow) -> Result) -> Result
    {
        let before = heldBytes
        defer { realm.heldBytes += heldBytes - before }
        return body(&queue, &inflight)
    }

    /// Changes the retained messages that wait, which count in the realm too.
    func withRetained<Result>(_ body: (inout RetainedBacklog) -> Result) -> Result {
        let before = retained.bytes
        defer { realm.retainedWaitingBytes += retained.bytes - before }
        return body(&retained)
    }

    /// They are sent as the client takes them, however many they are, before anything that comes later.
    func askForRetained(_ filter: MQTTString) {
        guard let place = subscriptions.index(forKey: filter) else { return }
        withRetained { $0.ask(subscriptions[place].key) }
    }

    /// Whether so many bytes more may wait or be in flight.
    func hasRoom(for bytes: Int) -> Bool {
        let broker = realm.broker
        return heldBytes + bytes <= broker.options.queue.bytes
            && realm.heldBytes + bytes <= broker.options.realm.heldBytes
    }

    /// What is left of it when it ends, in the order of its sending: what may still go to another client. QoS 2 messages that
    /// were sent may not ([MQTT-4.8.2-5]).
    func takeUndelivered() -> [Delivery] {
        withRetained { $0 = RetainedBacklog() }
        return withHeld { queue, inflight in
            let sent = inflight.all.compactMap { $0.awaiting == .acknowledgement ? $0.delivery : nil }
            inflight = InflightWindow()
            defer { queue.removeAll() }
            return sent + queue.all
        }
    }

    func addPending(_ publish: PendingPublish) {
        pendingBytes += Session.bytes(of: publish, besides: pending.last)
        pending.append(publish)
    }

    func takeFirstPending() {
        if let publish = pending.popFirst() { pendingBytes -= Session.bytes(of: publish, besides: pending.first) }
    }

    /// Keeps a publish that nobody has decided in time.
    ///
    /// - Returns: false when those kept already hold as many bytes as may be undecided.
    func setAside(_ publish: PendingPublish) -> Bool {
        let bytes = Session.bytes(of: publish, besides: nil)
        guard lateBytes + bytes <= realm.broker.options.undecidedBytes else { return false }
        late[publish.packetID] = publish
        lateBytes += bytes
        return true
    }

    /// The publish that was set aside under this packet identifier, which is forgotten.
    @discardableResult
    func takeLate(_ packetID: UInt16) -> PendingPublish? {
        guard let publish = late.removeValue(forKey: packetID) else { return nil }
        lateBytes -= Session.bytes(of: publish, besides: nil)
        return publish
    }

    func forgetLate() { (late, lateBytes) = ([:], 0) }

    /// What a publish holds and its neighbour does not. They stand in the order in which they came, so that those of one piece
    /// stand together.
    private static func bytes(of publish: PendingPublish, besides neighbour: PendingPublish?) -> Int {
        let isShared = neighbour?.body.sharesMemory(with: publish.body) == true
        return Message.overhead + (isShared ? 0 : publish.held)
    }
}

extension Session: Hashable {
    package static func == (left: Session, right: Session) -> Bool { left === right }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
