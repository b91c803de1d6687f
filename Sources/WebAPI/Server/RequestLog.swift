import Logging
import Tenancy

/// The log of one request: its lines carry the request's id, and the organization and the actor once they are known.
///
/// A logger with these is made only for a request that has something to say; most have not.
struct RequestLog: Sendable {
    let platform: Logger
    let requestID: String
    var principal: Principal?

    init(platform: Logger, requestID: String) {
        self.platform = platform
        self.requestID = requestID
    }

    func writes(_ level: Logger.Level) -> Bool { platform.logLevel <= level }

    var logger: Logger {
        var logger = platform
        logger[metadataKey: "request_id"] = "\(requestID)"
        guard let principal else { return logger }
        if let scope = principal.scope { logger[metadataKey: "organization_id"] = "\(scope.organizationID)" }
        logger[metadataKey: "actor"] = "\(principal.actor.kind.rawValue):\(principal.actor.id ?? "")"
        return logger
    }
}
