/// What a limit says after a request.
package struct RateState: Sendable, Equatable {
    package let policy: RatePolicy
    /// Tokens left.
    package let remaining: Int
    /// Seconds until the bucket is full if nothing more is taken, rounded up.
    package let reset: Int

    package var used: Int { policy.burst - remaining }
}

/// Whether a request may pass, and what to tell the client (draft-ietf-httpapi-ratelimit-headers-10).
package struct RateDecision: Sendable, Equatable {
    /// One for every limit that was asked, in that order.
    package let states: [RateState]
    /// The limit that refused; nil when the request may pass.
    package let refusedBy: RateState?
    /// Seconds after which the same request passes if nobody else takes tokens; only when refused.
    package let retryAfter: Int?

    package var isAllowed: Bool { refusedBy == nil }

    /// `RateLimit-Policy`, for example `"user";q=100;w=20, "organization";q=200;w=20`.
    package var policyField: String {
        states.map(\.policy.field).joined(separator: ", ")
    }

    /// `RateLimit`, for example `"user";r=99;t=1, "organization";r=180;t=2`.
    package var stateField: String {
        states.map { "\"\($0.policy.name)\";r=\($0.remaining);t=\($0.reset)" }.joined(separator: ", ")
    }
}
