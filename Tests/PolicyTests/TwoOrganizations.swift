import Foundation
import PostgresClient
import Testing

/// Two organizations with the same names for different things, a row in every table, and a member each.
struct TwoOrganizations: Sendable {
    struct Tenant: Sendable {
        let id: UUID
        let userID: UUID
        let sessionID: UUID

        /// Opens a transaction in this organization.
        var begin: String {
            "begin; select set_config('app.organization_id', '\(id)', true), set_config('app.user_id', '\(userID)', true);"
        }
    }

    let own: Tenant
    let foreign: Tenant
    var both: [Tenant] { [own, foreign] }

    static func seed(_ database: PolicyDatabase) async throws -> TwoOrganizations {
        let own = try await tenant("own", in: database)
        let foreign = try await tenant("foreign", in: database)
        return TwoOrganizations(own: own, foreign: foreign)
    }

    private static func tenant(_ slug: String, in database: PolicyDatabase) async throws -> Tenant {
        let system = try await database.console(as: .system)
        let api = try await database.console(as: .api)
        let ingest = try await database.console(as: .ingest)
        defer {
            system.close()
            api.close()
            ingest.close()
        }
        let organization = try await system.uuid(
            "select app.organization_create(null, null, 'customer', 'Dairy', \(slug), 'pro')")
        let user = try await system.uuid(
            "insert into app.users (email, name, status) values (\(slug + "@example.test"), 'Member', 'active') returning id"
        )
        let tenant = Tenant(id: organization, userID: user, sessionID: UUID())
        try await api.run(script: tenant.begin + (try SQLFiles.seed("tenant")) + "commit;")
        try await api.query(
            """
            select auth.record_login(\(user), \(organization), \(tenant.sessionID), 'password', null, 'test',
                now() + interval '1 day', sha256(\(Array(slug.utf8))), '{}')
            """)

        try await api.run(script: tenant.begin)
        let source = try await api.integer("select source_no from app.devices")
        let rule = try await api.uuid("select id from app.alarm_rules")
        try await api.run(script: "commit")
        try await ingest.run(
            script: """
                begin;
                select set_config('seed.source', '\(source)', true), set_config('seed.rule', '\(rule)', true);
                \(try SQLFiles.seed("measurements"))
                commit;
                """)
        return tenant
    }
}
