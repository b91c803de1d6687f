import JSON
import Kernel
import PostgresClient

extension PostgresError {
    /// What this means to somebody outside. Constraints have no general meaning: their repositories translate them, and what
    /// is left is our fault.
    package var asPlatformError: any Error {
        switch self {
        case .cancelled: return CancellationError()
        case .overloaded(let seconds): return unavailable("The database is busy.", retryAfter: seconds)
        case .connectionLost, .notConnected, .shutdown:
            return unavailable("The database cannot be reached at the moment.", retryAfter: 2)
        case .timeout: return unavailable("The database took too long to answer.", retryAfter: 5)
        case .server(let fault) where fault.sqlState == "RK001": return quotaExceeded(fault)
        // Starting up, shutting down, out of connections, read-only stand-by, disk full.
        case .server(let fault) where ["57P01", "57P02", "57P03", "53300", "53100", "25006"].contains(fault.sqlState):
            return unavailable("The database cannot do this at the moment.", retryAfter: 2)
        case .server(let fault) where ["57014", "55P03"].contains(fault.sqlState):
            return unavailable("The database took too long to answer.", retryAfter: 5)
        default: return ServiceError(.internalError, "The request failed through no fault of yours.", cause: self)
        }
    }

    private func unavailable(_ detail: String, retryAfter: Int) -> ServiceError {
        ServiceError(.unavailable, detail + " Try again shortly.", retryAfter: retryAfter, cause: self)
    }

    /// The quota triggers say in the error's DETAIL what is used up.
    private func quotaExceeded(_ fault: PostgresServerFault) -> ServiceError {
        let members = (try? JSONValue(parsing: fault.detail ?? "{}"))?.object ?? [:]
        let resource = members["resource"]?.string?.replacing("_", with: " ") ?? "this"
        let limit = members["limit"]?.integer.map { " of \($0)" } ?? ""
        return ServiceError(
            .quotaExceeded, "The quota\(limit) for \(resource) is used up.", members: members, cause: self)
    }
}
