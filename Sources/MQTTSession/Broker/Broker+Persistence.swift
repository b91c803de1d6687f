import MQTTCodec

/// What is stored of sessions and is not what they are.
struct PendingWrites {
    struct Due {
        let session: Session
        /// Not before.
        var at: Instant
    }

    struct Write {
        let session: Session
        let isForgetting: Bool
    }

    /// Whether something may be stored of a session that has ended, or since when nothing is.
    enum Forgotten: Equatable { case soon, since(Instant) }

    /// Sessions that are not what is stored of them, in no order.
    var due: [Due] = []
    /// One at a time for each session, so that an older state never comes after a newer one.
    var underWay: [SessionKey: Write] = [:]
    /// Sessions that have ended, for as long as whoever lets a client in may have read one before.
    var forgotten: [SessionKey: Forgotten] = [:]
    /// Those of which nothing is stored any more, in the order in which that was done.
    var forgettings = Fifo<(key: SessionKey, at: Instant)>()

    var isEmpty: Bool { due.isEmpty && underWay.isEmpty }
}

/// What survives a restart of the server.
extension Broker {
    /// The session is not what was persisted of it.
    func changed(_ session: Session) {
        guard !session.hasChanged, session.isDurable || session.isPersisted else { return }
        session.hasChanged = true
        writes.due.append(PendingWrites.Due(session: session, at: session.isWrittenAfter))
    }

    /// The session has ended: nothing of it is to be found after a restart.
    func forget(_ session: Session) {
        guard session.isPersisted else { return }
        writes.forgotten[session.key] = .soon
        changed(session)
    }

    /// Whether a session that was read after the moment, or at it, may be one that has ended since.
    func hasForgotten(_ key: SessionKey, since moment: Instant) -> Bool {
        switch writes.forgotten[key] {
        case nil: false
        case .soon: true
        case .since(let end): moment <= end
        }
    }

    /// Whether something that has changed is not stored.
    package var hasUnwrittenChanges: Bool { !writes.isEmpty }

    /// The answer to ``Action/persist(_:)`` and ``Action/forget(_:)``. What was not done is asked for again, each time after
    /// twice as long, up to a minute.
    package func written(_ key: SessionKey, isDone: Bool) {
        guard let write = writes.underWay.removeValue(forKey: key) else { return }
        let session = write.session
        if isDone {
            session.failedWrites = 0
            if write.isForgetting { hasForgotten(key) }
        } else {
            session.isPersisted = true
            session.failedWrites = min(session.failedWrites + 1, 10)
            session.isWrittenAfter = now.moved(by: min(60_000, 100 << Int64(session.failedWrites)))
            changed(session)
        }
    }

    private func hasForgotten(_ key: SessionKey) {
        writes.forgotten[key] = .since(now)
        writes.forgettings.append((key, now))
    }

    /// Sessions are written a tick after they changed, once however often they did, and large ones less often. At the end all
    /// are written.
    func writeChanges() {
        var index = 0
        while index < writes.due.count {
            guard writes.due[index].at <= now || isOver, isDue(index) else {
                index += 1
                continue
            }
            writes.due.swapAt(index, writes.due.count - 1)
            write(writes.due.removeLast().session)
        }
        // Questions are no older than this.
        let oldest = now.moved(by: -2_000 * Int64(options.decisionTimeout))
        while let (key, end) = writes.forgettings.first, end < oldest {
            _ = writes.forgettings.popFirst()
            if writes.forgotten[key] == .since(end) { writes.forgotten[key] = nil }
        }
    }

    /// Whether all clients have gone because the server ends.
    private var isOver: Bool { isEnding && connections.count == 0 }

    private func isDue(_ index: Int) -> Bool {
        let session = writes.due[index].session
        let isHurried = isOver && session.failedWrites == 0
        // A write that failed meanwhile puts off the next.
        writes.due[index].at = session.isWrittenAfter
        return (session.isWrittenAfter <= now || isHurried) && writes.underWay[session.key] == nil
    }

    private func write(_ session: Session) {
        let key = session.key
        session.hasChanged = false
        let holder = self.session(key)
        if holder === session, session.isDurable {
            session.isPersisted = true
            let bytes = session.heldBytes + session.subscriptionBytes
            session.isWrittenAfter = now.moved(by: Int64(bytes) * 1_000 / Int64(options.storedBytesPerSecond))
            writes.underWay[key] = PendingWrites.Write(session: session, isForgetting: false)
            act(.persist(session.snapshot))
        } else if session.isPersisted {
            session.isPersisted = false
            if let holder, holder !== session {
                // What is stored is to be replaced by what came after it, or to be forgotten with that.
                holder.isPersisted = true
                changed(holder)
                hasForgotten(key)
            } else {
                writes.forgotten[key] = .soon
                writes.underWay[key] = PendingWrites.Write(session: session, isForgetting: true)
                act(.forget(key))
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
