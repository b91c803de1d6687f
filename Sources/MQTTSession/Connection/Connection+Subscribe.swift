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
        var search = RetainedSearch()
        for (index, request) in subscribe.requests.enumerated() {
            let verdict = index < verdicts.count ? verdicts[index] : .refuse(.notAuthorized)
            let wantsRetained = wantsRetained(request, session)
            switch check(request, verdict, session, wantsRetained ? search.visited : nil) {
            case .refuse(let reason): reasons.append(reason.fitting(.subscribeAcknowledgement))
            case .grant(let qos):
                reasons.append(.granted(qos))
                let options = SubscriptionOptions(
                    qos: qos, noLocal: request.options.noLocal, retainAsPublished: request.options.retainAsPublished,
                    retainHandling: request.options.retainHandling)
                let granted = Subscription(
                    options, identifier: subscribe.properties.subscriptionIdentifier ?? 0)
                session.realm.subscribe(session, request.filter, granted)
                if wantsRetained { addRetained(request.filter, granted, session, &search) }
            }
        }
        send(
            .subscribeAcknowledgement(
                SubscribeAcknowledgement(packetID: subscribe.packetID, reasons: reasons)))
        searched += search.visited
        session.sendWaiting()
        broker.changed(session)
        proceed()
    }

    /// - Parameter searched: nodes that were visited for the packet's other filters; nil when this one asks for no retained
    ///   messages.
    private func check(
        _ request: SubscriptionRequest, _ verdict: SubscriptionVerdict, _ session: Session, _ searched: Int?
    ) -> SubscriptionVerdict {
        let options = broker.options
        if Realm.shared(request.filter) != nil, !options.sharedSubscriptionAvailable {
            return .refuse(.sharedSubscriptionsNotSupported)
        }
        if request.filter.hasWildcard, !options.wildcardSubscriptionAvailable {
            return .refuse(.wildcardSubscriptionsNotSupported)
        }
        guard case .grant(let most) = verdict else { return verdict }
        guard session.realm.hasRoom(for: request.filter, of: session) else { return .refuse(.quotaExceeded) }
        if let searched {
            // A client that does not take the retained messages that it asked for cannot ask for more and more, and none can
            // have them all searched as often as it has filters.
            guard session.mayAskForRetained, searched <= options.retainedVisits else {
                return .refuse(.quotaExceeded)
            }
        }
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

    /// They are sent as the client takes them, however many they are. A filter that comes twice in a packet gets them once.
    private func addRetained(
        _ filter: MQTTString, _ subscription: Subscription, _ session: Session, _ search: inout RetainedSearch
    ) {
        guard search.filters.insert(filter).inserted else { return }
        let found = session.realm.retained.matching(filter, now: broker.now, visited: &search.visited)
        session.withRetainedWaiting { waiting in
            for message in found {
                var delivery = Delivery(of: message, by: subscription)
                delivery.retain = true  // [MQTT-3.3.1-8]
                waiting.append(delivery)
            }
        }
    }

    func receive(_ unsubscribe: Unsubscribe) {
        guard let session else { return }
        let reasons: [ReasonCode] = unsubscribe.filters.map { filter in
            if isInUse(unsubscribe.packetID) { return .packetIdentifierInUse }
            return session.realm.unsubscribe(session, filter) ? .success : .noSubscriptionExisted
        }
        send(
            .unsubscribeAcknowledgement(
                SubscribeAcknowledgement(packetID: unsubscribe.packetID, reasons: reasons)))
        broker.changed(session)
    }
}

/// What the filters of one SUBSCRIBE have made of the retained messages so far.
private struct RetainedSearch {
    var filters: Set<MQTTString> = []
    /// Nodes of their tree.
    var visited = 0
}
