import Kernel
import Realtime
import Tenancy

/// Looks at the credentials of live connections again and again, so that whoever is signed out, expired or has lost a
/// permission is no longer told anything (S20, S22).
package struct CredentialReview: Sendable {
    private let authenticator: any Authenticator
    private let interval: Duration

    package init(authenticator: any Authenticator, interval: Duration = .seconds(1)) {
        self.authenticator = authenticator
        self.interval = interval
    }

    /// Ends the connection as soon as its credentials no longer give what they gave; returns then, or when cancelled.
    func watch(_ connection: RealtimeConnection, opened request: TenantRequest) async {
        while (try? await Task.sleep(for: interval)) != nil {
            do {
                let principal = try await principal(of: request)
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

    /// Authenticates the request that opened the connection as if it came now.
    private func principal(of request: TenantRequest) async throws -> Principal {
        let headers = request.request.headers
        guard let credentials = try Credentials(headers, isHandshake: true) else {
            throw ServiceError(.unauthenticated, "The request carries no credentials.")
        }
        return try await authenticator.authenticate(
            credentials, selecting: try selectedOrganization(headers), from: request.request.clientAddress,
            requestID: request.id)
    }
}
