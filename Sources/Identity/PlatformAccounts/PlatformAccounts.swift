import Kernel
import Persistence
import PostgresClient
import Secrets

/// Accounts that the operator makes from the command line: the first superadmin, the people of a demo.
///
/// They are the operator's word and therefore active, not confined, unlike those that an organization's administrator makes.
package struct PlatformAccounts: Sendable {
    let hasher: PasswordHasher

    package init(hasher: PasswordHasher) { self.hasher = hasher }

    /// The account of an address with this password: made, or given the password anew. Idempotent; sessions stay.
    /// - Throws: `invalid-input` for an address that is none or a password outside 10 to 256 characters.
    package func ensure(
        _ tx: borrowing SystemTransaction, email: String, name: String, password: String
    ) async throws -> UserID {
        guard let address = EmailAddress(email) else {
            throw ServiceError.invalidInput("/email", "must be an e-mail address")
        }
        guard (10...256).contains(password.unicodeScalars.count) else {
            throw ServiceError.invalidInput("/password", "must have 10 to 256 characters")
        }
        let present = try await find(tx, address)
        if let present, let stored = present.hash.flatMap({ try? PasswordHash(stored: $0) }), present.isActive,
            case .matches(needsRehash: false) = try await hasher.verify(password, against: stored)
        {
            return present.id
        }
        let hash = try await hasher.hash(password).stored
        let made = try await tx.first(
            """
            insert into app.users (email, name, status, password_hash)
            values (\(address.text), \(name), 'active', \(hash))
            on conflict (email) where deleted_at is null do update set
                status = 'active', password_hash = excluded.password_hash, password_organization_id = null
            returning id /* platform_accounts.ensure */
            """
        ) { (row: inout RowReader) throws -> UserID in try row.next() }
        guard let made else { throw ServiceError(.internalError, "The account could not be made.") }
        return made
    }

    /// Makes an account a superadmin: it administers the platform and is in no organization by that.
    package func grantSuperadmin(_ tx: borrowing SystemTransaction, _ user: UserID, reason: String) async throws {
        try await tx.execute(
            """
            insert into app.platform_admins (user_id, reason) values (\(user), \(reason))
            on conflict (user_id) do nothing /* platform_accounts.grant_superadmin */
            """)
    }

    private struct Present: Sendable {
        let id: UserID
        let hash: String?
        let isActive: Bool
    }

    private func find(_ tx: borrowing SystemTransaction, _ address: EmailAddress) async throws -> Present? {
        try await tx.first(
            """
            select id, password_hash, status = 'active' and password_organization_id is null from app.users
            where email = \(address.text) and deleted_at is null /* platform_accounts.find */
            """
        ) { (row: inout RowReader) throws -> Present in
            Present(id: try row.next(), hash: try row.next(), isActive: try row.next())
        }
    }
}
