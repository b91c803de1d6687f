import MQTTCodec

/// The lives of sessions: take-over, Wills, expiry (§3.1.2.4, §3.1.2.5, §3.1.2.11.2, §3.1.4, §4.1).
extension Broker {
    /// The session for a CONNECT: the present one ([MQTT-3.1.2-5]), the one that was stored, or a new one ([MQTT-3.1.2-4],
    /// [MQTT-3.1.2-6]).
    ///
    /// - Parameters:
    ///   - stored: of this key; it counts when no session is known.
    ///   - asked: the moment before which it was not read.
    /// - Returns: the session and whether it was there (§3.2.2.1.1); nil when there are too many.
    func openSession(
        _ key: SessionKey, _ connect: Connect, _ stored: SessionSnapshot?, asked: Instant
    ) -> (session: Session, isPresent: Bool)? {
        if let stored, !hasForgotten(key, since: asked) { restore(stored) }
        let present = session(key)
        // [MQTT-3.1.4-3]: whoever holds the identifier goes. His Will is due if its delay is 0.
        present?.connection?.close(.sessionTakenOver)
        // Its time, or that of its Will, may have come and not been noticed.
        if let present { checkTime(of: present) }
        if let present, session(key) === present {
            sleepers.remove(present)
            guard connect.cleanStart else { return (present, true) }
            end(present)
        }
        return addSession(key, expiryInterval: expiryInterval(of: connect)).map { ($0, false) }
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
        (session.expiresAt, session.willAt) = moments(of: session)
        changed(session)
        sleep(session)
    }

    /// When a session whose client has gone now ends, and when its Will is published ([MQTT-3.1.2-8], §3.1.3.2.2): after the
    /// delay or at the session's end, whichever comes first.
    private func moments(of session: Session) -> (expiresAt: Instant?, willAt: Instant?) {
        let interval = session.expiryInterval
        return (
            interval == .max ? nil : now.after(seconds: interval),
            session.will.map { now.after(seconds: min($0.properties.willDelayInterval ?? 0, interval)) }
        )
    }

    private func sleep(_ session: Session) {
        if session.expiresAt != nil || session.willAt != nil { sleepers.add(session) }
        checkTime(of: session)
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
        session.forgetLate()
        for delivery in session.takeUndelivered() { realm.shareAnew(delivery) }
        forget(session)
    }

    /// Ends the session of a client for good, with its connection.
    package func removeSession(_ key: SessionKey, _ reason: ReasonCode = .administrativeAction) {
        guard let session = session(key) else { return }
        session.expiryInterval = 0
        if let connection = session.connection { connection.close(reason) } else { end(session) }
    }

    /// Takes up a session that was stored before the server started, so that messages are kept for its client from now on; or
    /// when the client comes. What is known already stays.
    package func restore(_ snapshot: SessionSnapshot) {
        guard session(snapshot.key) == nil, snapshot.expiryInterval > 0,
            let session = addSession(snapshot.key, expiryInterval: snapshot.expiryInterval)
        else { return }
        session.restore(snapshot)
        // What was counted before the restart counts on; a client that was there then has gone now.
        let counted = (expiresAt: snapshot.expiresAt?.moved(by: -epoch), willAt: snapshot.willAt?.moved(by: -epoch))
        let counting = moments(of: session)
        session.expiresAt = counted.expiresAt ?? counting.expiresAt
        session.willAt = session.will == nil ? nil : counted.willAt ?? counting.willAt
        if session.expiresAt != counted.expiresAt || session.willAt != counted.willAt { changed(session) }
        sleep(session)
    }

    /// The Will is published like any message, and asks for acceptance like any message ([MQTT-3.1.2-8] to [MQTT-3.1.2-10]).
    private func publishWill(of session: Session) {
        guard let will = session.will else { return }
        (session.will, session.willAt) = (nil, nil)
        changed(session)
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
