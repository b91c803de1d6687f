import MQTTCodec

/// PUBLISH from the client, and what answers it (§3.3 to §3.7, §4.3).
extension Connection {
    func receive(_ publish: Publish, _ raw: RawPacket) throws(MQTTFault) {
        guard let session else { return }
        let topic = try inboundAliases.resolve(publish, maximum: broker.options.topicAliasMaximum)
        guard publish.qos <= broker.options.maximumQoS else {
            throw MQTTFault(.qosNotSupported, "this QoS is not supported")  // [MQTT-3.2.2-11]
        }
        guard !publish.retain || broker.options.retainAvailable else {
            throw MQTTFault(.retainNotSupported, "retained messages are not supported")  // [MQTT-3.2.2-14]
        }
        let isOfItsFormat = isOfItsFormat(publish.payload, publish.properties)
        if publish.qos != .atMostOnce {
            guard try begin(publish, session) else { return }
        } else if !isOfItsFormat {
            throw MQTTFault(.payloadFormatInvalid, "a payload is not the UTF-8 that it says it is")
        }
        let message = Message(
            topic: topic, payload: publish.payload, qos: publish.qos, retain: publish.retain,
            properties: publish.properties.without(.topicAlias, .messageExpiryInterval),
            expiry: publish.properties.messageExpiryInterval.map { broker.now.after(seconds: $0) })
        let pending = PendingPublish(
            message: message, key: session.key, principal: session.principal, session: session,
            packetID: publish.packetID, body: raw.body, held: raw.held, since: broker.now)
        session.addPending(pending)
        if !isOfItsFormat {
            pending.verdict = .refuse(.payloadFormatInvalid)
        } else if publish.retain, version == .v5, publish.qos != .atMostOnce,
            !session.realm.withRetained({ $0.hasRoom(for: message, now: broker.now) })
        {
            // Whoever cannot be told would send it again and again: his goes to the subscribers and is not kept.
            pending.verdict = .refuse(.quotaExceeded)
        } else {
            return broker.ask(pending)
        }
        session.settle(broker)
    }

    /// Whether a payload that is said to be UTF-8 is ([MQTT-3.3.2-4] leaves the check to the server's choice).
    func isOfItsFormat(_ payload: ByteSlice, _ properties: Properties) -> Bool {
        guard broker.options.validatesPayloadFormat, properties.payloadIsUTF8 == true else { return true }
        return payload.isUTF8
    }

    /// Counts a QoS 1 or 2 publish against the quota (§4.9) and finds QoS 2 duplicates.
    ///
    /// - Returns: whether the message is new.
    private func begin(_ publish: Publish, _ session: Session) throws(MQTTFault) -> Bool {
        switch session.received[publish.packetID] {
        case .accepted? where publish.qos == .exactlyOnce:
            // It is ours already: acknowledged again and passed on never ([MQTT-4.3.3-10], [MQTT-4.3.3-12]).
            send(.publishReceived(Acknowledgement(packetID: publish.packetID)))
            return false
        case .undecided? where publish.qos == .exactlyOnce:
            // Sent again by a new connection, while the first is being decided.
            if let late = session.takeLate(publish.packetID) {
                session.takeUp(late)
                return false
            }
            for index in 0..<session.pending.count where session.pending[index].packetID == publish.packetID {
                session.pending[index].acknowledges = true
            }
            return false
        case .some where version == .v5:
            send(.publishAcknowledgement(Acknowledgement(packetID: publish.packetID, reason: .packetIdentifierInUse)))
            return false
        case .some:
            // MQTT 3.1.1 has no word for it, and PUBACK would promise what nobody keeps. The client has forgotten its QoS 2
            // exchange, and so do we.
            session.received[publish.packetID] = nil
            session.takeLate(publish.packetID)
            broker.changed(session)
        case nil: break
        }
        unanswered += 1
        // [MQTT-3.3.4-7] binds MQTT 5 clients. Those of MQTT 3.1.1 are read more slowly, and only QoS 2 exchanges, which
        // they alone can end, have to be counted.
        if version == .v5, unanswered > Int(broker.options.receiveMaximum) {
            throw MQTTFault(.receiveMaximumExceeded, "more publishes are unanswered than the receive maximum allows")
        }
        if publish.qos == .exactlyOnce {
            guard session.received.count < 4_096 else {
                throw MQTTFault(.receiveMaximumExceeded, "too many QoS 2 publishes are not released")
            }
            session.received[publish.packetID] = .undecided
        }
        return true
    }

