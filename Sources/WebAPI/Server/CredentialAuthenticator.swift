import Devices
import Identity
import Kernel
import Secrets
import Tenancy

/// Sends each kind of credentials to whoever knows it.
package struct CredentialAuthenticator: Authenticator {
    private let sessions: SessionAuthenticator
    private let apiKeys: APIKeyAuthenticator
    private let devices: DeviceAuthenticator

    package init(sessions: SessionAuthenticator, apiKeys: APIKeyAuthenticator, devices: DeviceAuthenticator) {
        self.sessions = sessions
        self.apiKeys = apiKeys
        self.devices = devices
    }

    package func authenticate(
        _ credentials: Credentials, selecting organizationID: OrganizationID?, from address: String, requestID: String
    ) async throws -> Principal {
        let principal: Principal
        switch credentials {
        case .bearer(let token) where token.hasPrefix(SecretToken.Kind.deviceToken.rawValue):
            principal = try await devices.authenticate(token, address: address, requestID: requestID)
        case .bearer(let token):
            let origin = RequestOrigin(address: address, requestID: requestID)
            return try await sessions.authenticate(token, selected: organizationID, from: origin)
        case .apiKey(let key):
            let origin = RequestOrigin(address: address, requestID: requestID)
            principal = try await apiKeys.authenticate(key, from: origin)
        }
        // Keys and devices belong to one organization.
        if let organizationID, organizationID != principal.scope?.organizationID {
            throw ServiceError(.forbidden, "X-Organization-Id names no organization of yours.")
        }
        return principal
    }
}
