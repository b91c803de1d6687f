import MQTTCodec

/// PUBLISH to the client, and what answers it (§3.3 to §3.7, §4.3, §4.4, §4.9).
extension Session {
    /// Sends the message now if it may be sent, and keeps it otherwise as far as there is room.
    @discardableResult
    func deliver(_ delivery: Delivery) -> DeliveryOutcome {
        guard let connection else {
            // At most once: not for a client that is away.
            return delivery.qos == .atMostOnce ? .dropped : keep(delivery)
        }
        guard hasNothingWaiting, mayBegin(delivery, connection), mayHold(delivery) else { return keep(delivery) }
        return begin(delivery, connection) ? .sent : .dropped
    }

    private func keep(_ delivery: Delivery) -> DeliveryOutcome {
        let broker = realm.broker
        let footprint = delivery.footprint
        if !mayQueue(footprint) { withHeld { queue, _ in queue.removeExpired(at: broker.now) } }
        guard mayQueue(footprint) else {
            withHeld { queue, _ in queue.drop() }
            return .dropped
        }
        var kept = delivery
        kept.message = delivery.message.stored()
        withHeld { queue, _ in queue.append(kept) }
        if delivery.qos != .atMostOnce { broker.changed(self) }
        return .kept
    }

    private func mayQueue(_ bytes: Int) -> Bool {
        queue.count < realm.broker.options.queue.messages && hasRoom(for: bytes)
    }

    /// Whether there is room for the message until it is acknowledged, if it is to be.
    private func mayHold(_ delivery: Delivery) -> Bool {
        delivery.qos == .atMostOnce || hasRoom(for: delivery.footprint)
    }

    /// Whether the message, if it must wait, is not dropped at once.
    func mayKeep(_ message: Message, by subscription: Subscription) -> Bool {
        // At most once: not for a client that is away.
        guard isOnline || min(message.qos, subscription.options.qos) != .atMostOnce else { return false }
        return queue.hasExpired(at: realm.broker.now)
            || mayQueue(Delivery.footprint(message, identifiers: subscription.identifiers.count))
    }

    private func mayBegin(_ delivery: Delivery, _ connection: Connection) -> Bool {
        guard connection.unsent < connection.broker.options.unsentBytes else { return false }
        return delivery.qos == .atMostOnce || hasQuota(connection)
    }

    /// Whether the client takes one more QoS 1 or 2 message ([MQTT-3.3.4-9]).
    private func hasQuota(_ connection: Connection) -> Bool {
        inflight.sentCount < min(Int(connection.receiveMaximum), connection.broker.options.outboundInflight)
    }

    /// - Returns: false when it has expired ([MQTT-3.3.2-5]) or is larger than the client takes.
    @discardableResult
    private func begin(_ delivery: Delivery, _ connection: Connection) -> Bool {
        guard !delivery.message.hasExpired(at: connection.broker.now) else { return false }
        guard delivery.qos != .atMostOnce else {
            return connection.publish(delivery, packetID: 0, isDuplicate: false)
        }
        var kept = delivery
        kept.message = delivery.message.stored()
        let packetID = withHeld { _, inflight in inflight.begin(kept) }
        guard connection.publish(kept, packetID: packetID, isDuplicate: false) else {
            withHeld { _, inflight in inflight.cancel(packetID) }
            return false
        }
        connection.broker.changed(self)
        return true
    }

    /// Sends what waits, as far as the client and its socket take it.
    func sendWaiting() {
        guard let connection else { return }
        while inflight.owesAgain {
            guard connection.unsent < connection.broker.options.unsentBytes else { return }
            let takesPublish = hasQuota(connection)
            if let exchange = withHeld({ _, inflight in inflight.nextAgain(publishes: takesPublish) }) {
                sendAgain(exchange, connection)
            } else if inflight.owesAgain {
                return
            }
        }
        guard retained.isEmpty || sendRetained(connection) else { return }
        while let delivery = queue.first, mayBegin(delivery, connection) {
            _ = withHeld { queue, _ in queue.popFirst() }
            begin(delivery, connection)
        }
    }

    /// - Returns: whether no more of them wait.
    private func sendRetained(_ connection: Connection) -> Bool {
        repeat {
            while let delivery = retained.first {
                // Where there is no room one at a time is sent, or they would wait for other clients to make some.
                guard mayBegin(delivery, connection), inflight.isEmpty || mayHold(delivery) else { return false }
                withRetained { $0.popFirst() }
                begin(delivery, connection)
            }
        } while searchRetained(connection)
        guard retained.isEmpty else { return false }
        connection.broker.changed(self)
        return true
    }

