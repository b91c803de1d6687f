import CPostgres
import DequeModule

/// A connection in pipeline mode, shared by one-shot requests or held by one lease.
///
/// Every request is one or two segments, each closed by a Sync. A request is complete at its last Sync only: deferred
/// constraints fail there, after all its commands have succeeded.
final class PostgresWire: PostgresLink {
    private enum Segment {
        case prepare(PreparedStatement, for: PostgresRequest)
        /// Preparing the transaction statements, DEALLOCATE.
        case housekeeping
        /// `hidden`: results in front (BEGIN, preamble, COMMIT) that nobody asked for.
        case work(PostgresRequest, hidden: Int, isLast: Bool)
    }

    private var segments = Deque<Segment>()
    /// How many commands of the first segment have answered.
    private var answered = 0
    private var cache: StatementCache
    private var isInTransaction = false
    private var parameters = ParameterArrays()

    private(set) var inFlight = 0
    private(set) var processID: Int32 = 0
    /// The loop's time of the last sign of life while something is in flight.
    var lastProgress: UInt64 = 0
    var lease: PostgresLeaseState?
    /// A cancel request is under way: nothing may be sent, or it might hit the wrong statement.
    var isQuiesced = false
    /// What arrived meanwhile.
    var held: [PostgresRequest] = []
    /// Complete requests for the loop to hand over.
    var finished: [PostgresRequest] = []

    init(token: UInt64, connectsUntil: UInt64, notices: PostgresNotices, statementCacheSize: Int) {
        cache = StatementCache(capacity: statementCacheSize)
        super.init(token: token, connectsUntil: connectsUntil, notices: notices)
    }

    override func didConnect() -> Bool {
        guard let connection else { return false }
        processID = PQbackendPID(connection)
        guard PQenterPipelineMode(connection) == 1 else { return false }
        // Under names of their own, outside the cache: they must never be missing.
        for name in ["begin", "commit", "rollback"] {
            guard PQsendPrepare(connection, name, name, 0, nil) == 1, sync(.housekeeping) else { return false }
        }
        return flush()
    }

    // MARK: Sending

    /// Queues all messages of a request. False: the connection broke, and the request is among those in flight.
    func send(_ request: PostgresRequest) -> Bool {
        inFlight += 1
        request.wire = self
        request.attempts += 1
        if write(request) { return flush() }
        // Registered without its messages, so that `abandon` finds it.
        segments.append(.work(request, hidden: 0, isLast: true))
        fail()
        return false
    }

    private func write(_ request: PostgresRequest) -> Bool {
        if !isInTransaction, !deallocateDiscarded() { return false }
        var preamble = request.preamble
        var begins = false
        if let lease = request.lease, !isInTransaction, request.kind != .rollback {
            preamble = lease.preamble
            begins = true
        }
        // Every Parse stands before the transaction with a Sync of its own: its failure then aborts nothing else.
        for sql in preamble where !prepare(sql, for: request) { return false }
        for sql in request.statements where !prepare(sql, for: request) { return false }
        if begins, !executeFixed("begin") { return false }
        for (index, sql) in preamble.enumerated() where !execute(request.used[index], sql.binds) { return false }
        for (index, sql) in request.statements.enumerated()
        where !execute(request.used[preamble.count + index], sql.binds) { return false }
        let hidden = preamble.count + (begins ? 1 : 0)
        switch request.kind {
        case .oneShot:
            return sync(.work(request, hidden: hidden, isLast: true))
        case .step:
            isInTransaction = true
            return sync(.work(request, hidden: hidden, isLast: true))
        case .commit:
            isInTransaction = false
            if !request.statements.isEmpty || hidden > 0, !sync(.work(request, hidden: hidden, isLast: false)) {
                return false
            }
            // COMMIT after a Sync of its own: in the same segment an error would skip it, and leave the session in a
            // failed transaction for the next caller.
            return executeFixed("commit") && sync(.work(request, hidden: 1, isLast: true))
        case .rollback:
            isInTransaction = false
            return executeFixed("rollback") && sync(.work(request, hidden: 1, isLast: true))
        }
    }

