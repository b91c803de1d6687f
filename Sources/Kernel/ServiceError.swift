import JSON

/// One fault of an input: where, and what would be right.
package struct FieldFault: Hashable, Sendable {
    /// A JSON pointer (RFC 6901) into the body, or the name of a query parameter.
    package let pointer: String
    package let detail: String

    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}

/// The one error type that domains throw. Only the edge turns it into a problem (RFC 9457).
package struct ServiceError: Error, Sendable {
    package var code: ErrorCode
    /// For the person who sent the request: what is wrong here and what to do. Never SQL, never another tenant's.
    package var detail: String
    package var fields: [FieldFault]
    /// Further members of the problem, such as `limit` and `used`.
    package var members: JSONObject
    /// Seconds after which it makes sense to try again.
    package var retryAfter: Int?
    /// Logged, never sent.
    package var cause: (any Error)?

    package init(
        _ code: ErrorCode, _ detail: String, fields: [FieldFault] = [], members: JSONObject = [:],
        retryAfter: Int? = nil, cause: (any Error)? = nil
    ) {
        self.code = code
        self.detail = detail
        self.fields = fields
        self.members = members
        self.retryAfter = retryAfter
        self.cause = cause
    }
}

extension ServiceError {
    /// What belongs to another organization does not exist either: one text for both.
    package static func notFound(_ what: String) -> ServiceError {
        ServiceError(.notFound, "There is no such \(what).")
    }

    package static func invalidInput(_ fields: [FieldFault]) -> ServiceError {
        ServiceError(.invalidInput, "The input has \(faults(fields.count)).", fields: fields)
    }

    package static func invalidInput(_ pointer: String, _ detail: String) -> ServiceError {
        invalidInput([FieldFault(pointer: pointer, detail: detail)])
    }

    package static func invalidParameters(_ fields: [FieldFault]) -> ServiceError {
        ServiceError(.invalidParameter, "The parameters have \(faults(fields.count)).", fields: fields)
    }

    private static func faults(_ count: Int) -> String { count == 1 ? "one fault" : "\(count) faults" }
}
