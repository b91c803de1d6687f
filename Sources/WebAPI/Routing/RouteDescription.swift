import Kernel

/// What is known of a route without calling it. The tests hold it against `openapi/` and generate requests from it.
package struct RouteDescription: Hashable, Sendable {
    /// What the body of a request may be.
    package enum Body: Hashable, Sendable {
        case none
        /// JSON that may be left out.
        case optionalJSON
        case json
        /// Bytes that the handler reads itself.
        case bytes
    }

    package var method: String
    /// With parameters in braces, such as `/api/v1/devices/{id}`.
    package var path: String
    package var access: RouteAccess
    /// The query parameters it takes; any other is refused by name.
    package var parameters: [String]
    package var body: Body
    /// The statuses of its successes.
    package var answers: Set<Int>
    /// What it refuses beyond what every route of its kind may refuse.
    package var refuses: Set<ErrorCode>
    /// Whether a POST may be repeated under an `Idempotency-Key`.
    package var takesIdempotencyKey: Bool
    /// Whether its requests count against rates.
    package var isRateLimited: Bool
    /// Whether it belongs to the API and must be in the OpenAPI description.
    package var isDocumented: Bool

    /// The names in braces, in order.
    package var pathParameters: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast().trimmingStars }
    }

    /// Every status that it may answer: its own and those of its kind. A GET whose answers carry an `ETag` may answer 304
    /// besides.
    package var statuses: Set<Int> {
        var result = answers.union(refuses.map(\.status)).union([400, 500, 503])
        if isRateLimited { result.insert(429) }
        switch access {
        case .open: break
        // 403 also for an X-Organization-Id that is not the caller's, and for a suspended organization.
        case .signedIn, .permission, .device, .superadmin: result.formUnion([401, 403])
        }
        if !pathParameters.isEmpty { result.insert(404) }
        if body != .none { result.formUnion([413, 415, 422]) }
        if takesIdempotencyKey { result.formUnion([409, 422]) }
        if ["PUT", "PATCH", "DELETE"].contains(method), !pathParameters.isEmpty { result.insert(412) }
        return result
    }
}

extension Substring {
    /// `{*rest}` takes what is left of a path.
    fileprivate var trimmingStars: String { String(drop { $0 == "*" }) }
}
