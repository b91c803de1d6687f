import CPostgres
import DequeModule
import Glibc
import Synchronization

extension PostgresLoop {
    /// A new request: straight to its connection when it belongs to an open transaction, else into the queue.
    func admit(_ request: PostgresRequest) {
        guard let lease = request.lease else { return enqueue(request) }
        switch lease.phase {
        case .active(let wire): sendOrHold(request, on: wire)
        case .unsent: admitFirst(request, of: lease)
        case .ended:
            request.kind == .rollback ? request.complete() : request.fail(.misuse("the transaction has ended"))
        case .lost:
            lease.phase = .ended
            request.kind == .rollback ? request.complete() : request.fail(.connectionLost(sent: false))
        }
    }

    private func admitFirst(_ request: PostgresRequest, of lease: PostgresLeaseState) {
        let isEmptyEnd = request.kind == .rollback || (request.kind == .commit && request.statements.isEmpty)
        if isEmptyEnd {
            lease.phase = .ended
            request.complete()
        } else {
            enqueue(request)
        }
    }

    private func enqueue(_ request: PostgresRequest) {
        if isShuttingDown { return request.fail(.shutdown) }
        if waiting.count >= configuration.maxWaiting {
            statistics.refusals.add(1, ordering: .relaxed)
            return request.fail(.overloaded(retryAfterSeconds: 1))
        }
        request.waitsUntil = now + waitingTime
        waiting.append(request)
    }

    private func sendOrHold(_ request: PostgresRequest, on wire: PostgresWire) {
        if wire.isQuiesced { wire.held.append(request) } else { send(request, on: wire) }
    }

    private func send(_ request: PostgresRequest, on wire: PostgresWire) {
        if request.isAbandoned { return }
        if wire.inFlight == 0 { wire.lastProgress = now }
        if request.kind == .commit || request.kind == .rollback {
            // The next user's messages queue up behind COMMIT.
            request.lease?.phase = .ended
            wire.lease = nil
        }
        if wire.send(request) { watch(wire) } else { drop(wire) }
    }

    /// Gives the waiting requests to connections, first come, first served, and opens connections as they are needed.
    func dispatch() {
        var isContended = false
        while let request = waiting.first {
            if request.isAbandoned {
                waiting.removeFirst()
                continue
            }
            if let lease = request.lease, case .active(let wire) = lease.phase {
                waiting.removeFirst()
                sendOrHold(request, on: wire)
                continue
            }
            guard let wire = leastLoaded() else { break }
            waiting.removeFirst()
            if wire.inFlight > 0 { isContended = true }
            if let lease = request.lease {
                wire.lease = lease
                lease.phase = .active(wire)
            }
            send(request, on: wire)
        }
        if isContended || !waiting.isEmpty { grow() }
    }

    private func leastLoaded() -> PostgresWire? {
        var best: PostgresWire?
        var load = configuration.pipelineDepth
        for wire in wires where wire.isReady && wire.lease == nil && !wire.isQuiesced && wire.inFlight < load {
            best = wire
            load = wire.inFlight
            if load == 0 { break }
        }
        return best
    }

    private func grow() {
        guard now >= connectsAfter, !isShuttingDown else { return }
        let connecting = wires.count { $0.isConnecting }
        let wanted = min(max(1, waiting.count), 4) - connecting
        let room = configuration.maxConnections - wires.count
        for _ in 0..<max(0, min(wanted, room)) { openWire() }
    }

    // MARK: Cancellation

    /// A request that waits is dropped. One that is alone on its connection is cancelled at the server. One that shares it
    /// runs to its end unheard: a cancel request hits a session, not a statement.
    func cancel(_ request: PostgresRequest) {
        guard let wire = request.wire else {
            waiting.removeAll { $0 === request }
            return
        }
        guard wire.isReady, wire.inFlight == 1, !wire.isQuiesced, let connection = wire.connection,
            let handle = PQgetCancel(connection)
        else { return }
        wire.isQuiesced = true
        let token = wire.token
        let cancel = CancelHandle(pointer: handle)
        let isRunning = detachThread { [self] in
            var message = [CChar](repeating: 0, count: 256)
            _ = PQcancel(cancel.pointer, &message, Int32(message.count))
            PQfreeCancel(cancel.pointer)
            post(.cancelDelivered(token))
        }
        if !isRunning {
            PQfreeCancel(handle)
            wire.isQuiesced = false
        }
    }

    func resumeSending(_ token: UInt64) {
        guard let wire = links[token] as? PostgresWire else { return }
        wire.isQuiesced = false
        let held = wire.held
        wire.held = []
        for request in held { admit(request) }
    }

    func publishStatistics() {
        statistics.open.store(wires.count { $0.isReady }, ordering: .relaxed)
        statistics.waiting.store(waiting.count, ordering: .relaxed)
        statistics.inFlight.store(wires.reduce(0) { $0 + $1.inFlight }, ordering: .relaxed)
        statistics.leased.store(wires.count { $0.lease != nil }, ordering: .relaxed)
    }
}

/// Unchecked: made for use on another thread (libpq, "Canceling Queries in Progress"), and handed over to just one.
private struct CancelHandle: @unchecked Sendable { let pointer: OpaquePointer }
