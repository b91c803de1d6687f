import MQTTCodec

/// Clients among themselves: their sessions, their subscriptions and their retained messages. Nothing leads from one realm to
/// another.
final class Realm {
    let name: MQTTString
    /// It keeps its realms.
    unowned(unsafe) let broker: Broker
    var sessions: [MQTTString: Session] = [:]
    var subscriptions = TopicTree<Session>()
    var retained: RetainedMessages
    /// Of the messages that wait for its clients or are in flight to them.
    var heldBytes = 0
    /// Of its clients' Wills.
    var willBytes = 0
    /// Of the retained messages that wait for them. They may have been replaced long since, and live only for that.
    var retainedWaitingBytes = 0
    /// About what the subscriptions take.
    private(set) var subscriptionBytes = 0

    init(name: MQTTString, broker: Broker) {
        self.name = name
        self.broker = broker
        retained = RetainedMessages(limits: broker.options.retained)
    }

    /// Whether the session may have one subscription more.
    func hasRoom(for filter: MQTTString, of session: Session) -> Bool {
        guard session.subscriptions[filter] == nil else { return true }
        let options = broker.options
        let footprint = Subscription.footprint(filter)
        return session.subscriptions.count < options.subscriptionsPerSession
            && session.subscriptionBytes + footprint <= options.subscriptionBytesPerSession
            && subscriptionBytes + footprint <= options.realm.subscriptionBytes
    }

    /// Whether so few retained messages wait that more may be looked for, however many are found.
    var hasRoomForRetained: Bool { retainedWaitingBytes <= broker.options.realm.heldBytes }

    /// - Returns: whether the subscription is new ([MQTT-3.8.4-3]).
    @discardableResult
    func subscribe(_ session: Session, _ filter: MQTTString, _ subscription: Subscription) -> Bool {
        if let place = session.subscriptions.index(forKey: filter) {
            session.subscriptions.values[place] = subscription
        } else {
            session.subscriptions[filter.detached()] = subscription
            count(Subscription.footprint(filter), of: session)
        }
        let shared = Realm.shared(filter)
        let isNew = subscriptions.insert(
            session, filter: shared?.filter ?? filter, shareName: shared?.shareName, subscription,
            isAwake: session.isOnline)
        if isNew, let shared, let group = subscriptions.group(shared.shareName, filter: shared.filter) {
            session.memberships[filter.detached()] = Session.Membership(group: group)
        }
        return isNew
    }

    /// - Returns: whether there was such a subscription.
    func unsubscribe(_ session: Session, _ filter: MQTTString) -> Bool {
        guard session.subscriptions.removeValue(forKey: filter) != nil else { return false }
        session.memberships[filter] = nil
        session.withRetained { $0.withdraw(filter) }
        count(-Subscription.footprint(filter), of: session)
        let shared = Realm.shared(filter)
        return subscriptions.remove(session, filter: shared?.filter ?? filter, shareName: shared?.shareName)
    }

    private func count(_ bytes: Int, of session: Session) {
        session.subscriptionBytes += bytes
        subscriptionBytes += bytes
    }

    /// The client has come or gone: shares turn to those that are there.
    func wake(_ session: Session, _ isAwake: Bool) {
        for membership in session.memberships.values { membership.group.wake(session, isAwake) }
    }

    /// The session ended before this could be delivered to it. If it came by a share, another member gets it (§4.8.2).
    ///
    /// - Parameter refused: the member that had it first, and is not asked again.
    func shareAnew(_ delivery: Delivery, besides refused: Session? = nil) {
        guard let share = delivery.share, let group = subscriptions.group(share.name, filter: share.filter),
            let (session, subscription) = group.choose(for: delivery.message, besides: refused),
            refused == nil || session !== refused && session.mayKeep(delivery.message, by: subscription)
        else { return }
        session.deliver(Delivery(of: delivery.message, by: subscription, share: share))
    }

    /// Whether there is room for a client's Will in place of another.
    func hasRoom(for will: Will, inPlaceOf present: Will?) -> Bool {
        willBytes - (present?.footprint ?? 0) + will.footprint <= broker.options.realm.willBytes
    }

    /// Keeps the message for those who subscribe later, if there is room. What it would replace has had its time in any case.
    func retain(_ message: Message) {
        let message = message.stored()
        guard withRetained({ $0.set(message, now: broker.now) }) else {
            guard retained[message.topic] != nil else { return }
            retained.remove(message.topic)
            return broker.act(.retain(nil, topic: message.topic, realm: name))
        }
        let kept = message.payload.isEmpty ? nil : message.moved(by: broker.epoch)
        broker.act(.retain(kept, topic: message.topic, realm: name))
    }

    /// Looks for something in the retained messages, and tells which have expired and were forgotten on the way.
    func withRetained<Result>(_ body: (inout RetainedMessages) -> Result) -> Result {
        defer {
            for topic in retained.takeForgotten() { broker.act(.retain(nil, topic: topic, realm: name)) }
        }
        return body(&retained)
    }

    /// Looks at some of the retained messages in turn.
    func forgetExpiredMessages() { withRetained { $0.removeExpired(broker.now) } }

    /// Filters were checked when they were decoded.
    static func shared(_ filter: MQTTString) -> SharedFilter? { (try? SharedFilter(filter)) ?? nil }
}
