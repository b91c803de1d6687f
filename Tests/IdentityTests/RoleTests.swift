import JSON
import Kernel
import Persistence
import PostgresClient
import Tenancy
import TestStorage
import Testing

@testable import Identity

@Suite struct RoleTests {
    /// What each role may do (IAM-3). A change of the policies changes this table in the same commit.
    private static let expected: [String: String] = [
        "org_admin": """
        alarm_rules:read alarm_rules:write alarms:acknowledge alarms:read api_keys:read api_keys:write audit:read \
        billing:read billing:write device_models:read device_models:write devices:credentials devices:read devices:write \
        events:read events:write organizations:read organizations:write realtime:read roles:read sites:read sites:write \
        telemetry:read telemetry:write usage:read users:read users:write
        """,
        "manager": """
        alarm_rules:read alarm_rules:write alarms:acknowledge alarms:read audit:read device_models:read \
        device_models:write devices:credentials devices:read devices:write events:read events:write organizations:read \
        realtime:read roles:read sites:read sites:write telemetry:read telemetry:write usage:read users:read
        """,
        "operator": """
        alarm_rules:read alarms:acknowledge alarms:read device_models:read devices:read devices:write events:read \
        events:write organizations:read realtime:read sites:read telemetry:read telemetry:write
        """,
        "technician": """
        alarm_rules:read alarms:acknowledge alarms:read device_models:read devices:credentials devices:read devices:write \
        events:read events:write organizations:read realtime:read sites:read telemetry:read
        """,
        "viewer": """
        alarm_rules:read alarms:read device_models:read devices:read events:read organizations:read realtime:read \
        sites:read telemetry:read
        """,
        "billing": "billing:read billing:write organizations:read usage:read",
    ]

    @Test("the fixed roles may do exactly this, and every permission is one that the program knows")
    func builtinRoles() async throws {
        try await IdentityFixture.with { f in
            let roles = try await f.auth.all("select builtin_key, permissions from app.builtin_roles()") {
                (row: inout RowReader) throws -> (String, [String]) in (try row.next(), try row.next())
            }
            #expect(roles.count == Self.expected.count)
            for (key, permissions) in roles {
                #expect(permissions.sorted().joined(separator: " ") == Self.expected[key], "\(key)")
                #expect(Permissions(stored: permissions).count == permissions.count)
            }
            let administrator = roles.first { $0.0 == "org_admin" }
            #expect(Permissions(stored: administrator?.1 ?? []) == Set(Permission.allCases))
        }
    }

    @Test("nobody gives a role that may do more than they may, and an unknown role is named")
    func escalation() async throws {
        try await IdentityFixture.with { f in
            let organization = try await f.organization()
            let manager = try await f.person("a good password")
            _ = try await f.join(organization, try await f.person("a good password").email, ["org_admin"])
            _ = try await f.join(organization, manager.email, ["manager"])
            let tokens = try await f.signIns.signIn(
                email: manager.email, password: "a good password", organization: nil, from: f.origin)
            let principal = try await f.sessions.authenticate(tokens.accessToken, selected: nil, from: f.origin)
            let scope = try #require(principal.scope)
            let member = try await f.join(organization, "third@example.com", ["viewer"]).member
            for (roles, expected) in [
                (["org_admin"], ErrorCode.forbidden), (["billing"], .forbidden), (["king"], .invalidInput),
            ] {
                let refusal = await code {
                    try await f.tenants.withTransaction(scope, .readWrite) {
                        (tx: borrowing TenantTransaction) async throws -> Void in
                        _ = try await f.members.setRoles(tx, member, to: roles, by: principal)
                    }
                }
                #expect(refusal == expected)
            }
            let changed = try await f.tenants.withTransaction(scope, .readWrite) {
                (tx: borrowing TenantTransaction) async throws -> Member in
                try await f.members.setRoles(tx, member, to: ["operator", "viewer"], by: principal)
            }
            #expect(changed.roles == ["operator", "viewer"])
            #expect(changed.version > member.version)
        }
    }
}
