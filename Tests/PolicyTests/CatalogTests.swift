import Persistence
import PostgresClient
import Testing

/// A rule that every object of the schemas `app` and `auth` keeps. The query answers the names of those that do not.
struct CatalogRule: Sendable, CustomTestStringConvertible {
    let name: String
    let advice: String
    let broken: SQL

    var testDescription: String { name }
}

@Suite("The catalog keeps the rules of the house")
struct CatalogTests {
    @Test("every object keeps the rule, or is listed with a reason", arguments: CatalogRule.all)
    func rule(_ rule: CatalogRule) async throws {
        let exceptions = try Exceptions.load()
        try await withPolicyDatabase { database in
            let console = try await database.console()
            defer { console.close() }
            exceptions.check(rule.name, broken: try await console.strings(rule.broken), advice: rule.advice)
        }
    }

    @Test("every list of exceptions belongs to a rule")
    func lists() throws {
        let known = Set(CatalogRule.all.map(\.name)).union(["hidden_from_api", "filter"])
        #expect(try Exceptions.load().rules.subtracting(known).isEmpty)
    }

    @Test("the policies applied a second time change nothing and need no lock on a table that is read")
    func twice() async throws {
        try await withPolicyDatabase { database in
            let reader = try await database.console(as: .api)
            let console = try await database.console()
            defer {
                reader.close()
                console.close()
            }
            // The database is a copy of one that may be of yesterday: the first time may make the partition of a new day.
            let yesterdays = try await Self.applyPolicies(console)
            #expect(yesterdays.isEmpty)
            let before = try await console.strings(Self.catalogState)
            // A lock conflict would end in an error after the timeout.
            try await reader.run(
                script: "begin; select count(*) from app.devices; select count(*) from app.telemetry_hot")
            #expect(try await Self.applyPolicies(console).isEmpty)
            let changes = Set(try await console.strings(Self.catalogState)).symmetricDifference(before)
            #expect(changes.isEmpty)
        }
    }

    /// The files that could not be applied, with their faults.
    private static func applyPolicies(_ console: PostgresConsole) async throws -> [String] {
        var faults: [String] = []
        for file in try SQLFiles.policies() {
            let fault = await console.fault(of: "begin; set local lock_timeout = '2s'; \(file.text)\n; commit;")
            if let fault { faults.append("\(file.name): \(fault)") }
        }
        return faults
    }

    private static let catalogState: SQL = """
        select format('policy %s %s %s %s', p.polrelid::regclass, p.polname, pg_get_expr(p.polqual, p.polrelid), p.polroles)
        from pg_policy p
        union all
        select format('trigger %s', pg_get_triggerdef(t.oid)) from pg_trigger t where not t.tgisinternal
        union all
        select format('function %s %s %s %s', p.oid::regprocedure, p.proowner, md5(p.prosrc), p.proacl)
        from pg_proc p where p.pronamespace in ('app'::regnamespace, 'auth'::regnamespace)
        union all
        select format('relation %s %s %s', c.oid::regclass, c.relowner, (
            select array_agg(a::text order by a::text) from unnest(c.relacl) a))
        from pg_class c where c.relnamespace = 'app'::regnamespace
        union all
        select format('schema %s %s', n.nspname, n.nspacl) from pg_namespace n where n.nspname in ('app', 'auth')
        order by 1
        """
}