    /// Looks for the messages of the next subscription that asked for some.
    ///
    /// - Returns: false when there is none, or when it must wait until its connection's next turn.
    private func searchRetained(_ connection: Connection) -> Bool {
        let broker = connection.broker
        guard !connection.hasSearchedEnough, realm.hasRoomForRetained, let filter = retained.next else { return false }
        connection.searched += retained.filterCount
        guard let subscription = subscriptions[filter] else { return false }
        let found = realm.withRetained {
            $0.matching(filter, now: broker.now, visited: &connection.searched)
        }
        withRetained {
            $0.add(
                found.map { message in
                    var delivery = Delivery(of: message, by: subscription)
                    delivery.retain = true  // [MQTT-3.3.1-8]
                    return delivery
                }, of: filter)
        }
        return true
    }

    /// A client is back: what it has not acknowledged is sent again with the same identifiers in the same order
    /// ([MQTT-4.4.0-1], [MQTT-4.6.0-1]), and then what waits.
    func resume() {
        withHeld { _, inflight in inflight.sendAllAgain() }
        sendWaiting()
    }

    private func sendAgain(_ exchange: InflightWindow.Exchange, _ connection: Connection) {
        guard let delivery = exchange.delivery else {
            return connection.send(.publishRelease(Acknowledgement(packetID: exchange.packetID)))
        }
        // A message that was in flight is not dropped for its age: the client may have taken it ([MQTT-4.4.0-1]).
        if !connection.publish(delivery, packetID: exchange.packetID, isDuplicate: true) {
            withHeld { _, inflight in inflight.cancel(exchange.packetID) }
            connection.broker.changed(self)
        }
    }
}

extension Connection {
    /// - Returns: false when the message cannot be sent to this client: it is larger than the client takes, which counts as
    ///   sent ([MQTT-3.1.2-25]).
    @discardableResult
    func publish(_ delivery: Delivery, packetID: UInt16, isDuplicate: Bool) -> Bool {
        let message = delivery.message
        var publish = Publish(
            topic: message.topic, payload: message.payload, packetID: packetID, qos: delivery.qos,
            retain: delivery.retain, duplicate: isDuplicate)
        var newAlias: UInt16?
        if version == .v5 {
            publish.properties = message.properties
            var more: [Property] = delivery.subscriptionIdentifiers.map { .subscriptionIdentifier($0) }
            if let expiry = message.expiry {
                more.append(.messageExpiryInterval(broker.now.seconds(until: expiry)))  // [MQTT-3.3.2-6]
            }
            if let (alias, isKnown) = outboundAliases.alias(for: message.topic) {
                more.append(.topicAlias(alias))
                if isKnown { publish.topic = "" } else { newAlias = alias }
            }
            if !more.isEmpty { publish.properties = Properties(more + Array(message.properties)) }
        }
        let packet = Packet.publish(publish)
        guard let size = packet.encodedSize(version), size <= maximumPacketSize else { return false }
        if let newAlias { outboundAliases.established(message.topic, newAlias) }
        hand(packet, size)
        return true
    }

    /// PUBACK (§3.4). One that answers nothing is left alone: the message may have expired with an earlier session.
    func receiveAcknowledgement(_ packet: Acknowledgement) {
        guard let session, session.withHeld({ _, inflight in inflight.acknowledge(packet.packetID) }) else { return }
        wentOn(session)
    }

    /// PUBREC (§3.5).
    func receiveReceived(_ packet: Acknowledgement) {
        guard let session else { return }
        let isFailure = packet.reason.isFailure
        let reception = session.withHeld { _, inflight in inflight.receive(packet.packetID, isFailure: isFailure) }
        if reception == .first { broker.changed(session) }
        if isFailure {
            if reception == .first { session.sendWaiting() }
            return
        }
        let isUnknown = reception == .unknown && version == .v5
        let reason: ReasonCode = isUnknown ? .packetIdentifierNotFound : .success
        send(.publishRelease(Acknowledgement(packetID: packet.packetID, reason: reason)))  // [MQTT-4.3.3-4]
    }

    /// PUBCOMP (§3.7).
    func receiveComplete(_ packet: Acknowledgement) {
        guard let session, session.withHeld({ _, inflight in inflight.complete(packet.packetID) }) else { return }
        wentOn(session)
    }

    private func wentOn(_ session: Session) {
        broker.changed(session)
        session.sendWaiting()
    }
}
