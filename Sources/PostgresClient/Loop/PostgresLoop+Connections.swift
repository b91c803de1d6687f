import CPostgres
import DequeModule
import Glibc
import Logging
import Synchronization

extension PostgresLoop {
    /// Begins one more connection for requests.
    func openWire() {
        let wire = PostgresWire(
            token: takeToken(), connectsUntil: connectDeadline, notices: notices,
            statementCacheSize: configuration.statementCacheSize)
        wires.append(wire)
        begin(wire)
    }

    var connectDeadline: UInt64 { now + UInt64(max(1, configuration.connectTimeout.milliseconds)) }

    func takeToken() -> UInt64 {
        nextToken += 1
        return nextToken
    }

    /// Starts connecting on another thread, since libpq asks the name server in a blocking way.
    func begin(_ link: PostgresLink, statementTimeout: Duration? = nil) {
        links[link.token] = link
        let token = link.token
        do throws(PostgresError) {
            let parameters = try configuration.parameters(statementTimeout: statementTimeout)
            let isRunning = detachThread { [self] in
                let new = NewConnection(
                    pointer: withConnectionParameters(parameters) { PQconnectStartParams($0, $1, 0) })
                if !post(.connectionStarted(token, new)), let pointer = new.pointer { PQfinish(pointer) }
            }
            if !isRunning { link.fail("no thread to connect on") }
        } catch {
            link.fail("\(error)")
        }
        if link.isBroken { drop(link) }
    }

    func connectionStarted(_ token: UInt64, _ connection: OpaquePointer?) {
        guard let link = links[token] else {
            // Given up meanwhile.
            if let connection { PQfinish(connection) }
            return
        }
        link.started(connection)
        afterService(link)
    }

    func didConnect(_ link: PostgresLink) {
        connectFailures = 0
        connectsAfter = 0
        if link is PostgresWire { statistics.connects.add(1, ordering: .relaxed) }
    }

    /// What has to happen after a link was served: hand over results, re-arm epoll, or clean up.
    func afterService(_ link: PostgresLink) {
        if let wire = link as? PostgresWire { handOver(wire) }
        if link.isBroken { drop(link) } else { watch(link) }
        if let copier = link as? PostgresCopier, copier.isDone { drop(link) }
    }

    private func handOver(_ wire: PostgresWire) {
        wire.lastProgress = now
        if wire.finished.isEmpty { return }
        let finished = wire.finished
        wire.finished = []
        for request in finished {
            let isStale = request.failure?.serverFault?.isStaleStatement ?? false
            if isStale, request.kind == .oneShot, request.attempts < 3, !request.isAbandoned, !isShuttingDown {
                // Its implicit transaction left nothing behind, and the wire has forgotten the statement.
                request.reset()
                request.waitsUntil = now + waitingTime
                waiting.prepend(request)
            } else {
                request.complete()
            }
        }
    }

    /// Removes a link that broke or is no longer needed. Closing its socket also takes it out of epoll.
    func drop(_ link: PostgresLink) {
        guard links.removeValue(forKey: link.token) != nil else { return }
        switch link {
        case let wire as PostgresWire:
            wires.removeAll { $0 === wire }
            let hadConnected = wire.processID != 0
            wire.abandon()
            if wire.isBroken { connectionFailed(wire.breakReason, hadConnected: hadConnected) }
        case let listener as PostgresListener:
            listener.subscription.listener = nil
            if listener.isBroken, !listener.subscription.isEnded {
                if listener.subscription.failures == 0 { listener.subscription.didLose() }
                listener.subscription.failures += 1
                listener.subscription.reopensAt = now + backoff(after: listener.subscription.failures)
                logger.warning("PostgreSQL: LISTEN lost", metadata: ["reason": "\(listener.breakReason)"])
            }
        case let copier as PostgresCopier:
            copies.removeAll { $0 === copier }
            copier.channel.finish(copier.outcome)
        default: break
        }
    }

    private func connectionFailed(_ reason: String, hadConnected: Bool) {
        lastConnectError = reason
        connectFailures += 1
        connectsAfter = now + backoff(after: connectFailures)
        statistics.failures.add(1, ordering: .relaxed)
        logger.warning(
            hadConnected ? "PostgreSQL: connection lost" : "PostgreSQL: cannot connect",
            metadata: ["reason": "\(reason)", "retry_in_ms": "\(connectsAfter - now)"])
    }

    /// 50 ms, doubled with each failure up to 5 s, and spread so that many clients do not return at once.
    func backoff(after failures: Int) -> UInt64 {
        let ceiling = min(5_000, 50 << min(max(0, failures - 1), 7))
        return UInt64(Int.random(in: ceiling / 2...ceiling))
    }

    var waitingTime: UInt64 { UInt64(max(1, configuration.maxWaitingTime.milliseconds)) }

    // MARK: Deadlines

    func checkDeadlines() {
        for link in links.values where link.isConnecting && now >= link.connectsUntil {
            link.fail("timeout while connecting")
            drop(link)
        }
        while let request = waiting.first, request.isAbandoned || now >= request.waitsUntil {
            waiting.removeFirst()
            request.fail(waitingFailure)
        }
        // A server that says nothing for longer than any statement may take is unreachable.
        let timeout = configuration.statementTimeout.milliseconds
        if timeout > 0 {
            let silence = UInt64(timeout) + 5_000
            for wire in wires where wire.inFlight > 0 && wire.isReady && now >= wire.lastProgress + silence {
                wire.fail("the server does not answer")
                drop(wire)
            }
        }
        for subscription in subscriptions { attend(subscription) }
        for copier in copies where copier.channel.isClosedByConsumer { drop(copier) }
    }

    private var waitingFailure: PostgresError {
        wires.contains { $0.isReady } ? .overloaded(retryAfterSeconds: 1) : .notConnected(reason: lastConnectError)
    }
}
