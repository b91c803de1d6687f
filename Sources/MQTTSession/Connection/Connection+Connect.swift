import MQTTCodec

/// CONNECT and CONNACK (§3.1, §3.2).
extension Connection {
    func receive(_ connect: Connect) throws(MQTTFault) {
        if connect.clientID.isEmpty, connect.version == .v3_1_1, !connect.cleanStart {
            throw MQTTFault(.clientIdentifierNotValid, "a session needs a client identifier")  // 3.1.1 [MQTT-3.1.3-8]
        }
        guard connect.clientID.count <= broker.options.clientIDLength else {
            throw MQTTFault(.clientIdentifierNotValid, "the client identifier is too long")
        }
        if let will = connect.will {
            guard will.qos <= broker.options.maximumQoS else {
                throw MQTTFault(.qosNotSupported, "the will's QoS is not supported")  // [MQTT-3.2.2-12]
            }
            guard !will.retain || broker.options.retainAvailable else {
                throw MQTTFault(.retainNotSupported, "the will cannot be retained")  // [MQTT-3.2.2-13]
            }
            guard isOfItsFormat(will.payload, will.properties) else {
                throw MQTTFault(.payloadFormatInvalid, "the will is not the UTF-8 that it says it is")  // §3.1.3.2.3
            }
        }
        receiveMaximum = connect.properties.receiveMaximum ?? .max
        maximumPacketSize = connect.properties.maximumPacketSize.map { Int($0) } ?? .max
        wantsProblemInformation = connect.properties.requestProblemInformation ?? true
        authenticationMethod = connect.properties.authenticationMethod?.detached()
        phase = .deciding(connect)
        ask(.connect, connect, data: connect.properties.authenticationData)
    }

    func ask(_ step: AuthenticationRequest.Step, _ connect: Connect, data: ByteSlice?) {
        broker.act(
            .authenticate(
                newQuestion(),
                AuthenticationRequest(
                    step: step, peer: peer, connect: connect, method: authenticationMethod, data: data,
                    principal: session?.principal)))
    }

    func newQuestion() -> Question {
        questions += 1
        askedAt = broker.now
        return Question(connection: self, number: questions)
    }

    /// Without effect when the connection has gone meanwhile.
    func decide(_ verdict: AuthenticationVerdict) {
        if case .connected = phase, case .reauthentication? = undecided {
            undecided = nil
            decideReauthentication(verdict)
        } else if case .deciding(let connect) = phase {
            switch verdict {
            case .accept(let admission): admit(connect, admission)
            case .challenge where authenticationMethod == nil:
                // Only a client that named a method can be challenged ([MQTT-4.12.0-6]).
                refuse(.badAuthenticationMethod, [])
            case .challenge(let data):
                phase = .challenged(connect)
                sendAuthenticate(.continueAuthentication, data)
            case .refuse(let reason, let properties): refuse(reason, properties)
            }
        } else {
            return
        }
        proceed()
    }

    private func admit(_ connect: Connect, _ admission: Admission) {
        let key = SessionKey(
            realm: admission.realm,
            clientID: admission.clientID
                ?? (connect.clientID.isEmpty ? broker.options.makeClientID() : connect.clientID)
        ).detached()
        var stored = admission.session
        if let session = stored {
            guard session.key == key else { return refuse(.implementationSpecificError, []) }
            stored?.principal = session.principal ?? admission.principal
        }
        if let will = connect.will {
            let realm = broker.makeRealm(key.realm)
            guard realm.hasRoom(for: will, inPlaceOf: realm.sessions[key.clientID]?.will) else {
                return refuse(.quotaExceeded, [])
            }
        }
        guard let (session, isPresent) = broker.openSession(key, connect, stored, asked: askedAt) else {
            return refuse(.quotaExceeded, [])
        }
        version = connect.version
        outboundAliases = OutboundTopicAliases(
            maximum: min(connect.properties.topicAliasMaximum ?? 0, broker.options.outboundTopicAliases))
        session.principal = admission.principal
        session.will = connect.will?.detached()
        session.willAt = nil
        session.expiresAt = nil
        session.expiryInterval = broker.expiryInterval(of: connect)
        connectedExpiry = session.expiryInterval
        session.connection = self
        self.session = session
        phase = .connected
        lastHeard = broker.now
        silenceAllowed = keepAlive(of: connect).allowed
        send(
            .connectAcknowledgement(
                ConnectAcknowledgement(
                    sessionPresent: isPresent, reason: .success,
                    properties: version == .v5 ? offer(connect, admission, session) : [])))
        guard isConnected else { return }
        broker.act(.connected(session.key, session.principal))
        session.realm.wake(session, true)
        session.resume()
        broker.changed(session)
    }

