import Kernel
import Realtime
import Tenancy

/// Looks at the credentials of live connections again and again, so that whoever is signed out, expired or has lost a
/// permission is no longer told anything (S20, S22).
package struct CredentialReview: Sendable {
    /// Authenticates the request that opened the connection once more; throws when it would be refused now.
    package typealias Authenticate = @Sendable (TenantRequest) async throws -> Principal

    private let authenticate: Authenticate
    private let interval: Duration

    package init(interval: Duration = .seconds(1), _ authenticate: @escaping Authenticate) {
        self.interval = interval
        self.authenticate = authenticate
    }

    /// Ends the connection as soon as its credentials no longer give what they gave; returns then, or when cancelled.
    func watch(_ connection: RealtimeConnection, opened request: TenantRequest) async {
        while (try? await Task.sleep(for: interval)) != nil {
            do {
                let principal = try await authenticate(request)
                let isSame =
                    principal.kind == connection.principal.kind
                    && principal.permissions == connection.principal.permissions
                    && principal.scope?.organizationID == connection.organizationID
                if !isSame { return connection.end(.revoked) }
            } catch let error as ServiceError where error.code == .unavailable || error.code == .internalError {
                // Nothing is known: the next look decides.
                continue
            } catch is CancellationError {
                return
            } catch {
                return connection.end(.revoked)
            }
        }
    }
}
