import Kernel
import Persistence
import PostgresClient
import Secrets

struct DeviceCredentialRepository: Sendable {
    private static let columns: SQL = """
        id, device_id, kind, username_key, valid_until_at, revoked_at, used_at, version, created_at, updated_at
        """

    func list(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ page: PageRequest<DeviceCredentialSort>
    ) async throws -> Page<DeviceCredential> {
        try await tx.page(
            "device_credentials", select: Self.columns, from: "app.device_credentials", where: "device_id = \(device)",
            page)
    }

    func find(
        _ tx: borrowing TenantTransaction, _ device: DeviceID, _ id: DeviceCredentialID, locking: Bool = false
    ) async throws -> DeviceCredential? {
        let lock: SQL = locking ? " for update" : ""
        let sql: SQL = """
            select \(Self.columns) from app.device_credentials where id = \(id) and device_id = \(device)\(lock)
            /* device_credentials.find */
            """
        return try await tx.first(sql) { row in try DeviceCredential(from: &row) }
    }

    func validCount(_ tx: borrowing TenantTransaction, of device: DeviceID, at now: Timestamp) async throws -> Int {
        let sql: SQL = """
            select count(*) from app.device_credentials
            where device_id = \(device) and revoked_at is null and (valid_until_at is null or valid_until_at > \(now))
            /* device_credentials.valid_count */
            """
        return try await tx.first(sql) { row in try row.next(Int.self) } ?? 0
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: DeviceCredentialID, of device: DeviceID, _ hash: Digest256,
        validUntil: Timestamp?
    ) async throws -> DeviceCredential? {
        let sql: SQL = """
            insert into app.device_credentials (organization_id, id, device_id, kind, secret_hash, valid_until_at)
            values (app.organization_id(), \(id), \(device), 'token', \(hash.bytes), \(validUntil))
            returning \(Self.columns) /* device_credentials.insert */
            """
        return try await tx.first(sql) { row in try DeviceCredential(from: &row) }
    }

    func limit(_ tx: borrowing TenantTransaction, _ id: DeviceCredentialID, until time: Timestamp) async throws {
        let sql: SQL = """
            update app.device_credentials set valid_until_at = \(time) where id = \(id) /* device_credentials.limit */
            """
        try await tx.execute(sql)
    }

    func revoke(_ tx: borrowing TenantTransaction, _ id: DeviceCredentialID) async throws -> DeviceCredential? {
        let sql: SQL = """
            update app.device_credentials set revoked_at = now() where id = \(id) returning \(Self.columns)
            /* device_credentials.revoke */
            """
        return try await tx.first(sql) { row in try DeviceCredential(from: &row) }
    }

    /// Revokes what is not revoked yet and tells every node.
    func revokeAll(_ tx: borrowing TenantTransaction, of device: DeviceID) async throws {
        let sql: SQL = """
            update app.device_credentials set revoked_at = now() where device_id = \(device) and revoked_at is null
            returning id /* device_credentials.revoke_all */
            """
        for id in try await tx.all(sql, { row in try row.next(DeviceCredentialID.self) }) {
            tx.invalidate(.deviceCredential, id.uuid)
        }
    }
}
