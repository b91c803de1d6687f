import HTTPServer
import Tenancy

/// A route and what runs behind it.
struct Endpoint: Sendable {
    enum Action: Sendable {
        case open(@Sendable (OpenRequest) async throws -> Answer)
        case signedIn(@Sendable (SignedInRequest) async throws -> Answer)
        case tenant(@Sendable (TenantRequest) async throws -> Answer)
        case device(@Sendable (DeviceRequest) async throws -> Answer)
        case socket(@Sendable (TenantRequest) async throws -> WebSocketAcceptance)
    }

    let description: RouteDescription
    /// Bytes that the body may have, decompressed.
    let bodyLimit: Int
    let action: Action
    /// What the rate limiter counts it as.
    let traffic: Traffic
}

/// Telemetry has budgets of its own, so that a flood of measurements never locks people out.
package enum Traffic: String, Hashable, Sendable { case api, telemetry, none }
