import Foundation
import Persistence
import PostgresClient
import Testing

@Suite("Migrator")
struct MigratorTests {
    @Test("the schema is applied once, by whoever comes first")
    func once() async throws {
        try await withEmptyDatabase { database in
            let files = try EmptyDatabase.schema()
            let before = try await database.migrator(files).check()
            #expect(before.pending == files.migrations.map(\.name))
            async let first = database.migrator(files).migrate()
            async let second = database.migrator(files).migrate()
            let reports = try await [first, second]
            #expect(reports.map(\.applied.count).sorted() == [0, files.migrations.count])
            #expect(reports.count { $0.policiesApplied } == 1)
            #expect(try await database.migrator(files).check().isCurrent)
            #expect(try await database.migrator(files).migrate() == Migrator.Report())
        }
    }

    @Test("an edited migration is refused by name, and nothing is done")
    func edited() async throws {
        try await withEmptyDatabase { database in
            let files = try EmptyDatabase.schema()
            _ = try await database.migrator(files).migrate()
            var migrations = files.migrations
            let victim = migrations[2]
            migrations[2] = SchemaFiles.File(name: victim.name, text: victim.text + "\n-- harmless")
            migrations.append(SchemaFiles.File(name: "9000_more.sql", text: "create table app.more (n int)"))
            let changed = try SchemaFiles(migrations: migrations, policies: files.policies)
            #expect(try await database.migrator(changed).check().edited == [victim.name])
            let error = await #expect(throws: SchemaError.self) { try await database.migrator(changed).migrate() }
            #expect(error?.description.contains(victim.name) == true)
            #expect(try await database.query("select to_regclass('app.more') is null", as: Bool.self) == true)
        }
    }

    @Test("a failing migration leaves nothing, names file and line, and can be mended")
    func failing() async throws {
        try await withEmptyDatabase { database in
            let files = try EmptyDatabase.schema()
            let bad = SchemaFiles.File(
                name: "9000_bad.sql",
                text:
                    "set local role rookery_owner;\ncreate table app.half (n int);\nselect * from app.missing;\nreset role;"
            )
            let withBad = try SchemaFiles(migrations: files.migrations + [bad], policies: files.policies)
            let error = await #expect(throws: SchemaError.self) { try await database.migrator(withBad).migrate() }
            #expect(error?.description.contains("9000_bad.sql, line 3") == true, "\(String(describing: error))")
            #expect(try await database.query("select to_regclass('app.half') is null", as: Bool.self) == true)
            #expect(try await database.migrator(withBad).check().pending == ["9000_bad.sql"])
            let good = SchemaFiles.File(
                name: "9000_bad.sql", text: "set local role rookery_owner;\ncreate table app.half (n int);\nreset role;"
            )
            let mended = try SchemaFiles(migrations: files.migrations + [good], policies: files.policies)
            let report = try await database.migrator(mended).migrate()
            #expect(report == Migrator.Report(applied: ["9000_bad.sql"], policiesApplied: true))
        }
    }

    @Test("a migration without transaction runs its statements one by one")
    func withoutTransaction() async throws {
        try await withEmptyDatabase { database in
            let files = try EmptyDatabase.schema()
            let index = SchemaFiles.File(
                name: "9000_index.sql",
                text: """
                    -- no transaction
                    set role rookery_owner; -- a comment; with a semicolon
                    create index concurrently more_idx on app.sites (organization_id, time_zone);
                    comment on index app.more_idx is $a$one; two 'three$a$;
                    reset role;
                    """)
            let more = try SchemaFiles(migrations: files.migrations + [index], policies: files.policies)
            _ = try await database.migrator(more).migrate()
            let comment = try await database.query("select obj_description('app.more_idx'::regclass)", as: String.self)
            #expect(comment == "one; two 'three")
            #expect(try await database.migrator(more).check().isCurrent)
        }
    }

    @Test("a changed policy file brings all of them in again; an old program finds a newer schema acceptable")
    func policies() async throws {
        try await withEmptyDatabase { database in
            let files = try EmptyDatabase.schema()
            _ = try await database.migrator(files).migrate()
            let extra = SchemaFiles.File(
                name: "98_more.sql", text: "select 1 / 0")
            let more = try SchemaFiles(
                migrations: files.migrations + [SchemaFiles.File(name: "9000_later.sql", text: "select 1")],
                policies: files.policies + [extra])
            #expect(try await database.migrator(more).check().changedPolicies == ["98_more.sql"])
            let failed = await #expect(throws: SchemaError.self) { try await database.migrator(more).migrate() }
            #expect(failed?.description.contains("98_more.sql") == true)
            #expect(try await database.migrator(files).check().unknown == ["9000_later.sql"])
            #expect(try await database.migrator(files).check().changedPolicies.count == files.policies.count)

            let owned = SchemaFiles.File(
                name: "98_more.sql",
                text: "set local role rookery_owner;\ncomment on schema app is 'more';\nreset role;")
            let mended = try SchemaFiles(migrations: more.migrations, policies: files.policies + [owned])
            #expect(
                try await database.migrator(mended).migrate() == Migrator.Report(applied: [], policiesApplied: true))
            #expect(try await database.query("select obj_description('app'::regnamespace)", as: String.self) == "more")
        }
    }

    @Test("names of migrations are checked")
    func names() {
        func files(_ names: String...) throws -> SchemaFiles {
            try SchemaFiles(migrations: names.map { SchemaFiles.File(name: $0, text: "") }, policies: [])
        }
        #expect(throws: SchemaError.self) { try files("1_x.sql") }
        #expect(throws: SchemaError.self) { try files("0001-x.sql") }
        #expect(throws: SchemaError.self) { try files("0001_x.sql", "0001_y.sql") }
        #expect(throws: Never.self) { try files("0002_y.sql", "0001_x.sql") }
    }
}
