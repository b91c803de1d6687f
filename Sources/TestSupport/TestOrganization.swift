import JSON
import Kernel
import Persistence
import PostgresClient
@_spi(ScopeMinting) import Tenancy
import Testing

/// An organization of a test's own, with an administrator who is signed in.
package struct TestOrganization: Sendable {
    package let platform: TestPlatform
    package let id: String
    package let name: String
    package let admin: TestClient

    /// Takes in a person with a role and signs in.
    package func member(_ role: String) async throws -> TestClient {
        let email = "\(role.replacing("_", with: "-"))-\(UInt32.random(in: 0 ... .max))@\(name).test"
        try await admin.post(
            "/users",
            [
                "email": .string(email), "name": .string(role), "roles": [.string(role)],
                "password": .string(TestPlatform.password),
            ]
        ).expect(201)
        return try await platform.signIn(email)
    }

    /// A device of a seeded type, active, with a token.
    package func device(_ fields: JSONValue = [:]) async throws -> TestDevice {
        let types = try await admin.get("/device-types?limit=100").expect(200)
        let type = types.items.first { $0["name"] == "environmental_sensor" }?["id"] ?? .null
        let unique = UInt64.random(in: 0 ... .max)
        let standard: JSONValue = [
            "name": .string("Device \(unique)"), "device_key": .string("device-\(unique)"), "type_id": type,
            "status": "active",
        ]
        let made = try await admin.post("/devices", standard.merging(fields)).expect(201)
        let id = made.json["id"]?.string ?? ""
        let credential = try await admin.post("/devices/\(id)/credentials", [:]).expect(201)
        let token = credential.json["token"]?.string ?? ""
        return TestDevice(
            id: id, key: made.json["device_key"]?.string ?? "", token: token, json: made.json,
            client: platform.client.bearer(token))
    }
}

package struct TestDevice: Sendable {
    package let id: String
    package let key: String
    package let token: String
    package let json: JSONValue
    /// The device itself, with its token.
    package let client: TestClient
}

extension TestPlatform {
    /// A new organization without limits, or with the fields given.
    package func organization(_ fields: JSONValue = [:]) async throws -> TestOrganization {
        let name = "org-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let standard: JSONValue = ["slug": .string(name), "name": .string(name), "tier": "enterprise"]
        let made = try await superadmin.post("/organizations", standard.merging(fields)).expect(201)
        let id = made.json["id"]?.string ?? ""
        let email = "admin@\(name).test"
        try await superadmin.post(
            "/organizations/\(id)/administrator",
            ["email": .string(email), "name": "Admin", "password": .string(TestPlatform.password)]
        ).expect(201)
        return TestOrganization(platform: self, id: id, name: name, admin: try await signIn(email))
    }

    package static let password = "a-password-of-the-tests"

    /// Signs in with the tests' password.
    package func signIn(_ email: String) async throws -> TestClient {
        let signedIn = try await client.post(
            "/auth/login", ["email": .string(email), "password": .string(Self.password)]
        ).expect(200)
        return client.bearer(signedIn.json["access_token"]?.string ?? "")
    }
}

extension TestOrganization {
    /// A hash of each of its tables that people and devices write, read as the organization itself sees them.
    package func fingerprint() async throws -> [String: String] {
        guard let organizationID = OrganizationID(id) else { return [:] }
        let scope = TenantScope(organizationID: organizationID, actor: .system("fingerprint"))
        return try await platform.databases.tenant.withTransaction(scope, .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> [String: String] in
            let rows = try await tx.all(
                """
                select c.relname::text, (xpath('/row/hash/text()', query_to_xml(format(
                    'select md5(coalesce(string_agg(t::text, '','' order by t::text), '''')) as hash from app.%I t', c.relname),
                    true, true, '')))[1]::text
                from pg_catalog.pg_class c
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'app'
                where c.relkind in ('r', 'p') and not c.relispartition and has_table_privilege(c.oid, 'select')
                    -- Tiers belong to everybody; another test may change them meanwhile.
                    and c.relname <> 'tiers'
                order by 1
                """
            ) { (row: inout RowReader) throws -> (String, String) in (try row.next(), try row.next()) }
            return Dictionary(uniqueKeysWithValues: rows)
        }
    }

    /// Fails the test, with the names of the tables, when one of them is not as it was.
    package func expectUnchanged(
        since before: [String: String], except written: Set<String> = [], _ comment: String = "",
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let now = try await fingerprint()
        let changed = now.keys.filter { now[$0] != before[$0] && !written.contains($0) }.sorted()
        #expect(changed.isEmpty, "\(comment)", sourceLocation: location)
    }
}
