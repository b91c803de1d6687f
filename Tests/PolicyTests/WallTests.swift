import PostgresClient
import Testing

@Suite("The database refuses one organization's rows to another")
struct WallTests {
    @Test("raw SQL as the API role reads, changes, moves and makes no foreign row, in any table")
    func everyTable() async throws {
        let exceptions = try Exceptions.load()
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let findings = try await self.findings(in: database, two)
            exceptions.check(
                "hidden_from_api", broken: findings.filter { $0.1 == "hidden" }.map(\.0),
                advice: "hidden from the API role: list it in policies/10_tenant_tables.sql, or here with a reason")
            for (relation, finding) in findings where finding != "hidden" {
                Issue.record("\(relation) \(finding)")
            }
        }
    }

    @Test("the attempt notices a table whose walls have a hole")
    func holes() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let owner = try await database.console()
            defer { owner.close() }
            try await owner.run(
                script: """
                    set role rookery_owner;
                    create table app.leaky (organization_id uuid, id uuid);
                    insert into app.leaky values ('\(two.own.id)', app.uuid_v7()), ('\(two.foreign.id)', app.uuid_v7());
                    alter table app.leaky enable row level security, force row level security;
                    create policy tenant on app.leaky to rookery_api using (true) with check (true);
                    grant select, insert, update, delete, truncate on app.leaky to rookery_api;
                    create table app.empty (organization_id uuid, id uuid);
                    grant select on app.empty to rookery_api;
                    alter table app.sites no force row level security;
                    drop policy tenant on app.sites;
                    create policy tenant on app.sites to rookery_api using (true)
                        with check (organization_id = app.organization_id());
                    """)
            let findings = try await self.findings(in: database, two).filter { $0.1 != "hidden" }
            #expect(Set(findings.map(\.0)).isSuperset(of: ["app.leaky", "app.empty", "app.sites"]))
            #expect(findings.contains { $0.0 == "app.empty" && $0.1.contains("no seeded row") })
            #expect(findings.contains { $0.0 == "app.leaky" && $0.1.contains("truncate") })
        }
    }

    private func findings(in database: PolicyDatabase, _ two: TwoOrganizations) async throws -> [(String, String)] {
        let api = try await database.console(as: .api)
        defer { api.close() }
        try await api.run(script: try SQLFiles.seed("walls"))
        try await api.run(script: "begin")
        let findings = try await api.query(
            """
            select relation, finding
            from pg_temp.walls(\(two.own.id), \(two.own.userID), \(two.foreign.id), \(two.foreign.userID))
            """
        ).map { (row: inout RowReader) throws(PostgresError) -> (String, String) in (try row.next(), try row.next()) }
        try await api.run(script: "rollback")
        return findings
    }

    @Test("an organization's administrator cannot give the session of a person to another organization")
    func sessions() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            let fault = await api.fault(
                of: two.own.begin + "update app.sessions set organization_id = '\(two.foreign.id)'; commit;")
            #expect(fault?.sqlState == "42501")
        }
    }

    @Test("the role of the pipeline reaches no table, and its functions take the organization from the source")
    func pipeline() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            let ingest = try await database.console(as: .ingest)
            defer {
                api.close()
                ingest.close()
            }
            try await api.run(script: two.own.begin)
            let source = try await api.integer("select source_no from app.devices")
            let rowsBefore = try await api.integer("select count(*)::int from app.telemetry_hot")
            try await api.run(script: "commit; " + two.foreign.begin)
            let keyset = try await api.integer("select keyset_no from app.telemetry_keysets")
            let foreignBefore = try await api.integer("select count(*)::int from app.telemetry_hot")
            try await api.run(script: "commit")

            // A context that was set by mistake, and a keyset of another organization, change nothing of whose row it is.
            try await ingest.run(
                script: """
                    begin;
                    select set_config('app.organization_id', '\(two.foreign.id)', true);
                    select app.ingest(
                        row('{1}', null, null, null, null)::app.ingest_values, false, '{\(source)}', '{\(keyset)}',
                        array[now() - interval '1 minute'], '{0}', '{0}', '{0}', '{1}', null,
                        null, null, null, null, null, null, null, null, null, null, null, null);
                    commit;
                    """)
            try await api.run(script: two.own.begin)
            #expect(try await api.integer("select count(*)::int from app.telemetry_hot") == rowsBefore + 1)
            try await api.run(script: "commit; " + two.foreign.begin)
            #expect(try await api.integer("select count(*)::int from app.telemetry_hot") == foreignBefore)
            try await api.run(script: "commit")

            for relation in ["devices", "telemetry_hot", "alarms", "sources", "users", "organizations"] {
                #expect(await ingest.fault(of: "select * from app.\(relation)")?.sqlState == "42501", "\(relation)")
            }
        }
    }

    @Test("the platform's role sees headers of the outbox and no payload")
    func payloads() async throws {
        try await withPolicyDatabase { database in
            _ = try await TwoOrganizations.seed(database)
            let system = try await database.console(as: .system)
            defer { system.close() }
            #expect(try await system.integer("select count(*)::int from (select topic_key from app.outbox) o") >= 2)
            #expect(await system.fault(of: "select payload from app.outbox")?.sqlState == "42501")
            #expect(await system.fault(of: "select * from app.devices")?.sqlState == "42501")
            #expect(await system.fault(of: "update app.organization_heads set audit_seq = 0")?.sqlState == "42501")
        }
    }
}
