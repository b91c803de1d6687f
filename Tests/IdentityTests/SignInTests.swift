import Kernel
import Persistence
import PostgresClient
import Secrets
@_spi(ScopeMinting) import Tenancy
import Testing

@testable import Identity

@Suite struct SignInTests {
    @Test("a member signs in, is authenticated, refreshes and signs out")
    func wholeLife() async throws {
        try await IdentityFixture.with { f in
            let organization = try await f.organization()
            let person = try await f.person("a good password")
            _ = try await f.join(organization, person.email, ["operator"])
            #expect(
                await code {
                    try await f.signIns.signIn(
                        email: person.email, password: "wrong", organization: nil, from: f.origin)
                } == .invalidCredentials)
            let tokens = try await f.signIns.signIn(
                email: person.email.uppercased(), password: "a good password", organization: nil, from: f.origin)
            #expect(tokens.organizationID == organization)
            let principal = try await f.sessions.authenticate(tokens.accessToken, selected: nil, from: f.origin)
            #expect(principal.scope?.organizationID == organization)
            #expect(principal.permissions.contains(.devicesWrite))
            #expect(!principal.permissions.contains(.usersWrite))
            let next = try await f.signIns.refresh(tokens.refreshToken.revealed, organization: nil, from: f.origin)
            #expect(next.refreshToken != tokens.refreshToken)
            let again = try await f.signIns.refresh(tokens.refreshToken.revealed, organization: nil, from: f.origin)
            #expect(again.refreshToken == next.refreshToken)
            #expect(try await f.signIns.sessions(of: principal).map(\.id) == [tokens.sessionID])
            let account = try await f.signIns.account(of: principal)
            #expect(account?.memberships.map(\.organizationID) == [organization])
            try await f.signIns.signOut(principal, everywhere: false)
            f.sessions.forget(session: tokens.sessionID)
            #expect(
                await code { try await f.sessions.authenticate(tokens.accessToken, selected: nil, from: f.origin) }
                    == .unauthenticated)
            #expect(
                await code {
                    try await f.signIns.refresh(next.refreshToken.revealed, organization: nil, from: f.origin)
                } == .invalidCredentials)
        }
    }

    @Test("a person made by an administrator acts in that administrator's tree only")
    func confined() async throws {
        try await IdentityFixture.with { f in
            let (first, second) = (try await f.organization(), try await f.organization())
            let email = "n\(UserID.make().description.suffix(12))@example.com"
            let made = try await f.join(first, email, ["viewer"], password: nil)
            let password = try #require(made.generatedPassword)
            _ = try await f.join(second, email, ["org_admin"], password: "another password")
            let tokens = try await f.signIns.signIn(email: email, password: password, organization: nil, from: f.origin)
            #expect(tokens.organizationID == first)
            #expect(
                await code {
                    try await f.signIns.signIn(email: email, password: password, organization: second, from: f.origin)
                } == .forbidden)
            #expect(
                await code {
                    try await f.signIns.signIn(
                        email: email, password: "another password", organization: nil, from: f.origin)
                } == .invalidCredentials)
            #expect(
                await code { try await f.sessions.authenticate(tokens.accessToken, selected: second, from: f.origin) }
                    == .forbidden)
            let principal = try await f.sessions.authenticate(tokens.accessToken, selected: nil, from: f.origin)
            #expect(
                await code { try await f.signIns.switchOrganization(principal, to: second, from: f.origin) }
                    == .notFound)
        }
    }

    @Test("an administrator from above switches into a child, others do not, and superadmins act in none")
    func switching() async throws {
        try await IdentityFixture.with { f in
            let parent = try await f.organization()
            let child = try await f.organization(below: parent)
            let stranger = try await f.organization()
            let admin = try await f.person("a good password")
            let viewer = try await f.person("a good password")
            _ = try await f.join(parent, admin.email, ["org_admin"])
            _ = try await f.join(parent, viewer.email, ["viewer"])
            let tokens = try await f.signIns.signIn(
                email: admin.email, password: "a good password", organization: nil, from: f.origin)
            let principal = try await f.sessions.authenticate(tokens.accessToken, selected: nil, from: f.origin)
            #expect(
                await code { try await f.sessions.authenticate(tokens.accessToken, selected: child, from: f.origin) }
                    == .forbidden)
            let switched = try await f.signIns.switchOrganization(principal, to: child, from: f.origin)
            let inside = try await f.sessions.authenticate(switched.token, selected: nil, from: f.origin)
            #expect(inside.scope?.organizationID == child)
            #expect(
                await code { try await f.signIns.switchOrganization(principal, to: stranger, from: f.origin) }
                    == .notFound)
            let other = try await f.signIns.signIn(
                email: viewer.email, password: "a good password", organization: nil, from: f.origin)
            let low = try await f.sessions.authenticate(other.accessToken, selected: nil, from: f.origin)
            #expect(await code { try await f.signIns.switchOrganization(low, to: child, from: f.origin) } == .notFound)
            let root = try await f.person("a good password", admin: true)
            let rootTokens = try await f.signIns.signIn(
                email: root.email, password: "a good password", organization: nil, from: f.origin)
            #expect(rootTokens.organizationID == nil)
            let superadmin = try await f.sessions.authenticate(rootTokens.accessToken, selected: nil, from: f.origin)
            #expect(superadmin.scope == nil)
            _ = try await f.signIns.refresh(rootTokens.refreshToken.revealed, organization: nil, from: f.origin)
            try await f.signIns.signOut(superadmin, everywhere: true)
            for side in [parent, child] {
                let scope = TenantScope(organizationID: side, actor: .system("tests"))
                let actions = try await f.tenants.withTransaction(scope, .readOnly) {
                    (tx: borrowing TenantTransaction) async throws -> [String] in
                    try await tx.all(
                        "select action_key from app.audit_entries where resource_kind = 'organization' order by audit_seq"
                    ) { (row: inout RowReader) throws -> String in try row.next() }
                }
                #expect(actions == [side == child ? "enter" : "switch"])
            }
        }
    }

    @Test("failures lock the account, known or not, with the same answers")
    func throttled() async throws {
        try await IdentityFixture.with { f in
            let person = try await f.person("a good password")
            let origin = RequestOrigin(address: "198.51.100.\(Int.random(in: 1...250))", requestID: "r")
            for email in [person.email, "nobody\(UserID.make().description.suffix(8))@example.com"] {
                var codes: [ErrorCode?] = []
                for _ in 0..<6 {
                    codes.append(
                        await code {
                            try await f.signIns.signIn(email: email, password: "wrong", organization: nil, from: origin)
                        })
                }
                #expect(codes == Array(repeating: .invalidCredentials, count: 5) + [.tooManyRequests])
            }
        }
    }

    @Test("a refresh token used after the grace ends the session for both who hold it")
    func reuse() async throws {
        try await IdentityFixture.with { f in
            let organization = try await f.organization()
            let person = try await f.person("a good password")
            _ = try await f.join(organization, person.email, ["operator"])
            let tokens = try await f.signIns.signIn(
                email: person.email, password: "a good password", organization: nil, from: f.origin)
            let next = try await f.signIns.refresh(tokens.refreshToken.revealed, organization: nil, from: f.origin)
            // Ten seconds in the database's own time.
            let outcome = try await f.signIns.queries.rotate(
                tokens.refreshToken, to: next.refreshToken, sealed: [], expiresAt: Timestamp.now(), graceSeconds: -1)
            #expect(outcome?.kind == .reused)
            #expect(
                await code {
                    try await f.signIns.refresh(next.refreshToken.revealed, organization: nil, from: f.origin)
                } == .invalidCredentials)
        }
    }

    @Test("twenty refreshes at once give one successor")
    func parallelRefreshes() async throws {
        try await IdentityFixture.with { f in
            let organization = try await f.organization()
            let person = try await f.person("a good password")
            _ = try await f.join(organization, person.email, ["operator"])
            let tokens = try await f.signIns.signIn(
                email: person.email, password: "a good password", organization: nil, from: f.origin)
            let successors = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await f.signIns.refresh(tokens.refreshToken.revealed, organization: nil, from: f.origin)
                            .refreshToken.revealed
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(successors.count == 1)
        }
    }

    @Test("an API key acts within its scopes and its owner's roles, from its networks, until it is revoked")
    func apiKeys() async throws {
        try await IdentityFixture.with { f in
            let organization = try await f.organization()
            let person = try await f.person("a good password")
            _ = try await f.join(organization, person.email, ["org_admin"])
            let tokens = try await f.signIns.signIn(
                email: person.email, password: "a good password", organization: nil, from: f.origin)
            let principal = try await f.sessions.authenticate(tokens.accessToken, selected: nil, from: f.origin)
            let scope = try #require(principal.scope)
            let service = APIKeyService()
            let made = try await f.tenants.withTransaction(scope, .readWrite) {
                (tx: borrowing TenantTransaction) async throws -> NewAPIKey in
                try await service.issue(
                    tx,
                    APIKeyFields(
                        name: "ERP", scopes: [.devicesRead, .usersWrite], addresses: ["192.0.2.0/24"], rate: nil,
                        expiresAt: nil),
                    by: principal)
            }
            let caller = try await f.apiKeys.authenticate(made.secret, from: f.origin)
            #expect(caller.permissions == [.devicesRead, .usersWrite])
            #expect(caller.scope?.organizationID == organization)
            let elsewhere = RequestOrigin(address: "203.0.113.1", requestID: "r")
            #expect(await code { try await f.apiKeys.authenticate(made.secret, from: elsewhere) } == .unauthenticated)
            try await f.tenants.withTransaction(scope, .readWrite) {
                (tx: borrowing TenantTransaction) async throws -> Void in
                try await service.revoke(tx, made.key)
            }
            f.apiKeys.forget()
            #expect(await code { try await f.apiKeys.authenticate(made.secret, from: f.origin) } == .unauthenticated)
        }
    }

    @Test("the last administrator can neither leave, nor be disabled, nor lose the role")
    func lastAdministrator() async throws {
        try await IdentityFixture.with { f in
            let organization = try await f.organization()
            let person = try await f.person("a good password")
            let member = try await f.join(organization, person.email, ["org_admin"]).member
            let tokens = try await f.signIns.signIn(
                email: person.email, password: "a good password", organization: nil, from: f.origin)
            let principal = try await f.sessions.authenticate(tokens.accessToken, selected: nil, from: f.origin)
            let scope = try #require(principal.scope)
            var details = member.details
            details.status = .disabled
            let disabled = details
            let attempts: [@Sendable (borrowing TenantTransaction) async throws -> Void] = [
                { tx in try await f.members.remove(tx, member) },
                { tx in _ = try await f.members.setRoles(tx, member, to: ["viewer"], by: principal) },
                { tx in _ = try await f.members.change(tx, member, to: disabled) },
            ]
            for attempt in attempts {
                let refusal = await code {
                    try await f.tenants.withTransaction(scope, .readWrite) {
                        (tx: borrowing TenantTransaction) async throws -> Void in
                        try await attempt(tx)
                    }
                }
                #expect(refusal == .conflict)
            }
        }
    }
}
