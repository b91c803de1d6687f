import Audit
import JSON
import Kernel
import Persistence
import Resources
import Secrets
import Tenancy

/// The people of an organization and their roles (IAM-2, IAM-3).
package struct MemberService: Sendable {
    private let members = MemberRepository()
    private let hasher: PasswordHasher

    package init(hasher: PasswordHasher) { self.hasher = hasher }

    package func list(
        _ tx: borrowing TenantTransaction, _ page: PageRequest<MemberSort>, email: String?, status: Member.Status?
    ) async throws -> Page<Member> {
        try await members.list(tx, page, email: email, status: status)
    }

    /// - Throws: `not-found`, also for people of other organizations.
    package func find(_ tx: borrowing TenantTransaction, _ id: UserID, forChange: Bool = false) async throws -> Member {
        guard let member = try await members.find(tx, id, forChange: forChange) else {
            throw ServiceError.notFound("user")
        }
        return member
    }

    /// Takes a person into the organization. Whether the address had an account before is not told: its password then
    /// stays what it was, and the given or generated one counts for nothing.
    /// - Throws: `already-exists`, `forbidden` for roles beyond the giver's own, `quota-exceeded`, `unavailable`.
    package func add(_ tx: borrowing TenantTransaction, _ draft: MemberDraft, by principal: Principal) async throws
        -> NewMember
    {
        // Before the first statement: a connection must not wait for the hash.
        let password = try draft.password ?? GeneratedPassword.make()
        let hash = try await hash(password)
        let roles = try await resolve(tx, draft.roles, by: principal)
        guard let user = try await members.ensureUser(tx, draft) else {
            throw ServiceError(.internalError, "The account could not be made.")
        }
        let id = MembershipID.make()
        let taken = ServiceError(.alreadyExists, "A user with this e-mail address is a member already.")
        let constraints: KnownConstraints = ["memberships_user_key": taken, "memberships_email_key": taken]
        try await constraints.translating { try await members.insert(tx, id, user, draft.email, draft.details) }
        try await members.setRoles(tx, id, roles)
        try await members.givePassword(tx, user, hash: hash.stored)
        let member = try await find(tx, user)
        tx.recordChange("create", of: "user", user.uuid, from: nil, to: member.document)
        return NewMember(member: member, generatedPassword: draft.password == nil ? password : nil)
    }

    /// - Throws: `conflict` when nobody would be left to administer the organization.
    package func change(_ tx: borrowing TenantTransaction, _ present: Member, to details: MemberDetails) async throws
        -> Member
    {
        let closes = present.details.status == .active && details.status != .active
        if closes { try await members.lockAdministrators(tx) }
        try await members.update(tx, present.membershipID, details)
        if closes { try await requireAdministrator(tx) }
        return try await finish(tx, "update", present)
    }

    /// Replaces the roles of a member.
    /// - Throws: `forbidden` for roles beyond the giver's own, `invalid-input` for unknown ones, `conflict` when nobody would
    ///   be left to administer the organization.
    package func setRoles(
        _ tx: borrowing TenantTransaction, _ present: Member, to names: [String], by principal: Principal
    ) async throws -> Member {
        let added = names.filter { !present.roles.contains($0) }
        let roles = try await resolve(tx, names, by: principal, judging: added)
        let closes = present.roles.contains("org_admin") && !names.contains("org_admin")
        if closes { try await members.lockAdministrators(tx) }
        try await members.setRoles(tx, present.membershipID, roles)
        if closes { try await requireAdministrator(tx) }
        return try await finish(tx, "set_roles", present)
    }

    /// Removes a person from the organization, with their API keys here; the account and other organizations stay.
    /// - Throws: `conflict` when nobody would be left to administer the organization.
    package func remove(_ tx: borrowing TenantTransaction, _ member: Member) async throws {
        try await members.lockAdministrators(tx)
        try await members.delete(tx, member.membershipID)
        try await requireAdministrator(tx)
        tx.invalidate(.membership, member.id.uuid)
        tx.recordChange("delete", of: "user", member.id.uuid, from: member.document, to: nil)
    }

    package func roles(_ tx: borrowing TenantTransaction) async throws -> [Role] { try await members.roles(tx) }

    /// The sessions of a member that act in this organization.
    package func sessions(_ tx: borrowing TenantTransaction, of member: Member) async throws -> [SessionSummary] {
        try await members.sessions(tx, of: member.id)
    }

    /// Ends the sessions of a member that act in this organization.
    package func endSessions(_ tx: borrowing TenantTransaction, of member: Member) async throws {
        guard try await members.endSessions(tx, of: member.id) > 0 else { return }
        tx.invalidate(.sessionsOf, member.id.uuid)
        tx.recordChange("end_sessions", of: "user", member.id.uuid, from: nil, to: nil)
    }

    // MARK: -

    private func hash(_ password: String) async throws -> PasswordHash {
        do throws(SecretsError) { return try await hasher.hash(password) } catch { throw error.asServiceError }
    }

    /// Names to ids; `judging` names those that must lie within the giver's own permissions.
    private func resolve(
        _ tx: borrowing TenantTransaction, _ names: [String], by principal: Principal, judging: [String]? = nil
    ) async throws -> [RoleID] {
        let known = try await members.roles(tx)
        var faults: [FieldFault] = []
        var ids: [RoleID] = []
        for (index, name) in names.enumerated() {
            guard let role = known.first(where: { $0.key == name || $0.id.description == name.lowercased() }) else {
                faults.append(FieldFault(pointer: "/roles/\(index)", detail: "is not a role of this organization"))
                continue
            }
            ids.append(role.id)
            let isGiven = judging?.contains(name) ?? true
            guard isGiven, !Permissions(stored: role.permissions).isSubset(of: principal.permissions) else { continue }
            throw ServiceError(.forbidden, "You cannot give the role \(name): it may do more than you may.")
        }
        guard faults.isEmpty else { throw ServiceError.invalidInput(faults) }
        return ids
    }

    private func requireAdministrator(_ tx: borrowing TenantTransaction) async throws {
        guard try await members.administratorExists(tx) else {
            throw ServiceError(.conflict, "Somebody must stay who administers the organization.")
        }
    }

    private func finish(_ tx: borrowing TenantTransaction, _ action: String, _ present: Member) async throws -> Member {
        tx.invalidate(.membership, present.id.uuid)
        let member = try await find(tx, present.id)
        tx.recordChange(action, of: "user", member.id.uuid, from: present.document, to: member.document)
        return member
    }
}