    /// What the server tells of itself in a CONNACK (§3.2.2.3): only what is not the default.
    private func offer(_ connect: Connect, _ admission: Admission, _ session: Session) -> Properties {
        let options = broker.options
        var list: [Property] = []
        if session.expiryInterval != connect.properties.sessionExpiryInterval ?? 0 {
            list.append(.sessionExpiryInterval(session.expiryInterval))
        }
        if options.receiveMaximum != .max { list.append(.receiveMaximum(options.receiveMaximum)) }
        if options.maximumQoS != .exactlyOnce { list.append(.maximumQoS(options.maximumQoS)) }
        if !options.retainAvailable { list.append(.retainAvailable(false)) }
        if options.decoding.packetSize < Int(UInt32.max) {
            list.append(.maximumPacketSize(UInt32(options.decoding.packetSize)))
        }
        if session.key.clientID != connect.clientID {
            list.append(.assignedClientIdentifier(session.key.clientID))  // [MQTT-3.2.2-16]
        }
        if options.topicAliasMaximum > 0 { list.append(.topicAliasMaximum(options.topicAliasMaximum)) }
        if !options.wildcardSubscriptionAvailable { list.append(.wildcardSubscriptionAvailable(false)) }
        if !options.subscriptionIdentifierAvailable { list.append(.subscriptionIdentifierAvailable(false)) }
        if !options.sharedSubscriptionAvailable { list.append(.sharedSubscriptionAvailable(false)) }
        if let instead = keepAlive(of: connect).instead { list.append(.serverKeepAlive(instead)) }
        if connect.properties.requestResponseInformation == true, let information = admission.responseInformation {
            list.append(.responseInformation(information))
        }
        if let authenticationMethod {
            list.append(.authenticationMethod(authenticationMethod))
            if let data = admission.authenticationData { list.append(.authenticationData(data)) }
        }
        return Properties(list)
    }

    /// One and a half times the Keep Alive in milliseconds ([MQTT-3.1.2-22]), and the server's own when it replaces the client's
    /// ([MQTT-3.2.2-21]).
    private func keepAlive(of connect: Connect) -> (allowed: Int64?, instead: UInt16?) {
        let asked = connect.keepAlive
        guard version == .v5, let maximum = broker.options.maximumKeepAlive, asked == 0 || asked > maximum else {
            return (asked == 0 ? nil : Int64(asked) * 1500, nil)
        }
        return (Int64(maximum) * 1500, maximum)
    }

    /// CONNACK with a failure, and the end ([MQTT-3.2.2-7]).
    func refuse(_ reason: ReasonCode, _ properties: Properties) {
        if speaks {
            _ = sendIfTaken(
                .connectAcknowledgement(
                    ConnectAcknowledgement(
                        reason: reason.fitting(.connectAcknowledgement), properties: version == .v5 ? properties : [])))
        }
        closeSilently()
    }
}

extension Will {
    /// About what it takes to keep it, in bytes.
    var footprint: Int { Message.overhead + topic.count + payload.count + properties.encoded.count }

    func detached() -> Will {
        Will(
            topic: topic.detached(), payload: payload.detached(), qos: qos, retain: retain,
            properties: properties.detached())
    }
}

extension SessionKey {
    func detached() -> SessionKey { SessionKey(realm: realm.detached(), clientID: clientID.detached()) }
}
