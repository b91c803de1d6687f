/// Every way in which the platform says no. The strings are part of the API: stable, and never used again for another
/// meaning.
package enum ErrorCode: String, Sendable, CaseIterable {
    case malformedRequest = "malformed-request"
    case invalidParameter = "invalid-parameter"
    case unauthenticated = "unauthenticated"
    case invalidCredentials = "invalid-credentials"
    case forbidden = "forbidden"
    case organizationSuspended = "organization-suspended"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case notAcceptable = "not-acceptable"
    case requestTimeout = "request-timeout"
    case conflict = "conflict"
    case alreadyExists = "already-exists"
    case inUse = "in-use"
    case quotaExceeded = "quota-exceeded"
    case illegalTransition = "illegal-transition"
    case requestInProgress = "request-in-progress"
    case gone = "gone"
    case preconditionFailed = "precondition-failed"
    case payloadTooLarge = "payload-too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case invalidInput = "invalid-input"
    case idempotencyKeyReused = "idempotency-key-reused"
    case upgradeRequired = "upgrade-required"
    case preconditionRequired = "precondition-required"
    case tooManyRequests = "too-many-requests"
    case headersTooLarge = "headers-too-large"
    case internalError = "internal-error"
    case unavailable = "unavailable"

    /// The HTTP status (RFC 9110, RFC 6585).
    package var status: Int {
        switch self {
        case .malformedRequest, .invalidParameter: 400
        case .unauthenticated, .invalidCredentials: 401
        case .forbidden, .organizationSuspended: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .requestTimeout: 408
        case .conflict, .alreadyExists, .inUse, .quotaExceeded, .illegalTransition, .requestInProgress: 409
        case .gone: 410
        case .preconditionFailed: 412
        case .payloadTooLarge: 413
        case .unsupportedMediaType: 415
        case .invalidInput, .idempotencyKeyReused: 422
        case .upgradeRequired: 426
        case .preconditionRequired: 428
        case .tooManyRequests: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .unavailable: 503
        }
    }

    /// What it is, in a few words, the same for every occurrence (RFC 9457, `title`).
    package var title: String {
        switch self {
        case .malformedRequest: "The request cannot be read"
        case .invalidParameter: "A parameter is not acceptable"
        case .unauthenticated: "Sign in first"
        case .invalidCredentials: "The credentials are not valid"
        case .forbidden: "Not allowed"
        case .organizationSuspended: "The organization is suspended"
        case .notFound: "Not found"
        case .methodNotAllowed: "The method is not supported here"
        case .notAcceptable: "No representation is acceptable"
        case .requestTimeout: "The request took too long to arrive"
        case .conflict: "The request conflicts with the present state"
        case .alreadyExists: "It exists already"
        case .inUse: "It is in use"
        case .quotaExceeded: "A quota is used up"
        case .illegalTransition: "The state cannot change like this"
        case .requestInProgress: "The same request is being worked on"
        case .gone: "It is no longer available"
        case .preconditionFailed: "It has changed in the meantime"
        case .payloadTooLarge: "The body is too large"
        case .unsupportedMediaType: "The media type is not supported"
        case .invalidInput: "The input is not acceptable"
        case .idempotencyKeyReused: "The idempotency key was used for another request"
        case .upgradeRequired: "A protocol upgrade is required"
        case .preconditionRequired: "The request must say which version it changes"
        case .tooManyRequests: "Too many requests"
        case .headersTooLarge: "The header fields are too large"
        case .internalError: "Something went wrong on our side"
        case .unavailable: "Temporarily not available"
        }
    }
}
