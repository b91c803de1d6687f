import JSON
import Kernel
import Organizations
import Persistence
import PostgresClient
import Resources

/// A person in an organization. The id is the person's, the same in every organization; all else belongs to this one.
package struct Member: Sendable, JSONWritable {
    package enum Status: String, Sendable, CaseIterable { case invited, active, disabled }

    package let id: UserID
    package let membershipID: MembershipID
    package let email: String
    package let details: MemberDetails
    /// Built-in roles by key, others by id.
    package let roles: [String]
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    package let version: Int

    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("email", email)
        details.writeMembers(to: &json)
        json.field("roles", roles)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
    }

    /// What the audit trail tells.
    var document: JSONObject {
        var document = details.document
        document["email"] = .string(email)
        document["roles"] = .array(roles.map { .string($0) })
        return document
    }
}

/// What an administrator can change of a member.
package struct MemberDetails: EditableFields {
    package var name: String
    package var title: String?
    package var phone: String?
    package var status: Member.Status
    package var locale: String
    package var timeZone: String

    package init(reading input: InputReader) {
        name = input.required("name", .name())
        title = input.optional("title", .name())
        phone = input.optional("phone", .name(1...50))
        status = input.optional("status", .oneOf(Member.Status.self), default: .active)
        locale = input.optional("locale", .locale, default: "en")
        timeZone = input.optional("time_zone", .timeZone, default: "UTC")
    }

    init(name: String, title: String?, phone: String?, status: Member.Status, locale: String, timeZone: String) {
        self.name = name
        self.title = title
        self.phone = phone
        self.status = status
        self.locale = locale
        self.timeZone = timeZone
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("title", title)
        json.field("phone", phone)
        json.field("status", status.rawValue)
        json.field("locale", locale)
        json.field("time_zone", timeZone)
    }
}

/// What is said of a person who joins.
package struct MemberDraft: Sendable {
    package let email: EmailAddress
    /// Keys or ids of roles.
    package let roles: [String]
    package let details: MemberDetails
    /// Nil: one is generated.
    package let password: String?

    /// Reads a request body.
    /// - Throws: `invalid-input` with every fault.
    package init(body: JSONValue) throws {
        let input = InputReader(body)
        let email = input.required("email", .email)
        roles = MemberDraft.roles(input)
        password = input.optional("password", .newPassword)
        details = MemberDetails(reading: input)
        try input.finish()
        guard let email else { throw ServiceError.invalidInput("/email", "must be an e-mail address") }
        self.email = email
    }

    /// The list of a member's roles in a request body.
    package static func roles(_ input: InputReader) -> [String] {
        input.required("roles", .list(.key(1...64), count: 0...20))
    }
}

/// A member just made, with the password when it was generated.
package struct NewMember: Sendable, JSONWritable {
    package let member: Member
    /// Counts only if the person had no account before, which this answer does not tell.
    package let generatedPassword: String?

    package func write(to json: inout JSONWriter) {
        json.object { json in
            member.writeMembers(to: &json)
            if let generatedPassword { json.field("generated_password", generatedPassword) }
        }
    }
}

package enum MemberSort: String, RowSort {
    case createdAt = "created_at"
    case email

    package static let standard = MemberSort.createdAt
    package static var unique: SortColumn<Member> { .id("m.id") { $0.membershipID } }

    package var column: SortColumn<Member> {
        switch self {
        case .createdAt: Self.unique
        case .email: .text("m.email_key") { $0.email }
        }
    }
}

/// A role: a name for a set of permissions (IAM-3).
package struct Role: Sendable, JSONWritable {
    package let id: RoleID
    /// Of a built-in role.
    package let key: String?
    package let name: String
    package let permissions: [String]

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("key", key)
            json.field("name", name)
            json.field("permissions", permissions)
            json.field("is_builtin", key != nil)
        }
    }
}
