import Audit
import Foundation
import JSON
import Kernel
import Persistence
import Resources
import Secrets

/// PRV-5: tokens of devices. Only hashes are stored; a token is shown when it is made and never again.
package struct DeviceCredentialService: Sendable {
    private let devices = DeviceRepository()
    private let credentials = DeviceCredentialRepository()
    private let makeToken: @Sendable () throws -> SecretToken
    private let clock: any WallClock

    package init(random: some RandomSource = SystemRandom(), clock: any WallClock = SystemClock()) {
        makeToken = { try SecretToken(generating: .deviceToken, from: random) }
        self.clock = clock
    }

    /// - Throws: `not-found` for the device.
    package func list(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ page: PageRequest<DeviceCredentialSort>
    ) async throws -> Page<DeviceCredential> {
        guard try await devices.find(tx, device) != nil else { throw ServiceError.notFound("device") }
        return try await credentials.list(tx, of: device, page)
    }

    /// - Throws: `not-found`.
    package func read(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ id: DeviceCredentialID
    ) async throws -> DeviceCredential {
        guard try await devices.find(tx, device) != nil, let credential = try await credentials.find(tx, device, id)
        else {
            throw ServiceError.notFound("credential")
        }
        return credential
    }

    /// - Parameter validUntil: nil for as long as it is not revoked.
    /// - Throws: `not-found` for the device, `conflict` when it is decommissioned or has ``DeviceCredential/maximumValid``.
    package func issue(
        _ tx: borrowing TenantTransaction, for device: DeviceID, validUntil: Timestamp?
    ) async throws -> IssuedCredential {
        guard let found = try await devices.find(tx, device, locking: true) else {
            throw ServiceError.notFound("device")
        }
        guard found.status != .decommissioned else {
            throw ServiceError(.conflict, "The device is decommissioned and gets no new credentials.")
        }
        let now = clock.now()
        if let validUntil, validUntil <= now {
            throw ServiceError.invalidInput("/valid_until", "must lie in the future")
        }
        guard try await credentials.validCount(tx, of: device, at: now) < DeviceCredential.maximumValid else {
            throw ServiceError(
                .conflict, "The device has \(DeviceCredential.maximumValid) valid credentials: revoke one first.")
        }
        return try await make(tx, for: device, validUntil: validUntil, action: "create")
    }

    /// Makes a new token and lets the old one live a while longer, so that the device can change without a gap.
    /// - Throws: `not-found`, `conflict` for a credential that is revoked or has expired.
    package func rotate(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ id: DeviceCredentialID, overlap: Duration,
        validUntil: Timestamp?
    ) async throws -> IssuedCredential {
        guard try await devices.find(tx, device, locking: true) != nil,
            let old = try await credentials.find(tx, device, id, locking: true)
        else { throw ServiceError.notFound("credential") }
        let now = clock.now()
        guard old.revokedAt == nil, old.validUntil.map({ $0 > now }) ?? true else {
            throw ServiceError(.conflict, "The credential is not valid any more: make a new one.")
        }
        if let validUntil, validUntil <= now {
            throw ServiceError.invalidInput("/valid_until", "must lie in the future")
        }
        let end = now + overlap
        try await credentials.limit(tx, id, until: old.validUntil.map { min($0, end) } ?? end)
        tx.invalidate(.deviceCredential, id.uuid)
        return try await make(tx, for: device, validUntil: validUntil ?? old.validUntil, action: "rotate")
    }

    /// Revoking twice changes nothing more.
    /// - Throws: `not-found`, `precondition-failed`.
    package func revoke(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ id: DeviceCredentialID,
        expecting expected: ExpectedVersion
    ) async throws {
        guard try await devices.find(tx, device) != nil,
            let credential = try await credentials.find(tx, device, id, locking: true)
        else { throw ServiceError.notFound("credential") }
        try expected.require(credential.version)
        guard credential.revokedAt == nil, let revoked = try await credentials.revoke(tx, id) else { return }
        tx.recordChange(
            "revoke", of: "device_credential", id.uuid, from: credential.document, to: revoked.document)
        tx.invalidate(.deviceCredential, id.uuid)
    }

    private func make(
        _ tx: borrowing TenantTransaction, for device: DeviceID, validUntil: Timestamp?, action: String
    ) async throws -> IssuedCredential {
        let token = try makeToken()
        let id = DeviceCredentialID.make()
        guard
            let credential = try await credentials.insert(tx, id, of: device, token.lookupHash, validUntil: validUntil)
        else { throw ServiceError.notFound("device") }
        tx.recordChange(action, of: "device_credential", id.uuid, from: nil, to: credential.document)
        return IssuedCredential(credential: credential, token: token)
    }
}
