import PostgresClient
import TestStorage
import Testing

@testable import Persistence

@Suite("Before serving")
struct StartupTests {
    @Test("the server's roles are accepted, the migrating role is refused and told why")
    func roles() async throws {
        try await withFarm { farm in
            try await farm.databases.verify(against: try EmptyDatabase.schema())
            let migrating = try PostgresClient(configuration: farm.database.configuration, logger: EmptyDatabase.quiet)
            let refusal = await #expect(throws: StartupRefusal.self) {
                try await StartupCheck.verifyRole(of: migrating)
            }
            #expect(refusal?.description.contains("owner") == true)
            #expect(refusal?.description.contains("CREATEROLE") == true)
            #expect(refusal?.description.contains("rookery migrate") == true)
            await migrating.shutdown()
        }
    }

    @Test("a server whose own role became a superuser, bypasses row-level security or owns tables does not start")
    func liveRoles() async throws {
        // Roles belong to a whole PostgreSQL: one of the test's own.
        let cluster = try await ThrowAwayCluster()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await refusals(cluster)) } catch { outcome = .failure(error) }
        await cluster.destroy()
        try outcome.get()
    }

    private func refusals(_ cluster: ThrowAwayCluster) async throws {
        let keeper = PostgresConfiguration(
            url: "postgres://keeper@127.0.0.1:\(cluster.port)/postgres?sslmode=require")
        let files = try EmptyDatabase.schema()
        _ = try await Migrator(configuration: keeper, files: files, logger: EmptyDatabase.quiet).migrate()
        let databases = try Databases(configuration: keeper, password: nil, logger: EmptyDatabase.quiet)
        try await databases.verify(against: files)
        let console = try await PostgresConsole.open(keeper, logger: EmptyDatabase.quiet)
        for (danger, remedy, words) in [
            ("alter role rookery_api superuser", "alter role rookery_api nosuperuser", "is a superuser"),
            ("alter role rookery_ingest bypassrls", "alter role rookery_ingest nobypassrls", "NOBYPASSRLS"),
            (
                "grant rookery_owner to rookery_system", "revoke rookery_owner from rookery_system",
                "member of their owner"
            ),
            ("alter table app.sites owner to rookery_api", "alter table app.sites owner to rookery_owner", "app.sites"),
            ("alter role rookery_system createrole", "alter role rookery_system nocreaterole", "has CREATEROLE"),
        ] {
            try await console.run(script: danger)
            let refusal = await #expect(throws: StartupRefusal.self) { try await databases.verify(against: files) }
            #expect(refusal?.description.contains(words) == true, "\(danger): \(refusal?.description ?? "")")
            #expect(refusal?.description.contains("rookery migrate") == true)
            try await console.run(script: remedy)
        }
        try await databases.verify(against: files)
        console.close()
        await databases.shutdown()
    }

    @Test("a schema behind the files is refused, one ahead of them is not")
    func schema() async throws {
        try await withFarm { farm in
            let files = try EmptyDatabase.schema()
            let more = try SchemaFiles(
                migrations: files.migrations + [SchemaFiles.File(name: "9000_more.sql", text: "select 1")],
                policies: files.policies)
            let refusal = await #expect(throws: StartupRefusal.self) { try await farm.databases.verify(against: more) }
            #expect(refusal?.description.contains("9000_more.sql") == true)
            _ = try await farm.database.migrator(more).migrate()
            try await farm.databases.verify(against: more)
            try await farm.databases.verify(against: files)
        }
    }

    @Test("an empty database is refused")
    func empty() async throws {
        try await withEmptyDatabase { database in
            let client = try PostgresClient(configuration: database.configuration, logger: EmptyDatabase.quiet)
            let refusal = await #expect(throws: StartupRefusal.self) {
                try await StartupCheck.verifySchema(of: client, against: try EmptyDatabase.schema())
            }
            #expect(refusal?.description.contains("rookery migrate") == true)
            await client.shutdown()
        }
    }

    @Test("each way around the walls is a danger")
    func dangers() {
        var rights = RoleRights(role: "somebody")
        #expect(rights.dangers.isEmpty)
        rights.bypassesRowSecurity = true
        #expect(rights.dangers.count == 1)
        rights.createsRoles = true
        rights.ownedTables = "app.devices"
        #expect(rights.dangers.count == 3)
        rights.isSuperuser = true
        #expect(rights.dangers.count == 1 && rights.dangers[0].contains("superuser"))
    }

    @Test("a script is split where a statement ends")
    func statements() {
        let script = """
            -- first; comment
            select 'a;''b', "c;d" from t; /* x; /* nested; */ y; */
            select $$ ; $$, $tag$ ; $$ ; $tag$, e'it\\'s;', $1;
            ;
            select a$b$c from t
            """
        let statements = SQLScript.statements(in: script)
        #expect(statements.count == 3)
        #expect(statements.last?.contains("a$b$c") == true)
        #expect(SQLScript.statements(in: "-- nothing\n ; ").isEmpty)
        for end in script.indices { _ = SQLScript.statements(in: String(script[..<end])) }
    }
}
