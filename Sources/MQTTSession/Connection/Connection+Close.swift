import MQTTCodec

/// DISCONNECT, the end of connections, and what is left of them (§3.14, §4.13).
extension Connection {
    func receive(_ disconnect: Disconnect) throws(MQTTFault) {
        guard let session else { return }
        if disconnect.properties.contains(.serverReference) {
            throw .protocolError("a client sent a server reference")
        }
        if let interval = disconnect.properties.sessionExpiryInterval {
            // §3.14.2.2.2
            guard interval == 0 || connectedExpiry > 0 else {
                throw .protocolError("a session that was to end with its connection cannot be prolonged")
            }
            session.expiryInterval = min(interval, broker.options.maximumSessionExpiry)
        }
        // [MQTT-3.14.4-3]: the Will is removed, unless the client asks for it.
        if disconnect.reason == .success { session.will = nil }
        end(disconnect.reason)
        broker.act(.close(self))
    }

    /// The network connection is gone, or whoever carries it gives it up.
    package func lost() {
        guard !isClosed else { return }
        end(.unspecifiedError)
    }

    /// Something wrong came (§4.13): the client of MQTT 5 is told, and that is the end.
    func fail(_ fault: MQTTFault) {
        switch phase {
        case .awaitingConnect, .deciding, .challenged:
            // In MQTT 3.1.1 a CONNECT that is wrong in itself gets no answer ([MQTT-3.1.4-1]).
            let isTold = version == .v5 || fault.reason.connectReturnCode != 3
            isTold ? refuse(fault.reason, explanation(fault)) : closeSilently()
        case .connected: close(fault.reason, explanation(fault))
        case .closed: break
        }
    }

    /// Ends a connection from the server's side.
    ///
    /// - Parameter properties: of the DISCONNECT, for example a Server Reference with `useAnotherServer` and `serverMoved`
    ///   (§4.11).
    package func close(_ reason: ReasonCode, _ properties: Properties = []) {
        guard isConnected else {
            if !isClosed { refuse(reason, properties) }
            return
        }
        if version == .v5 {
            _ = sendIfTaken(.disconnect(Disconnect(reason: reason.fitting(.disconnect), properties: properties)))
        }
        end(reason)
        broker.act(.close(self))
    }

    func closeSilently() {
        guard !isClosed else { return }
        end(.unspecifiedError)
        broker.act(.close(self))
    }

    /// Takes the session, if there is one, from the connection.
    private func end(_ reason: ReasonCode) {
        phase = .closed
        undecided = nil
        framer.clear()
        inboundAliases = InboundTopicAliases()
        outboundAliases = OutboundTopicAliases(maximum: 0)
        broker.connections.remove(self)
        guard let session else { return }
        self.session = nil
        guard session.connection === self else { return }
        broker.act(.disconnected(session.key, session.principal, reason))
        broker.detach(session)
    }

    /// Looks whether somebody has been waited for long enough: the client to take what it was sent, whoever decides, and the
    /// client to say something ([MQTT-3.1.2-22]) or to come to its CONNECT.
    func checkTime() {
        let now = broker.now
        let options = broker.options
        if let unsentSince, now.isPast(unsentSince, bySeconds: options.writeTimeout) { return close(.quotaExceeded) }
        if isAsking, now.isPast(askedAt, bySeconds: options.decisionTimeout) { return close(.serverBusy) }
        if hasWaitedForDecision {
            while hasWaitedForDecision { session?.giveUpFirst(broker) }
            return broker.act(.resume(self))
        }
        let waited = hasSearchedEnough
        searched = 0
        if let session, !session.retained.isEmpty { session.sendWaiting() }
        if waited {
            proceed()
            return broker.act(.resume(self))
        }
        // Whoever is not read from cannot be heard.
        guard let silenceAllowed, wantsToRead else { return }
        guard now.milliseconds - lastHeard.milliseconds > silenceAllowed else { return }
        if isConnected { close(.keepAliveTimeout) } else { closeSilently() }
    }

    private var hasWaitedForDecision: Bool {
        guard let oldest = session?.pending.first else { return false }
        return broker.now.isPast(oldest.since, bySeconds: broker.options.decisionTimeout)
    }
}
