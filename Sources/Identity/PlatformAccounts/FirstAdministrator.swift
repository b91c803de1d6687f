import Audit
import JSON
import Kernel
import Persistence
import PostgresClient
import Secrets

/// Who is to administer a new organization: its first member, named by the platform.
package struct FirstAdministrator: Sendable {
    package let email: EmailAddress
    package let name: String
    /// Nil: one is generated.
    package let password: String?

    /// Reads a request body.
    /// - Throws: `invalid-input` with every fault.
    package init(body: JSONValue) throws {
        let input = InputReader(body)
        let email = input.required("email", .email)
        name = input.required("name", .name())
        password = input.optional("password", .newPassword)
        try input.finish()
        guard let email else { throw ServiceError.invalidInput("/email", "must be an e-mail address") }
        self.email = email
    }
}

/// What became of it.
package struct NamedAdministrator: Sendable, JSONWritable {
    package let id: UserID
    package let email: String
    /// Counts only if the person had no account before, which this answer does not tell.
    package let generatedPassword: String?

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("email", email)
            if let generatedPassword { json.field("generated_password", generatedPassword) }
        }
    }
}

extension PlatformAccounts {
    /// Names the first administrator of an organization that has no members yet: the platform cannot enter one that lives.
    /// - Throws: `conflict` when the organization has members or is not there, `unavailable`.
    package func nameFirstAdministrator(
        _ tx: borrowing SystemTransaction, of organization: OrganizationID, _ person: FirstAdministrator
    ) async throws -> NamedAdministrator {
        let password = try person.password ?? GeneratedPassword.make()
        let hash = try await hasher.hash(password).stored
        let named = try await tx.first(
            """
            select app.first_administrator(\(organization), \(person.email.text), \(person.name), \(hash))
            /* platform_accounts.first_administrator */
            """
        ) { (row: inout RowReader) throws -> UserID? in try row.next() }
        guard case let id?? = named else {
            throw ServiceError(
                .conflict, "The organization has members, who manage their own; or it does not exist.")
        }
        tx.record(
            AuditRecord(
                action: "create", resourceKind: "user", resourceID: id.uuid,
                changes: ["email": ["new": .string(person.email.text)], "roles": ["new": ["org_admin"]]]),
            in: organization)
        return NamedAdministrator(
            id: id, email: person.email.text, generatedPassword: person.password == nil ? password : nil)
    }
}
