import PostgresClient
import Testing

@Suite("Leaves are made ahead")
struct PartitionTests {
    @Test("making them waits for nobody and stops nobody, and happens once")
    func underLoad() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let reader = try await database.console(as: .api)
            let writer = try await database.console(as: .api)
            let system = try await database.console(as: .system)
            defer {
                reader.close()
                writer.close()
                system.close()
            }
            try await reader.run(
                script: two.own.begin
                    + "select count(*) from app.telemetry_hot; select count(*) from app.audit_entries;")
            try await writer.run(
                script: two.foreign.begin + """
                    select app.audit_append('{"kind": "user"}', '[{"action": "update", "resource_kind": "site"}]');
                    """)
            try await system.run(script: "begin; set local lock_timeout = '2s'")
            let made = try await system.integer("select app.ensure_partitions(60)")
            #expect(made >= 52)
            // Not committed yet, and the others go on.
            try await reader.run(script: "select count(*) from app.telemetry_hot")
            try await writer.run(script: "commit")
            try await system.run(script: "commit")
            try await reader.run(script: "commit")
            #expect(try await system.integer("select app.ensure_partitions(60)") == 0)
        }
    }

    @Test("a leaf has its parent's key and indexes, each attached")
    func indexes() async throws {
        try await withPolicyDatabase { database in
            let console = try await database.console()
            defer { console.close() }
            let missing = try await console.strings(
                """
                select format('%s of %s', parent.indexrelid::regclass, leaf.inhrelid::regclass)
                from pg_inherits leaf
                join pg_index parent on parent.indrelid = leaf.inhparent
                join pg_class c on c.oid = leaf.inhparent and c.relkind = 'p' and c.relnamespace = 'app'::regnamespace
                where not exists (
                    select from pg_inherits i join pg_index own on own.indexrelid = i.inhrelid
                    where i.inhparent = parent.indexrelid and own.indrelid = leaf.inhrelid and own.indisvalid)
                """)
            #expect(missing == [])
            #expect(
                try await console.integer(
                    """
                    select (count(*) - count(distinct (i.indrelid, i.indkey::text, pg_get_expr(i.indpred, i.indrelid))))::int
                    from pg_index i join pg_class c on c.oid = i.indrelid
                    where c.relnamespace = 'app'::regnamespace and c.relispartition and i.indpred is null
                    """) == 0)
        }
    }

    @Test("an occurrence goes to the leaf of its id's time")
    func occurrences() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            try await api.run(
                script: two.own.begin + """
                    insert into app.events (organization_id, id, at, origin, type_key, title)
                    values (app.organization_id(), app.uuid_floor(date_trunc('month', now(), 'UTC')), now(), 'user', 'edge', 'First'),
                        (app.organization_id(),
                         app.uuid_floor(date_trunc('month', now(), 'UTC') + interval '1 month' - interval '1 ms'),
                         now(), 'user', 'edge', 'Last'),
                        (app.organization_id(), app.uuid_floor(date_trunc('month', now(), 'UTC') + interval '1 month'),
                         now(), 'user', 'edge', 'Next');
                    """)
            let leaves = try await api.integer(
                "select count(distinct tableoid)::int from app.events where type_key = 'edge'")
            #expect(leaves == 2)
            try await api.run(script: "rollback")
        }
    }
}
