import Devices
import JSON
import Kernel
import Persistence
import Resources
import Tenancy

/// PRV-5: tokens of devices.
package struct DeviceCredentialRoutes: Sendable {
    private let credentials: DeviceCredentialService

    package init(credentials: DeviceCredentialService) { self.credentials = credentials }

    package func register(in api: APIRoutes) {
        let one = "/devices/{id}/credentials/{credential_id}"
        api.list("/devices/{id}/credentials", .devicesRead, sort: DeviceCredentialSort.self, list)
        api.post("/devices/{id}/credentials", .credentialsWrite, refuses: [.conflict], issue)
        api.get(one, .devicesRead, show)
        api.delete(one, .credentialsWrite, revoke)
        api.post("\(one)/rotate", .credentialsWrite, body: .optionalJSON, refuses: [.conflict], rotate)
    }

    private func list(
        _ request: TenantRequest, _ page: PageRequest<DeviceCredentialSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<DeviceCredential> {
        try await credentials.list(tx, of: request.id(of: "device"), page)
    }

    private func issue(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        enum Kind: String, CaseIterable { case token }
        let input = request.input()
        _ = input.optional("kind", .oneOf(Kind.self))
        let validUntil = input.optional("valid_until", .time)
        try input.finish()
        return created(try await credentials.issue(tx, for: request.id(of: "device"), validUntil: validUntil))
    }

    private func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let credential = try await credentials.read(
            tx, of: request.id(of: "credential"), request.id("credential_id", of: "credential"))
        return .ok(credential, version: credential.version)
    }

    private func revoke(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await credentials.revoke(
            tx, of: request.id(of: "credential"), request.id("credential_id", of: "credential"),
            expecting: request.expected())
        return .noContent
    }

    private func rotate(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let input = request.input()
        let overlap = input.optional("overlap_seconds", .integer(0...2_592_000), default: 86_400)
        let validUntil = input.optional("valid_until", .time)
        try input.finish()
        return created(
            try await credentials.rotate(
                tx, of: request.id(of: "credential"), request.id("credential_id", of: "credential"),
                overlap: .seconds(overlap), validUntil: validUntil))
    }

    private func created(_ issued: IssuedCredential) -> Answer {
        .created(
            issued, at: "/devices/\(issued.credential.deviceID)/credentials/\(issued.credential.id)",
            version: issued.credential.version)
    }
}
