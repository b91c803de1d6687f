import Foundation
import PostgresClient
import Testing

@Suite("The audit chain is dense, append-only and tells where it was broken")
struct AuditChainTests {
    private static func append(_ count: Int) -> String {
        let entries = (1...count)
            .map { #"{"action": "update", "resource_kind": "site", "changes": {"n": [null, \#($0)]}}"# }
            .joined(separator: ",")
        return #"select app.audit_append('{"kind": "user", "label": "t"}', '[\#(entries)]');"#
    }

    private struct Verdict: Equatable {
        var entries: Int
        var broken: Int?
        var reason: String?
    }

    private func verify(_ console: PostgresConsole, _ organization: UUID) async throws -> Verdict? {
        try await console.query("select entries, broken_seq, reason from app.audit_verify_of(\(organization))")
            .first { (row: inout RowReader) throws(PostgresError) -> Verdict in
                Verdict(entries: try row.next(), broken: try row.next(), reason: try row.next())
            }
    }

    @Test("two chained inserts work under forced row-level security (T7)")
    func chained() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            let system = try await database.console(as: .system)
            defer {
                api.close()
                system.close()
            }
            try await api.run(script: two.own.begin + Self.append(2) + Self.append(1) + "commit;")
            try await api.run(script: two.own.begin)
            #expect(try await api.integer("select entries::int from app.audit_verify() where broken_seq is null") == 5)
            #expect(
                try await api.integer(
                    """
                    select count(*)::int from app.audit_entries a join app.audit_entries b
                        on b.audit_seq = a.audit_seq + 1 and b.prev_hash = a.entry_hash
                    """) == 4)
            try await api.run(script: "commit")
            #expect(try await verify(system, two.own.id) == Verdict(entries: 5))
            #expect(try await verify(system, two.foreign.id) == Verdict(entries: 2))
        }
    }

    @Test("12 writers of whom a third roll back leave a chain without a gap")
    func writers() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let committed = await withTaskGroup(of: Int.self) { group in
                for writer in 0..<12 {
                    group.addTask {
                        guard let console = try? await database.console(as: .api) else { return 0 }
                        defer { console.close() }
                        var count = 0
                        for round in 0..<15 {
                            let size = 1 + (writer + round) % 3
                            let end = (writer + round) % 3 == 0 ? "rollback;" : "commit;"
                            let fault = await console.fault(of: two.own.begin + Self.append(size) + end)
                            if fault == nil, end == "commit;" { count += size }
                        }
                        return count
                    }
                }
                return await group.reduce(0, +)
            }
            let system = try await database.console(as: .system)
            defer { system.close() }
            #expect(committed > 100)
            #expect(try await verify(system, two.own.id) == Verdict(entries: committed + 2))
            #expect(
                try await system.integer(
                    "select audit_seq::int from app.organization_heads where organization_id = \(two.own.id)")
                    == committed + 2)
        }
    }

    @Test("no role in use changes, removes or forges an entry")
    func appendOnly() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            for role in PolicyDatabase.Role.allCases {
                let console = try await database.console(as: role)
                defer { console.close() }
                for statement in [
                    "update app.audit_entries set actor_label = 'nobody'", "delete from app.audit_entries",
                    "truncate app.audit_entries", "insert into app.audit_entries default values",
                    "update app.organization_heads set audit_seq = 0",
                    "select app.audit_write(app.organization_id(), '{}', '[]')",
                ] {
                    let context =
                        "begin; select set_config('app.organization_id', '\(two.own.id)', true);"
                    let fault = await console.fault(of: context + statement)
                    #expect(fault?.sqlState == "42501", "\(role.rawValue): \(statement)")
                }
            }
            let api = try await database.console(as: .api)
            defer { api.close() }
            #expect(await api.fault(of: "select app.audit_append('{}', '[{}]')")?.sqlState == "42501")
            #expect(
                await api.fault(of: two.own.begin + "select app.audit_append_to('\(two.foreign.id)', '{}', '[{}]')")?
                    .sqlState
                    == "42501")
        }
    }

    @Test(
        "what the owner of the tables does behind the program's back is found, at its number",
        arguments: [
            ("update app.audit_entries set changes = '{\"n\": 1}' where audit_seq = 3", 3, "changed"),
            (
                "update app.audit_entries set created_at = created_at - interval '1 us' where audit_seq = 4", 4,
                "changed"
            ),
            ("delete from app.audit_entries where audit_seq = 3", 3, "missing"),
            ("delete from app.audit_entries where audit_seq = 1", 1, "missing"),
            ("delete from app.audit_entries where audit_seq = 6", 6, "missing"),
            ("update app.audit_entries set audit_seq = 9 where audit_seq = 5", 5, "missing"),
            (
                """
                with cut as (delete from app.audit_entries where audit_seq = 6)
                update app.organization_heads set audit_seq = 5
                """, 5, "is not the entry that the head names"
            ),
        ])
    func tampering(statement: String, number: Int, reason: String) async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            let system = try await database.console(as: .system)
            let owner = try await database.console()
            defer {
                api.close()
                system.close()
                owner.close()
            }
            try await api.run(script: two.own.begin + Self.append(4) + "commit;")
            #expect(try await verify(system, two.own.id) == Verdict(entries: 6))
            try await owner.run(
                script: """
                    set role rookery_owner;
                    alter table app.audit_entries no force row level security;
                    alter table app.organization_heads no force row level security;
                    """)
            try await owner.run(script: statement)
            let verdict = try #require(try await verify(system, two.own.id))
            #expect(verdict.broken == number)
            #expect(verdict.reason == reason)
        }
    }
}
