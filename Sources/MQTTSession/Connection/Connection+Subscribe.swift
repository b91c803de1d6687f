import MQTTCodec

/// SUBSCRIBE and UNSUBSCRIBE (§3.8 to §3.11).
extension Connection {
    func receive(_ subscribe: Subscribe) throws(MQTTFault) {
        guard !subscribe.properties.contains(.subscriptionIdentifier) || broker.options.subscriptionIdentifierAvailable
        else {
            throw MQTTFault(.subscriptionIdentifiersNotSupported, "subscription identifiers are not supported")
        }
        guard !isInUse(subscribe.packetID) else {
            let reasons = [ReasonCode](repeating: .packetIdentifierInUse, count: subscribe.requests.count)
            return send(
                .subscribeAcknowledgement(SubscribeAcknowledgement(packetID: subscribe.packetID, reasons: reasons)))
        }
        undecided = .subscription(subscribe)
        broker.act(.authorize(newQuestion(), subscribe.requests))
    }

    /// Whether a QoS 2 exchange has the identifier ([MQTT-2.2.1-3]). MQTT 3.1.1 has no word for it.
    private func isInUse(_ packetID: UInt16) -> Bool { version == .v5 && session?.received[packetID] != nil }

    /// Without effect when the connection has gone meanwhile.
    func decide(_ verdicts: [SubscriptionVerdict]) {
        guard case .connected = phase, case .subscription(let subscribe)? = undecided, let session else { return }
        undecided = nil
        var reasons: [ReasonCode] = []
        for (index, request) in subscribe.requests.enumerated() {
            let verdict = index < verdicts.count ? verdicts[index] : .refuse(.notAuthorized)
            switch check(request, verdict, session) {
            case .refuse(let reason): reasons.append(reason.fitting(.subscribeAcknowledgement))
            case .grant(let qos):
                reasons.append(.granted(qos))
                let options = SubscriptionOptions(
                    qos: qos, noLocal: request.options.noLocal, retainAsPublished: request.options.retainAsPublished,
                    retainHandling: request.options.retainHandling)
                grant(
                    request, Subscription(options, identifier: subscribe.properties.subscriptionIdentifier ?? 0),
                    session)
            }
        }
        send(
            .subscribeAcknowledgement(
                SubscribeAcknowledgement(packetID: subscribe.packetID, reasons: reasons)))
        session.sendWaiting()
        proceed()
    }

    private func grant(_ request: SubscriptionRequest, _ granted: Subscription, _ session: Session) {
        let wantsRetained = wantsRetained(request, session)
        let present = session.subscriptions[request.filter]
        if present != granted || wantsRetained { broker.changed(session) }
        session.realm.subscribe(session, request.filter, granted)
        if wantsRetained { session.askForRetained(request.filter) }
    }

    private func check(
        _ request: SubscriptionRequest, _ verdict: SubscriptionVerdict, _ session: Session
    ) -> SubscriptionVerdict {
        let options = broker.options
        if Realm.shared(request.filter) != nil, !options.sharedSubscriptionAvailable {
            return .refuse(.sharedSubscriptionsNotSupported)
        }
        if request.filter.hasWildcard, !options.wildcardSubscriptionAvailable {
            return .refuse(.wildcardSubscriptionsNotSupported)
        }
        guard case .grant(let most) = verdict else { return verdict }
        guard session.realm.hasRoom(for: request.filter, of: session),
            !wantsRetained(request, session) || session.realm.hasRoomForRetained
        else { return .refuse(.quotaExceeded) }
        return .grant(min(request.options.qos, most, options.maximumQoS))
    }

    /// Retain Handling (§3.8.3.1, [MQTT-3.3.1-9] to [MQTT-3.3.1-11]); a shared subscription gets no retained messages (§4.8.2).
    private func wantsRetained(_ request: SubscriptionRequest, _ session: Session) -> Bool {
        guard Realm.shared(request.filter) == nil else { return false }
        return switch request.options.retainHandling {
        case .always: true
        case .ifNew: session.subscriptions[request.filter] == nil
        case .never: false
        }
    }

    func receive(_ unsubscribe: Unsubscribe) {
        guard let session else { return }
        let reasons: [ReasonCode] = unsubscribe.filters.map { filter in
            if isInUse(unsubscribe.packetID) { return .packetIdentifierInUse }
            guard session.realm.unsubscribe(session, filter) else { return .noSubscriptionExisted }
            broker.changed(session)
            return .success
        }
        send(
            .unsubscribeAcknowledgement(
                SubscribeAcknowledgement(packetID: unsubscribe.packetID, reasons: reasons)))
    }
}
