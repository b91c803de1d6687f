import CPostgres
import Logging

/// Brings the server's notices and warnings into the log instead of standard error.
final class PostgresNotices: Sendable {
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    static let receiver: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void = { argument, result in
        guard let argument, let result else { return }
        let notices = Unmanaged<PostgresNotices>.fromOpaque(argument).takeUnretainedValue()
        notices.log(PostgresServerFault(result))
    }

    private func log(_ notice: PostgresServerFault) {
        let level: Logger.Level = notice.severity == "WARNING" ? .warning : .debug
        logger.log(level: level, "PostgreSQL: \(notice.message)", metadata: ["sqlstate": "\(notice.sqlState)"])
    }
}

extension PostgresServerFault {
    /// Reads the fields of an error or notice result.
    init(_ result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue, let text = PQresultErrorField(result, Int32(ascii)) else { return nil }
            return String(cString: text)
        }
        self.init(
            sqlState: field("C") ?? "", message: field("M") ?? String(cString: PQresultErrorMessage(result)),
            severity: field("V") ?? field("S") ?? "ERROR")
        detail = field("D")
        hint = field("H")
        context = field("W")
        schema = field("s")
        table = field("t")
        column = field("c")
        constraint = field("n")
        routine = field("R")
        position = field("P").flatMap { Int($0) }
    }
}

extension PostgresError {
    /// What an error result means to the caller of the statement.
    init(_ fault: PostgresServerFault, mayBeCommitted: Bool) {
        if fault.endsSession {
            self = .connectionLost(sent: mayBeCommitted)
        } else if fault.sqlState == "57014" {
            self = .timeout
        } else {
            self = .server(fault)
        }
    }
}
