import Foundation
import Identity
import Kernel
import Persistence
import PostgresClient
import Secrets
@_spi(ScopeMinting) import Tenancy

/// Turns a device's token into a principal (PRV-5). The token alone decides device and organization.
///
/// What was found is kept as long as news of changes arrive (see ``ShortLivedCache``, S22). A fleet that reports every minute
/// then costs no look-ups of its own.
package final class DeviceAuthenticator: Sendable {
    private struct Standing: Sendable {
        let organizationID: OrganizationID
        let organizationStatus: String
        let tier: TierName
        let credentialID: DeviceCredentialID
        let deviceID: DeviceID
        let source: SourceNumber
        let deviceKey: String
        let status: DeviceStatus
        let validUntil: Timestamp?
    }

    private let auth: AuthDatabase
    private let tenants: TenantDatabase
    private let clock: any WallClock
    private let known: ShortLivedCache<Digest256, Standing>

    /// - Parameters:
    ///   - feed: tells of changes; the authenticator subscribes itself.
    ///   - limit: how many devices are remembered.
    package init(
        auth: AuthDatabase, tenants: TenantDatabase, feed: InvalidationFeed, limit: Int = 500_000,
        clock: any WallClock = SystemClock()
    ) {
        self.auth = auth
        self.tenants = tenants
        self.clock = clock
        known = ShortLivedCache(limit: limit, feed: feed)
        feed.subscribe { [weak self] in self?.forget($0) }
    }

    /// - Throws: `unauthenticated` for a token that was not issued, was revoked or has expired; `forbidden` for a device
    ///   whose state does not let it send; `organization-suspended`.
    package func authenticate(_ text: String, address: String, requestID: String) async throws -> Principal {
        guard let token = SecretToken(parsing: text, as: .deviceToken) else { throw Self.refused }
        let hash = token.lookupHash
        guard let found = try await known.value(for: hash, load: { try await load(hash) }) else { throw Self.refused }
        if let end = found.validUntil, end <= clock.now() { throw Self.refused }
        guard found.organizationStatus == "active" else {
            throw ServiceError(.organizationSuspended, "The device's organization is suspended.")
        }
        guard found.status.maySend else {
            throw ServiceError(.forbidden, "The device is \(found.status.rawValue) and may not send.")
        }
        let actor = Actor(
            kind: .device, id: found.deviceID.description, label: found.deviceKey, address: address,
            requestID: requestID)
        return Principal(
            kind: .device(found.deviceID, found.source), permissions: [.telemetryWrite, .eventsWrite],
            scope: TenantScope(organizationID: found.organizationID, actor: actor), tier: found.tier, actor: actor)
    }

    private static let refused = ServiceError(.unauthenticated, "The device token is not valid here.")

    private func load(_ hash: Digest256) async throws -> Standing? {
        let resolved = try await auth.first(
            """
            select organization_id, organization_status, tier_name, subject_id
            from auth.resolve('device_token', \(hash.bytes)) /* device_credentials.resolve */
            """
        ) { (row: inout RowReader) throws -> (OrganizationID, String, String, DeviceCredentialID) in
            (try row.next(), try row.next(), try row.next(), try row.next())
        }
        guard let (organizationID, organizationStatus, tier, credentialID) = resolved else { return nil }
        let scope = TenantScope(organizationID: organizationID, actor: .system("device sign-in"))
        return try await tenants.withTransaction(scope, .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> Standing? in
            try await tx.first(
                """
                select d.id, d.source_no, d.device_key, d.status, c.valid_until_at
                from app.device_credentials c
                join app.devices d on d.organization_id = c.organization_id and d.id = c.device_id
                where c.id = \(credentialID) and c.revoked_at is null and d.deleted_at is null
                /* device_credentials.authenticate */
                """
            ) { (row: inout RowReader) throws -> Standing in
                Standing(
                    organizationID: organizationID, organizationStatus: organizationStatus,
                    tier: TierName(rawValue: tier), credentialID: credentialID, deviceID: try row.next(),
                    source: try row.next(), deviceKey: try row.next(),
                    status: DeviceStatus(rawValue: try row.next()) ?? .suspended, validUntil: try row.next())
            }
        }
    }

    private func forget(_ news: Invalidation) {
        switch news {
        case .everything, .one(.tier, _, _): known.forgetAll()
        case .one(.deviceCredential, _, let subject): forget { subject == nil || $0.credentialID.uuid == subject }
        case .one(.device, _, let subject): forget { subject == nil || $0.deviceID.uuid == subject }
        case .one(.organization, let organization, _):
            forget { organization == nil || $0.organizationID == organization }
        case .one: break
        }
    }

    private func forget(where condition: (Standing) -> Bool) {
        known.forget { condition($1) }
    }
}

extension DeviceStatus {
    /// Whether a device in this state may deliver what it measured.
    package var maySend: Bool {
        switch self {
        case .provisioned, .registered, .active, .maintenance: true
        case .manufactured, .suspended, .decommissioned: false
        }
    }
}
