import MQTTCodec

/// Clients among themselves: their sessions, their subscriptions and their retained messages. Nothing leads from one realm to
/// another.
final class Realm {
    let name: MQTTString
    unowned let broker: Broker
    var sessions: [MQTTString: Session] = [:]
    var subscriptions = TopicTree<Session>()
    var retained: RetainedMessages

    init(name: MQTTString, broker: Broker) {
        self.name = name
        self.broker = broker
        retained = RetainedMessages(limits: broker.options.retained)
    }

    /// - Returns: whether the subscription is new ([MQTT-3.8.4-3]).
    @discardableResult
    func subscribe(_ session: Session, _ filter: MQTTString, _ subscription: Subscription) -> Bool {
        session.subscriptions[filter.detached()] = subscription
        let shared = Realm.shared(filter)
        return subscriptions.insert(
            session, filter: shared?.filter ?? filter, shareName: shared?.shareName, subscription)
    }

    /// - Returns: whether there was such a subscription.
    func unsubscribe(_ session: Session, _ filter: MQTTString) -> Bool {
        guard session.subscriptions.removeValue(forKey: filter) != nil else { return false }
        let shared = Realm.shared(filter)
        return subscriptions.remove(session, filter: shared?.filter ?? filter, shareName: shared?.shareName)
    }

    /// Filters were checked when they were decoded.
    private static func shared(_ filter: MQTTString) -> SharedFilter? { (try? SharedFilter(filter)) ?? nil }
}
