import MQTTCodec

/// SUBSCRIBE and UNSUBSCRIBE (§3.8 to §3.11).
extension Connection {
    func receive(_ subscribe: Subscribe) throws(MQTTFault) {
        guard !subscribe.properties.contains(.subscriptionIdentifier) || broker.options.subscriptionIdentifierAvailable
        else {
            throw MQTTFault(.subscriptionIdentifiersNotSupported, "subscription identifiers are not supported")
        }
        question = .subscription(subscribe)
        broker.act(.authorize(self, subscribe.requests))
    }

    /// The answer to ``Action/authorize(_:_:)``: one verdict a request. Without effect when the connection has gone meanwhile.
    package func decide(_ verdicts: [SubscriptionVerdict]) {
        guard case .connected = phase, case .subscription(let subscribe)? = question, let session else { return }
        question = nil
        var reasons: [ReasonCode] = []
        var retained: [(request: SubscriptionRequest, granted: Subscription)] = []
        for (index, request) in subscribe.requests.enumerated() {
            let verdict = index < verdicts.count ? verdicts[index] : .refuse(.notAuthorized)
            switch check(request, verdict, session) {
            case .refuse(let reason): reasons.append(reason.fitting(.subscribeAcknowledgement))
            case .grant(let qos):
                reasons.append(.granted(qos))
                let options = SubscriptionOptions(
                    qos: qos, noLocal: request.options.noLocal, retainAsPublished: request.options.retainAsPublished,
                    retainHandling: request.options.retainHandling)
                let granted = Subscription(
                    options, identifier: subscribe.properties.subscriptionIdentifier ?? 0)
                let isNew = session.realm.subscribe(session, request.filter, granted)
                if wantsRetained(request, isNew: isNew) { retained.append((request, granted)) }
            }
        }
        send(
            .subscribeAcknowledgement(
                SubscribeAcknowledgement(packetID: subscribe.packetID, reasons: reasons)))
        for (request, granted) in retained { sendRetained(request.filter, granted, session) }
        broker.changed(session)
        proceed()
    }

    private func check(
        _ request: SubscriptionRequest, _ verdict: SubscriptionVerdict, _ session: Session
    ) -> SubscriptionVerdict {
        let options = broker.options
        let isShared = request.filter.hasPrefix("$share/")
        if isShared, !options.sharedSubscriptionAvailable { return .refuse(.sharedSubscriptionsNotSupported) }
        if request.filter.hasWildcard, !options.wildcardSubscriptionAvailable {
            return .refuse(.wildcardSubscriptionsNotSupported)
        }
        guard case .grant(let most) = verdict else { return verdict }
        if session.subscriptions.count >= options.subscriptionsPerSession, session.subscriptions[request.filter] == nil
        {
            return .refuse(.quotaExceeded)
        }
        return .grant(min(request.options.qos, most, options.maximumQoS))
    }

    /// Retain Handling (§3.8.3.1, [MQTT-3.3.1-9] to [MQTT-3.3.1-11]); a shared subscription gets no retained messages (§4.8.2).
    private func wantsRetained(_ request: SubscriptionRequest, isNew: Bool) -> Bool {
        guard !request.filter.hasPrefix("$share/") else { return false }
        return switch request.options.retainHandling {
        case .always: true
        case .ifNew: isNew
        case .never: false
        }
    }

    private func sendRetained(_ filter: MQTTString, _ subscription: Subscription, _ session: Session) {
        let identifiers = subscription.identifier == 0 ? [] : [Int(subscription.identifier)]
        for message in session.realm.retained.matching(filter, now: broker.now) {
            session.deliver(
                Delivery(
                    message: message, qos: min(message.qos, subscription.options.qos), retain: true,  // [MQTT-3.3.1-8]
                    subscriptionIdentifiers: identifiers))
        }
    }

    func receive(_ unsubscribe: Unsubscribe) {
        guard let session else { return }
        let reasons: [ReasonCode] = unsubscribe.filters.map { filter in
            session.realm.unsubscribe(session, filter) ? .success : .noSubscriptionExisted
        }
        send(
            .unsubscribeAcknowledgement(
                SubscribeAcknowledgement(packetID: unsubscribe.packetID, reasons: reasons)))
        broker.changed(session)
    }
}