    /// Answers a publish that was decided.
    func acknowledge(_ pending: PendingPublish, _ reason: ReasonCode, _ properties: Properties) {
        guard version == .v5 || !reason.isFailure else {
            // [MQTT-3.3.5-2] of 3.1.1: it is acknowledged, or the connection is closed.
            return close(reason, [])
        }
        var acknowledgement = Acknowledgement(packetID: pending.packetID)
        if version == .v5 {
            acknowledgement.reason = reason.fitting(.publishAcknowledgement)
            if wantsProblemInformation { acknowledgement.properties = properties }  // [MQTT-3.1.2-29]
        }
        switch pending.message.qos {
        case .atMostOnce: break
        case .atLeastOnce:
            answered()
            send(.publishAcknowledgement(acknowledgement))
        case .exactlyOnce:
            if reason.isFailure { answered() }
            send(.publishReceived(acknowledgement))
        }
    }

    /// PUBREL (§3.6): the client will not send the message again.
    func receiveRelease(_ release: Acknowledgement) {
        guard let session else { return }
        var reason = ReasonCode.success
        if session.received[release.packetID] == .accepted {
            session.received[release.packetID] = nil
            broker.changed(session)
            answered()
        } else {
            reason = .packetIdentifierNotFound
        }
        // [MQTT-4.3.3-11]; in MQTT 3.1.1 without a reason.
        send(.publishComplete(Acknowledgement(packetID: release.packetID, reason: version == .v5 ? reason : .success)))
    }

    private func answered() { unanswered = max(0, unanswered - 1) }
}

extension Session {
    /// Finishes the publishes that are decided, in the order in which they came, up to the first that is not.
    func settle(_ broker: Broker) {
        while let pending = pending.first, let verdict = pending.verdict {
            takeFirstPending()
            settle(pending, verdict, broker)
        }
    }

    /// Sets the first publish aside, which nobody has decided in time, and lets those behind it go on.
    ///
    /// Whoever decides may have taken it in all the same, so one of QoS 2 stays undecided: when the client sends it again, it is
    /// the same message. One of QoS 1 is new when it comes again (§4.3.2), and so is one for which there is no room.
    func giveUpFirst(_ broker: Broker) {
        guard let first = pending.first else { return }
        guard first.message.qos == .exactlyOnce, received[first.packetID] == .undecided, setAside(first) else {
            return broker.answer(first, with: .fail(.serverBusy))
        }
        let isWaitedFor = first.acknowledges
        takeFirstPending()
        (first.isLate, first.acknowledges) = (true, false)
        if isWaitedFor { connection?.close(.serverBusy) }
        settle(broker)
        connection?.proceed()
    }

    /// The client has sent it again: it waits once more, behind what came before that.
    func takeUp(_ publish: PendingPublish) {
        (publish.isLate, publish.acknowledges) = (false, true)
        publish.since = realm.broker.now
        addPending(publish)
    }

    /// The verdict about one that was set aside.
    func settleLate(_ publish: PendingPublish, _ verdict: PublishVerdict, _ broker: Broker) {
        let isCurrent = late[publish.packetID] === publish
        if isCurrent { takeLate(publish.packetID) }
        switch verdict {
        case .route: broker.route(publish.message, from: self, in: realm)
        case .consume: break
        case .refuse, .fail:
            if isCurrent { received[publish.packetID] = nil }
            return
        }
        guard isCurrent else { return }
        received[publish.packetID] = .accepted
        broker.changed(self)
    }

    private func settle(_ pending: PendingPublish, _ verdict: PublishVerdict, _ broker: Broker) {
        var reason = ReasonCode.success
        var properties = Properties()
        switch verdict {
        case .route:
            if broker.route(pending.message, from: self, in: realm) == 0 { reason = .noMatchingSubscribers }
        case .consume: break
        case .refuse(let code, let more): (reason, properties) = (code, more)
        case .fail(let code): return fail(pending, code)
        }
        if pending.message.qos == .exactlyOnce, received[pending.packetID] != nil {
            received[pending.packetID] = reason.isFailure ? nil : .accepted
            broker.changed(self)
        }
        if pending.acknowledges { connection?.acknowledge(pending, reason, properties) }
    }

    /// The message was not taken in, so the client must not believe that it was: it is to come again.
    private func fail(_ pending: PendingPublish, _ reason: ReasonCode) {
        guard pending.message.qos != .atMostOnce else { return }
        if pending.message.qos == .exactlyOnce { received[pending.packetID] = nil }
        if pending.acknowledges { connection?.close(reason) }
    }

    /// Whether as much is undecided as may be. A client of MQTT 5 that exceeds its quota is to be told (§4.9), so one publish
    /// more is looked at.
    func hasTooMuchPending(_ version: ProtocolVersion) -> Bool {
        let broker = realm.broker
        return pending.count >= Int(broker.options.receiveMaximum) + (version == .v5 ? 1 : 0)
            || pendingBytes >= broker.options.undecidedBytes
    }
}
