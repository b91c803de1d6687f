import JSON
import Kernel
import Persistence
import PostgresClient
import Resources
import Secrets

/// What a device proves itself with (PRV-5). The secret itself is nowhere.
package struct DeviceCredential: Sendable {
    package enum Kind: String, Sendable, CaseIterable { case token, password }

    /// Valid at once on one device: two are enough to rotate, the rest is for devices with several modems.
    package static let maximumValid = 10

    package let id: DeviceCredentialID
    package let deviceID: DeviceID
    package let kind: Kind
    package let username: String?
    package let validUntil: Timestamp?
    package let revokedAt: Timestamp?
    package let lastUsed: Timestamp?
    package let revision: Revision
    package var version: Int { revision.version }
}

/// A new credential with its secret, which is shown this once.
package struct IssuedCredential: Sendable {
    package let credential: DeviceCredential
    package let token: SecretToken
}

/// Orders of the list of credentials.
package enum DeviceCredentialSort: String, RowSort {
    case createdAt = "created_at"
    package static var standard: DeviceCredentialSort { .createdAt }
    package static var isDescendingByDefault: Bool { true }
    package static var unique: SortColumn<DeviceCredential> { .id { $0.id } }
    package var column: SortColumn<DeviceCredential> { Self.unique }
}

extension DeviceCredential: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        deviceID = try row.next()
        kind = Kind(rawValue: try row.next()) ?? .token
        username = try row.next()
        validUntil = try row.next()
        revokedAt = try row.next()
        lastUsed = try row.next()
        revision = try Revision(from: &row)
    }
}

extension DeviceCredential {
    /// What the audit trail keeps.
    var document: JSONObject {
        var document: JSONObject = ["device_id": .string(deviceID.description), "kind": .string(kind.rawValue)]
        if let validUntil { document["valid_until"] = .string(validUntil.rfc3339) }
        if let revokedAt { document["revoked_at"] = .string(revokedAt.rfc3339) }
        return document
    }
}
