import Identity
import JSON
import Kernel
import Persistence
import Resources
import Tenancy

/// The people of an organization, their roles, their sessions here.
package struct UserRoutes: Sendable {
    let members: MemberService

    package init(members: MemberService) { self.members = members }

    package func register(in api: APIRoutes) {
        api.list("/users", .usersRead, sort: MemberSort.self, parameters: ["email", "status"], list)
        api.post("/users", .usersWrite, refuses: [.alreadyExists, .quotaExceeded, .forbidden], create)
        api.get("/users/{id}", .usersRead, show)
        api.put("/users/{id}", .usersWrite, refuses: [.conflict], replace)
        api.patch("/users/{id}", .usersWrite, refuses: [.conflict], change)
        api.delete("/users/{id}", .usersWrite, refuses: [.conflict], remove)
        api.put("/users/{id}/roles", .usersWrite, refuses: [.conflict], setRoles)
        api.get("/users/{id}/sessions", .usersRead, sessions)
        api.delete("/users/{id}/sessions", .usersWrite, endSessions)
        api.get("/roles", .rolesRead, roles)
    }

    func list(
        _ request: TenantRequest, _ page: PageRequest<MemberSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<Member> {
        let query = request.query()
        let email = query.optional("email", .text(1...254))?.lowercased()
        let status = query.optional("status", .oneOf(Member.Status.self))
        try query.finish()
        return try await members.list(tx, page, email: email, status: status)
    }

    func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let draft = try MemberDraft(body: request.request.json ?? .null)
        let made = try await members.add(tx, draft, by: request.principal)
        return .created(made, at: "/users/\(made.member.id)", version: made.member.version)
    }

    func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let member = try await members.find(tx, request.id(of: "user"))
        return .ok(member, version: member.version)
    }

    func replace(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let present = try await present(request, tx)
        return try await save(tx, present, MemberDetails(body: request.request.json ?? .null))
    }

    func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let present = try await present(request, tx)
        return try await save(tx, present, present.details.applying(mergePatch: request.request.json ?? .null))
    }

    func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await members.remove(tx, try await present(request, tx))
        return .noContent
    }

    func setRoles(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let present = try await present(request, tx)
        let input = request.input()
        let roles = MemberDraft.roles(input)
        try input.finish()
        let member = try await members.setRoles(tx, present, to: roles, by: request.principal)
        return .ok(member, version: member.version)
    }

    func sessions(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let member = try await members.find(tx, request.id(of: "user"))
        let current = request.principal.actor.sessionID
        let sessions = try await members.sessions(tx, of: member)
        return .items(sessions.map { SessionView(session: $0, isCurrent: $0.id == current) })
    }

    func endSessions(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await members.endSessions(tx, of: try await members.find(tx, request.id(of: "user")))
        return .noContent
    }

    func roles(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        .items(try await members.roles(tx))
    }

    private func present(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Member {
        let present = try await members.find(tx, request.id(of: "user"), forChange: true)
        try request.requireVersion(present.version)
        return present
    }

    private func save(
        _ tx: borrowing TenantTransaction, _ present: Member, _ details: MemberDetails
    ) async throws -> Answer {
        let member = try await members.change(tx, present, to: details)
        return .ok(member, version: member.version)
    }
}
