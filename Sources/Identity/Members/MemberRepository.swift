import Kernel
import Persistence
import PostgresClient
import Tenancy

struct MemberRepository: Sendable {
    private static let columns: SQL = """
        m.user_id, m.id, m.email_key, m.name, m.title, m.phone, m.status, m.locale, m.time_zone,
        array(
            select coalesce(r.builtin_key, r.id::text)
            from app.membership_roles mr join app.roles r on r.id = mr.role_id
            where mr.membership_id = m.id order by 1),
        m.created_at, m.updated_at, m.version
        """

    func list(
        _ tx: borrowing TenantTransaction, _ page: PageRequest<MemberSort>, email: String?, status: Member.Status?
    ) async throws -> Page<Member> {
        try await tx.page(
            "members", select: Self.columns, from: "app.memberships m", where: Self.filter(email, status), page)
    }

    private static func filter(_ email: String?, _ status: Member.Status?) -> SQL {
        let status = status?.rawValue
        return
            "(\(email)::text is null or m.email_key = \(email)) and (\(status)::text is null or m.status = \(status))"
    }

    func find(_ tx: borrowing TenantTransaction, _ id: UserID, forChange: Bool) async throws -> Member? {
        let lock: SQL = forChange ? " for update of m" : ""
        return try await tx.first(
            "select \(Self.columns) from app.memberships m where m.user_id = \(id)\(lock) /* members.find */"
        ) { (row: inout RowReader) throws -> Member in try Member(from: &row) }
    }

    func findMembership(_ tx: borrowing TenantTransaction, _ user: UserID) async throws -> MembershipID? {
        try await tx.first(
            "select id from app.memberships where user_id = \(user) and status = 'active' /* members.find_membership */"
        ) { (row: inout RowReader) throws -> MembershipID in try row.next() }
    }

    /// The person of an address, made when there is none.
    func ensureUser(_ tx: borrowing TenantTransaction, _ draft: MemberDraft) async throws -> UserID? {
        try await tx.first(
            """
            select app.user_ensure(
                \(draft.email.text), \(draft.details.name), \(draft.details.locale), \(draft.details.timeZone))
            /* members.ensure_user */
            """
        ) { (row: inout RowReader) throws -> UserID in try row.next() }
    }

    func givePassword(_ tx: borrowing TenantTransaction, _ user: UserID, hash: String) async throws {
        try await tx.execute("select app.user_password_give(\(user), \(hash)) /* members.give_password */")
    }

    func insert(
        _ tx: borrowing TenantTransaction, _ id: MembershipID, _ user: UserID, _ email: EmailAddress,
        _ details: MemberDetails
    ) async throws {
        try await tx.execute(
            """
            insert into app.memberships (
                organization_id, id, user_id, email_key, name, title, phone, status, locale, time_zone)
            values (
                \(tx.scope.organizationID), \(id), \(user), \(email.text), \(details.name), \(details.title), \(details.phone),
                \(details.status.rawValue), \(details.locale), \(details.timeZone)) /* members.insert */
            """)
    }

    func update(_ tx: borrowing TenantTransaction, _ id: MembershipID, _ details: MemberDetails) async throws {
        try await tx.execute(
            """
            update app.memberships set name = \(details.name), title = \(details.title), phone = \(details.phone),
                status = \(details.status.rawValue), locale = \(details.locale), time_zone = \(details.timeZone)
            where id = \(id) /* members.update */
            """)
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: MembershipID) async throws {
        try await tx.execute("delete from app.memberships where id = \(id) /* members.delete */")
    }

    // MARK: Roles

    func roles(_ tx: borrowing TenantTransaction) async throws -> [Role] {
        try await tx.all(
            """
            select id, builtin_key, name, permissions from app.roles
            order by builtin_key is null, name /* roles.list */
            """
        ) { (row: inout RowReader) throws -> Role in
            Role(id: try row.next(), key: try row.next(), name: try row.next(), permissions: try row.next())
        }
    }

    /// Replaces a member's roles and gives the membership a new version.
    func setRoles(_ tx: borrowing TenantTransaction, _ id: MembershipID, _ roles: [RoleID]) async throws {
        try await tx.execute(
            """
            delete from app.membership_roles
            where membership_id = \(id) and role_id <> all (\(roles)) /* roles.remove */
            """)
        try await tx.execute(
            """
            insert into app.membership_roles (organization_id, membership_id, role_id)
            select \(tx.scope.organizationID), \(id), r.id from app.roles r where r.id = any (\(roles))
            on conflict do nothing /* roles.add */
            """)
        try await tx.execute("update app.memberships set updated_at = now() where id = \(id) /* roles.touch */")
    }

    /// Holds the administrators' role until the transaction ends: two removals at once see each other.
    func lockAdministrators(_ tx: borrowing TenantTransaction) async throws {
        _ = try await tx.first(
            "select id from app.roles where builtin_key = 'org_admin' for update /* roles.lock_administrators */"
        ) { (row: inout RowReader) throws -> RoleID in try row.next() }
    }

    func administratorExists(_ tx: borrowing TenantTransaction) async throws -> Bool {
        try await tx.first(
            """
            select exists (
                select from app.roles r
                join app.membership_roles mr on mr.role_id = r.id
                join app.memberships m on m.id = mr.membership_id
                where r.builtin_key = 'org_admin' and m.status = 'active') /* roles.administrator_exists */
            """
        ) { (row: inout RowReader) throws -> Bool in try row.next() } ?? false
    }

    // MARK: Sessions

    func sessions(_ tx: borrowing TenantTransaction, of user: UserID) async throws -> [SessionSummary] {
        try await tx.all(
            """
            select id, organization_id, method, ip, agent, created_at, seen_at, expires_at
            from app.sessions
            where organization_id = \(tx.scope.organizationID) and user_id = \(user) and revoked_at is null
                and expires_at > now()
            order by id desc limit 500 /* members.sessions */
            """
        ) { (row: inout RowReader) throws -> SessionSummary in try SessionSummary(from: &row) }
    }

    func endSessions(_ tx: borrowing TenantTransaction, of user: UserID) async throws -> Int {
        try await tx.execute(
            """
            update app.sessions set revoked_at = now()
            where organization_id = \(tx.scope.organizationID) and user_id = \(user) and revoked_at is null
            /* members.end_sessions */
            """)
    }
}

extension Member: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        membershipID = try row.next()
        email = try row.next()
        details = MemberDetails(
            name: try row.next(), title: try row.next(), phone: try row.next(),
            status: Status(rawValue: try row.next()) ?? .disabled, locale: try row.next(), timeZone: try row.next())
        roles = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
        version = try row.next()
    }
}
