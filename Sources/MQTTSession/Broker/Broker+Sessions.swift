import MQTTCodec

/// The lives of sessions: take-over, Wills, expiry (§3.1.2.4, §3.1.2.5, §3.1.2.11.2, §3.1.4, §4.1).
extension Broker {
    /// The session for a CONNECT: the present one ([MQTT-3.1.2-5]), the one that was stored, or a new one ([MQTT-3.1.2-4],
    /// [MQTT-3.1.2-6]).
    ///
    /// - Returns: the session and whether it was there (§3.2.2.1.1); nil when there are too many.
    func openSession(
        _ key: SessionKey, _ connect: Connect, _ stored: SessionSnapshot?
    ) -> (session: Session, isPresent: Bool)? {
        let present = session(key)
        // [MQTT-3.1.4-3]: whoever holds the identifier goes. His Will is due if its delay is 0.
        present?.connection?.close(.sessionTakenOver)
        if let present, session(key) === present {
            sleepers.remove(present)
            guard connect.cleanStart else { return (present, true) }
            end(present)
        }
        guard let session = addSession(key, expiryInterval: expiryInterval(of: connect)) else { return nil }
        // What is being forgotten was read too early.
        guard let stored, !isForgetting(key) else { return (session, false) }
        guard !connect.cleanStart else {
            forget(key)
            return (session, false)
        }
        session.restore(stored)
        return (session, true)
    }

    private func addSession(_ key: SessionKey, expiryInterval: UInt32) -> Session? {
        let realm = makeRealm(key.realm)
        guard sessionCount < options.sessions, realm.sessions.count < options.realm.sessions else { return nil }
        let session = Session(key: key, realm: realm, expiryInterval: expiryInterval)
        realm.sessions[key.clientID] = session
        sessionCount += 1
        return session
    }

    func makeRealm(_ name: MQTTString) -> Realm {
        if let realm = realms[name] { return realm }
        let realm = Realm(name: name, broker: self)
        realms[name] = realm
        return realm
    }

    /// Seconds that the session lives after its connection (§3.1.2.11.2). In MQTT 3.1.1 it is for ever or not at all.
    func expiryInterval(of connect: Connect) -> UInt32 {
        let asked =
            switch connect.version {
            case .v5: connect.properties.sessionExpiryInterval ?? 0
            case .v3_1_1: connect.cleanStart ? 0 : UInt32.max
            }
        return min(asked, options.maximumSessionExpiry)
    }

    /// The connection of the session has ended.
    func detach(_ session: Session) {
        session.connection = nil
        session.realm.wake(session, false)
        session.withRetained { $0.removeAtMostOnce() }
        for index in 0..<session.pending.count { session.pending[index].acknowledges = false }
        if let will = session.will {
            // [MQTT-3.1.2-8], §3.1.3.2.2: after the delay or at the session's end, whichever comes first.
            let delay = min(will.properties.willDelayInterval ?? 0, session.expiryInterval)
            if delay == 0 { publishWill(of: session) } else { session.willAt = now.after(seconds: delay) }
        }
        guard session.isDurable else { return end(session) }
        session.expiresAt = session.expiryInterval == .max ? nil : now.after(seconds: session.expiryInterval)
        if session.expiresAt != nil || session.willAt != nil { sleepers.add(session) }
        changed(session)
    }

    func checkTime(of session: Session) {
        if let willAt = session.willAt, willAt <= now { publishWill(of: session) }
        if let expiresAt = session.expiresAt, expiresAt <= now { end(session) }
    }

    /// The session ends, and with it the delay of its Will ([MQTT-3.1.2-23], §3.1.3.2.2).
    private func end(_ session: Session) {
        if session.will != nil { publishWill(of: session) }
        let realm = session.realm
        guard realm.sessions[session.key.clientID] === session else { return }
        for filter in Array(session.subscriptions.keys) { _ = realm.unsubscribe(session, filter) }
        realm.sessions[session.key.clientID] = nil
        sessionCount -= 1
        sleepers.remove(session)
        session.received = [:]
        session.late = [:]
        for delivery in session.takeUndelivered() { realm.shareAnew(delivery) }
        if session.isPersisted {
            session.isPersisted = false
            forget(session.key)
        }
    }

    /// Ends the session of a client for good, with its connection.
    package func removeSession(_ key: SessionKey, _ reason: ReasonCode = .administrativeAction) {
        guard let session = session(key) else { return }
        session.expiryInterval = 0
        if let connection = session.connection { connection.close(reason) } else { end(session) }
    }

    /// Takes up a session that was stored before the server started, so that messages are kept for its client from now on.
    package func restore(_ snapshot: SessionSnapshot) {
        guard session(snapshot.key) == nil, snapshot.expiryInterval > 0,
            let session = addSession(snapshot.key, expiryInterval: snapshot.expiryInterval)
        else { return }
        session.restore(snapshot)
        session.principal = snapshot.principal
        session.will = snapshot.will
        detach(session)
        // What was counted before the restart counts on.
        if let expiresAt = snapshot.expiresAt { session.expiresAt = expiresAt.moved(by: -epoch) }
        if session.will != nil, let willAt = snapshot.willAt { session.willAt = willAt.moved(by: -epoch) }
    }

    /// The Will is published like any message, and asks for acceptance like any message ([MQTT-3.1.2-8] to [MQTT-3.1.2-10]).
    private func publishWill(of session: Session) {
        guard let will = session.will else { return }
        (session.will, session.willAt) = (nil, nil)
        let message = Message(
            topic: will.topic, payload: will.payload, qos: will.qos, retain: will.retain,
            properties: will.properties.without(.willDelayInterval, .messageExpiryInterval),
            expiry: will.properties.messageExpiryInterval.map { now.after(seconds: $0) })
        ask(
            PendingPublish(
                message: message, key: session.key, principal: session.principal, session: nil, packetID: 0, since: now,
                isWill: true))
    }
}
