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
        guard hasNothingWaiting, mayBegin(delivery, connection) else { return keep(delivery) }
        return begin(delivery, connection) ? .sent : .dropped
    }

    private func keep(_ delivery: Delivery) -> DeliveryOutcome {
        let broker = realm.broker
        var kept = delivery
        kept.message = delivery.message.stored()
        let limits = queueLimits
        guard withQueue({ $0.append(kept, limits: limits, now: broker.now) }) else { return .dropped }
        if delivery.qos != .atMostOnce { broker.changed(self) }
        return .kept
    }

    private var queueLimits: QueueLimits {
        let options = realm.broker.options
        var limits = options.queue
        limits.bytes = min(limits.bytes, queue.bytes + max(0, options.realm.queuedBytes - realm.queuedBytes))
        return limits
    }

    /// Whether the message, if it must wait, is not dropped at once.
    func hasRoom(for message: Message, by subscription: Subscription) -> Bool {
        // At most once: not for a client that is away.
        guard isOnline || min(message.qos, subscription.options.qos) != .atMostOnce else { return false }
        return queue.mayHaveRoom(for: message, limits: queueLimits, now: realm.broker.now)
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
        let packetID = inflight.begin(kept)
        guard connection.publish(kept, packetID: packetID, isDuplicate: false) else {
            inflight.cancel(packetID)
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
            if let exchange = inflight.nextAgain(publishes: hasQuota(connection)) {
                sendAgain(exchange, connection)
            } else if inflight.owesAgain {
                return
            }
        }
        while let delivery = retainedWaiting.first {
            guard mayBegin(delivery, connection) else { return }
            _ = withRetainedWaiting { $0.popFirst() }
            begin(delivery, connection)
        }
        while let delivery = queue.first, mayBegin(delivery, connection) {
            _ = withQueue { $0.popFirst() }
            begin(delivery, connection)
        }
    }

    /// A client is back: what it has not acknowledged is sent again with the same identifiers in the same order
    /// ([MQTT-4.4.0-1], [MQTT-4.6.0-1]), and then what waits.
    func resume() {
        inflight.sendAllAgain()
        sendWaiting()
    }

    private func sendAgain(_ exchange: InflightWindow.Exchange, _ connection: Connection) {
        guard let delivery = exchange.delivery else {
            return connection.send(.publishRelease(Acknowledgement(packetID: exchange.packetID)))
        }
        // A message that was in flight is not dropped for its age: the client may have taken it ([MQTT-4.4.0-1]).
        if !connection.publish(delivery, packetID: exchange.packetID, isDuplicate: true) {
            inflight.cancel(exchange.packetID)
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
        guard let session, session.inflight.acknowledge(packet.packetID) else { return }
        wentOn(session)
    }

    /// PUBREC (§3.5).
    func receiveReceived(_ packet: Acknowledgement) {
        guard let session else { return }
        guard session.inflight.receive(packet.packetID, isFailure: packet.reason.isFailure) else {
            if packet.reason.isFailure { return }
            let reason: ReasonCode = version == .v5 ? .packetIdentifierNotFound : .success
            return send(.publishRelease(Acknowledgement(packetID: packet.packetID, reason: reason)))
        }
        if packet.reason.isFailure { return wentOn(session) }
        send(.publishRelease(Acknowledgement(packetID: packet.packetID)))  // [MQTT-4.3.3-4]
        broker.changed(session)
    }

    /// PUBCOMP (§3.7).
    func receiveComplete(_ packet: Acknowledgement) {
        guard let session, session.inflight.complete(packet.packetID) else { return }
        wentOn(session)
    }

    private func wentOn(_ session: Session) {
        broker.changed(session)
        session.sendWaiting()
    }
}
