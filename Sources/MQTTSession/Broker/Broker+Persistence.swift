import MQTTCodec

/// What is asked of whoever stores sessions, and not done.
struct PendingWrites {
    enum Write { case persist, forget }

    /// Sessions that are not what is stored of them.
    var changed: [Session] = []
    var forgotten: Set<SessionKey> = []
    /// One at a time for each session, so that an older state never comes after a newer one.
    var underWay: [SessionKey: Write] = [:]

    var isEmpty: Bool { changed.isEmpty && forgotten.isEmpty && underWay.isEmpty }
}

/// What survives a restart of the server.
extension Broker {
    /// The session is not what was persisted of it.
    func changed(_ session: Session) {
        guard !session.hasChanged, session.isDurable || session.isPersisted else { return }
        session.hasChanged = true
        writes.changed.append(session)
    }

    /// Nothing of the session is to be found after a restart.
    func forget(_ key: SessionKey) { writes.forgotten.insert(key) }

    func isForgetting(_ key: SessionKey) -> Bool {
        writes.forgotten.contains(key) || writes.underWay[key] == .forget
    }

    /// Whether something that has changed is not stored.
    package var hasUnwrittenChanges: Bool { !writes.isEmpty }

    /// The answer to ``Action/persist(_:)`` and ``Action/forget(_:)``. What was not done is asked for again.
    package func written(_ key: SessionKey, isDone: Bool) {
        guard let write = writes.underWay.removeValue(forKey: key), !isDone else { return }
        switch write {
        case .persist: if let session = session(key) { changed(session) }
        case .forget: forget(key)
        }
    }

    /// Sessions are written a tick after they changed, once however often they did.
    func writeChanges() {
        for key in writes.forgotten where writes.underWay[key] == nil {
            writes.forgotten.remove(key)
            writes.underWay[key] = .forget
            act(.forget(key))
        }
        guard !writes.changed.isEmpty else { return }
        let changed = writes.changed
        writes.changed = []
        for session in changed where session.hasChanged {
            guard session.realm.sessions[session.key.clientID] === session else { continue }
            guard writes.underWay[session.key] == nil else {
                writes.changed.append(session)
                continue
            }
            session.hasChanged = false
            if session.isDurable {
                session.isPersisted = true
                writes.underWay[session.key] = .persist
                act(.persist(session.snapshot))
            } else if session.isPersisted {
                session.isPersisted = false
                writes.underWay[session.key] = .forget
                act(.forget(session.key))
            }
        }
    }

    /// Takes up a retained message that was stored before the server started. One that has expired is told as removed.
    package func restoreRetained(_ message: Message, in realm: MQTTString) {
        let message = message.moved(by: -epoch)
        guard !message.hasExpired(at: now) else { return act(.retain(nil, topic: message.topic, realm: realm)) }
        _ = makeRealm(realm).withRetained { $0.set(message.stored(), now: now) }
    }
}
