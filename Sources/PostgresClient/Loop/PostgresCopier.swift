import CPostgres
import Synchronization

/// The connection of one COPY OUT. It is not in pipeline mode, where COPY would never end.
final class PostgresCopier: PostgresLink {
    let channel: PostgresCopyChannel
    private let statements: [SQL]
    private var current = 0
    private var isCopying = false
    private var failure: PostgresError?
    private(set) var isDone = false
    private var parameters = ParameterArrays()
    private static let chunkSize = 64 * 1_024

    init(channel: PostgresCopyChannel, token: UInt64, connectsUntil: UInt64, notices: PostgresNotices) {
        self.channel = channel
        statements = ["begin read only"] + channel.preamble + [channel.statement, "commit"]
        super.init(token: token, connectsUntil: connectsUntil, notices: notices)
    }

    /// Nil after success.
    var outcome: PostgresError? {
        if isDone { return failure }
        return current == 0 ? .notConnected(reason: breakReason) : .connectionLost(sent: false)
    }

    override func didConnect() -> Bool { sendCurrent() }

    private func sendCurrent() -> Bool {
        guard let connection else { return false }
        let sql = statements[current]
        let isSent = parameters.with(sql.binds) { count, values, lengths, formats in
            PQsendQueryParams(connection, sql.text, count, sql.binds.oids, values, lengths, formats, 1) == 1
        }
        return isSent && flush()
    }

    override func process() {
        guard let connection else { return }
        while !isDone, !isBroken {
            if isCopying {
                guard pump(connection) else { return }
                continue
            }
            guard PQisBusy(connection) == 0 else { return }
            if let result = PQgetResult(connection) {
                take(result)
            } else {
                current += 1
                if current == statements.count {
                    isDone = true
                } else if !sendCurrent() {
                    fail()
                }
            }
        }
    }

    private func take(_ result: OpaquePointer) {
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK: break
        case PGRES_COPY_OUT: isCopying = true
        case PGRES_COPY_IN, PGRES_COPY_BOTH: stop(.misuse("only COPY … TO STDOUT can be streamed"))
        default: stop(PostgresError(PostgresServerFault(result), mayBeCommitted: false))
        }
    }

    private func stop(_ error: PostgresError) {
        failure = error
        isDone = true
    }

    /// Moves rows to the reader. False: wait for the socket or for the reader.
    private func pump(_ connection: OpaquePointer) -> Bool {
        var chunk: [UInt8] = []
        while channel.hasRoom() {
            chunk.reserveCapacity(Self.chunkSize + 4_096)
            fill: while chunk.count < Self.chunkSize {
                var row: UnsafeMutablePointer<CChar>?
                let length = PQgetCopyData(connection, &row, 1)
                if length > 0 {
                    chunk.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(length)))
                    PQfreemem(row)
                    continue fill
                }
                channel.offer(chunk)
                if length == 0 {
                    wantsRead = true
                    return false
                }
                if length == -1 {
                    isCopying = false
                } else {
                    stop(.connectionLost(sent: false))
                }
                return true
            }
            channel.offer(chunk)
            chunk = []
        }
        wantsRead = false
        return false
    }
}

extension PostgresLoop {
    func openCopier(for channel: PostgresCopyChannel) {
        if channel.isClosedByConsumer { return }
        guard copies.count < configuration.maxCopies else {
            statistics.refusals.add(1, ordering: .relaxed)
            return channel.finish(.overloaded(retryAfterSeconds: 5))
        }
        let copier = PostgresCopier(
            channel: channel, token: takeToken(), connectsUntil: connectDeadline, notices: notices)
        copies.append(copier)
        begin(copier, statementTimeout: configuration.copyTimeout)
    }

    func copyChanged(_ channel: PostgresCopyChannel) {
        guard let copier = copies.first(where: { $0.channel === channel }) else { return }
        if channel.isClosedByConsumer { return drop(copier) }
        // Rows may lie in libpq's buffer already, without anything to read from the socket.
        if copier.isReady {
            copier.process()
            afterService(copier)
        }
    }
}
