import Foundation
import JSON
import PostgresClient
import Testing

@Suite("Quotas are exact")
struct QuotaTests {
    private static func insertSite(_ name: String) -> String {
        "insert into app.sites (organization_id, name) values (app.organization_id(), '\(name)');"
    }

    private static func insertDevice(_ name: String) -> String {
        """
        insert into app.devices (organization_id, device_key, serial_number, name, type_id, status)
        select organization_id, '\(name)', '\(name)', '\(name)', id, 'active' from app.device_types where code_key = 'MM';
        """
    }

    @Test("of 50 parallel inserts at 95 of 100 exactly 5 succeed, whoever rolls back")
    func parallel() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let system = try await database.console(as: .system)
            let api = try await database.console(as: .api)
            defer {
                system.close()
                api.close()
            }
            try await system.query(
                """
                update app.organizations set overrides = '{"limits": {"sites": 100}}' where id = \(two.own.id)
                """)
            try await api.run(script: two.own.begin + (1...94).map { Self.insertSite("s\($0)") }.joined() + "commit;")

            let outcomes = await withTaskGroup(of: PostgresServerFault?.self) { group in
                for writer in 1...50 {
                    group.addTask {
                        guard let console = try? await database.console(as: .api) else {
                            return PostgresServerFault(sqlState: "08000", message: "no connection")
                        }
                        defer { console.close() }
                        // One that fails for another reason gives its place back.
                        _ = await console.fault(of: two.own.begin + Self.insertSite("gone") + "select 1 / 0; commit;")
                        return await console.fault(
                            of: two.own.begin + Self.insertSite("parallel \(writer)") + "commit;")
                    }
                }
                return await group.reduce(into: [PostgresServerFault?]()) { $0.append($1) }
            }
            let refused = outcomes.compactMap { $0 }
            #expect(outcomes.count - refused.count == 5)
            #expect(refused.allSatisfy { $0.sqlState == "RK001" })
            let detail = try JSONValue(parsing: try #require(refused.first?.detail))
            #expect(detail == ["resource": "sites", "scope": "own", "limit": 100, "used": 100, "tier": "pro"])

            try await api.run(script: two.own.begin)
            #expect(try await api.integer("select count(*)::int from app.sites") == 100)
            #expect(try await api.integer("select used::int from app.quotas where resource_key = 'sites'") == 100)
            try await api.run(script: "commit")
        }
    }

    @Test("a pool holds over all children at once, and a child's own limit within it")
    func pool() async throws {
        try await withPolicyDatabase { database in
            let system = try await database.console(as: .system)
            defer { system.close() }
            let reseller = try await system.uuid(
                """
                select app.organization_create(null, null, 'reseller', 'Reseller', 'reseller', 'pro',
                    organization_overrides => '{"pools": {"sites": 30}}')
                """)
            var children: [String] = []
            for n in 1...5 {
                let child = try await system.uuid(
                    "select app.organization_create(null, \(reseller), 'customer', 'Child', \("child-\(n)"), 'pro')")
                children.append(child.uuidString)
            }
            let inserted = await withTaskGroup(of: Int.self) { group in
                for child in children {
                    group.addTask {
                        guard let console = try? await database.console(as: .api) else { return 0 }
                        defer { console.close() }
                        var count = 0
                        for n in 1...10 {
                            let script =
                                "begin; select set_config('app.organization_id', '\(child)', true);"
                                + Self.insertSite("s\(n)") + "commit;"
                            if await console.fault(of: script) == nil { count += 1 }
                        }
                        return count
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(inserted == 30)
            #expect(
                try await system.integer(
                    "select used::int from app.quotas where organization_id = \(reseller) and scope = 'pool'") == 30)
            #expect(
                try await system.integer(
                    "select sum(used)::int from app.quotas where resource_key = 'sites' and scope = 'own'") == 30)
        }
    }

    @Test("a deleted device, a revoked key and a removed member count no more; a restored device counts again")
    func softDeletion() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            func used(_ resource: String) async throws -> Int {
                try await api.integer("select used::int from app.quotas where resource_key = \(resource)")
            }
            try await api.run(script: two.own.begin + Self.insertDevice("a") + Self.insertDevice("b"))
            #expect(try await used("devices") == 3)
            try await api.run(script: "update app.devices set deleted_at = now() where device_key in ('a', 'b')")
            #expect(try await used("devices") == 1)
            try await api.run(script: "update app.devices set name = 'renamed'")
            #expect(try await used("devices") == 1)
            try await api.run(script: "update app.devices set deleted_at = null where device_key = 'a'")
            #expect(try await used("devices") == 2)
            try await api.run(script: "delete from app.devices where device_key in ('a', 'b')")
            #expect(try await used("devices") == 1)
            try await api.run(script: "update app.api_keys set revoked_at = now()")
            #expect(try await used("api_keys") == 0)
            try await api.run(script: "delete from app.api_keys")
            #expect(try await used("api_keys") == 0)
            try await api.run(script: "delete from app.memberships")
            #expect(try await used("users") == 0)
            try await api.run(script: "rollback")
        }
    }

    @Test("reaching 80 and 100 percent tells the outbox once each; a lower tier refuses and gives time")
    func levels() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let system = try await database.console(as: .system)
            let api = try await database.console(as: .api)
            defer {
                system.close()
                api.close()
            }
            try await system.query(
                """
                update app.organizations set overrides = '{"limits": {"sites": 5}}' where id = \(two.own.id)
                """)
            for n in 1...4 {
                try await api.run(script: two.own.begin + Self.insertSite("s\(n)") + "commit;")
            }
            try await api.run(script: two.own.begin)
            let told = try await api.strings(
                "select payload ->> 'level' from app.outbox where topic_key = 'quota.level' order by seq")
            #expect(told == ["80", "100"])
            try await api.run(script: "commit")

            // The free tier has one site.
            try await system.query(
                """
                update app.organizations set overrides = '{}', tier_id = (select id from app.tiers where name = 'free')
                where id = \(two.own.id)
                """)
            try await api.run(script: two.own.begin)
            #expect(try await api.integer("select count(*)::int from app.sites") == 5)
            let grace = try await api.integer(
                """
                select count(*)::int from app.quotas
                where resource_key = 'sites' and max_allowed = 1 and level = 100
                    and grace_until_at > now() + interval '29 days'
                """)
            #expect(grace == 1)
            try await api.run(script: "commit")
            #expect(await api.fault(of: two.own.begin + Self.insertSite("more") + "commit;")?.sqlState == "RK001")
        }
    }

    @Test("nobody in an organization can change what is counted")
    func untouchable() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            for statement in [
                "update app.quotas set used = 0", "update app.quotas set max_allowed = null", "delete from app.quotas",
                "select app.quota_sync(app.organization_id())",
                "select app.quota_add(app.organization_id(), 'sites', -1)",
                "update app.organizations set overrides = '{}'", "update app.organizations set tier_id = tier_id",
                "alter table app.sites disable trigger all", "set session_replication_role = replica",
            ] {
                #expect(await api.fault(of: two.own.begin + statement)?.sqlState == "42501", "\(statement)")
            }
        }
    }
}