    private func prepare(_ sql: SQL, for request: PostgresRequest) -> Bool {
        let key = StatementKey(sql)
        if let known = cache.find(key) {
            request.used.append(known)
            return true
        }
        let statement = cache.insert(key, keeping: request.used)
        request.used.append(statement)
        guard let connection,
            PQsendPrepare(connection, statement.name, sql.text, Int32(key.oids.count), key.oids) == 1
        else { return false }
        return sync(.prepare(statement, for: request))
    }

    private func deallocateDiscarded() -> Bool {
        for name in cache.takeDiscarded() {
            guard let connection, PQsendQueryParams(connection, "deallocate \(name)", 0, nil, nil, nil, nil, 1) == 1,
                sync(.housekeeping)
            else { return false }
        }
        return true
    }

    private func executeFixed(_ name: String) -> Bool {
        guard let connection else { return false }
        return PQsendQueryPrepared(connection, name, 0, nil, nil, nil, 1) == 1
    }

    private func execute(_ statement: PreparedStatement, _ binds: PostgresBinds) -> Bool {
        guard let connection else { return false }
        return parameters.with(binds) { count, values, lengths, formats in
            PQsendQueryPrepared(connection, statement.name, count, values, lengths, formats, 1) == 1
        }
    }

    private func sync(_ segment: Segment) -> Bool {
        guard let connection, PQpipelineSync(connection) == 1 else { return false }
        segments.append(segment)
        return true
    }

    // MARK: Receiving

    override func process() {
        guard let connection else { return }
        while !segments.isEmpty, PQisBusy(connection) == 0 {
            guard let result = PQgetResult(connection) else {
                answered += 1
                if PQstatus(connection) == CONNECTION_BAD { return fail() }
                continue
            }
            take(result)
        }
        if segments.isEmpty, lease == nil, isReady {
            let status = PQtransactionStatus(connection)
            if status == PQTRANS_INTRANS || status == PQTRANS_INERROR {
                fail("a request left a transaction open")
            }
        }
    }

    private func take(_ result: OpaquePointer) {
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            PQclear(result)
            answered = 0
            if case .work(let request, _, isLast: true)? = segments.popFirst() { finish(request) }
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
            accept(result)
        case PGRES_PIPELINE_ABORTED:
            PQclear(result)
        default:
            let fault = PostgresServerFault(result)
            PQclear(result)
            refuse(fault)
        }
    }

    private func accept(_ result: OpaquePointer) {
        guard case .work(let request, let hidden, let isLast)? = segments.first else { return PQclear(result) }
        if isLast, request.kind == .commit {
            if String(cString: PQcmdStatus(result)) != "COMMIT", request.failure == nil {
                request.failure = .rolledBack
            }
            PQclear(result)
        } else if answered >= hidden, request.kind != .rollback, !request.isAbandoned {
            request.resultSets.append(PostgresRows(result))
        } else {
            PQclear(result)
        }
    }

    private func refuse(_ fault: PostgresServerFault) {
        let request: PostgresRequest
        switch segments.first {
        case .prepare(let statement, let owner):
            cache.remove(statement, isOnServer: false)
            // In a failed transaction (25P02) nothing can be prepared; that says nothing about the statement.
            if fault.sqlState != "25P02" { statement.refusal = PostgresError(fault, mayBeCommitted: false) }
            request = owner
        case .work(let owner, _, _): request = owner
        case .housekeeping: return fail("\(fault)")
        case nil: return
        }
        if request.failure == nil { request.failure = PostgresError(fault, mayBeCommitted: request.kind != .step) }
    }

    private func finish(_ request: PostgresRequest) {
        inFlight -= 1
        request.wire = nil
        if let fault = request.failure?.serverFault, fault.isStaleStatement {
            if let refused = request.used.first(where: { $0.refusal != nil }) { request.failure = refused.refusal }
            for statement in request.used { cache.remove(statement, isOnServer: fault.sqlState != "26000") }
        }
        finished.append(request)
    }

    /// The connection is gone: everything in flight fails, and whether it was committed is unknown.
    func abandon() {
        for request in held { request.fail(.connectionLost(sent: false)) }
        held.removeAll()
        while let segment = segments.popFirst() {
            guard case .work(let request, _, let isLast) = segment, isLast else { continue }
            request.wire = nil
            // A transaction without COMMIT leaves nothing behind.
            request.fail(.connectionLost(sent: request.kind != .step))
        }
        inFlight = 0
        switch lease?.phase {
        case .active: lease?.phase = .lost
        default: break
        }
        lease = nil
    }
}
