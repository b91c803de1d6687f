import Foundation
import PostgresClient
import Testing

@Suite("Generic mechanisms hold under many writers")
struct MechanismTests {
    @Test("numbers of a series have no gap, whoever rolls back")
    func numberSeries() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let taken = await withTaskGroup(of: Int.self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        guard let console = try? await database.console(as: .api) else { return 0 }
                        defer { console.close() }
                        var count = 0
                        for round in 0..<20 {
                            let end = (writer + round) % 3 == 0 ? "rollback;" : "commit;"
                            let script =
                                two.own.begin + """
                                    insert into app.timeline_entries (organization_id, subject_kind, subject_id, kind, actor_id, data)
                                    select app.organization_id(), 'number', app.uuid_v7(), 'note', app.user_id(),
                                        jsonb_build_object('n', app.number_next('claim', '2026'));
                                    """ + end
                            if await console.fault(of: script) == nil, end == "commit;" { count += 1 }
                        }
                        return count
                    }
                }
                return await group.reduce(0, +)
            }
            let api = try await database.console(as: .api)
            defer { api.close() }
            try await api.run(script: two.own.begin)
            #expect(taken > 90)
            #expect(try await api.integer("select app.number_next('claim', '2026')::int") == taken + 1)
            #expect(try await api.integer("select app.number_next('claim', '2026', 10)::int") == taken + 11)
            #expect(
                try await api.integer(
                    "select count(distinct data -> 'n')::int from app.timeline_entries where subject_kind = 'number'")
                    == taken)
            try await api.run(script: "rollback; " + two.foreign.begin)
            #expect(try await api.integer("select app.number_next('claim', '2026')::int") == 1)
            try await api.run(script: "rollback")
        }
    }

    @Test("a reader of invalidations misses none, although a later one may commit first")
    func invalidations() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let slow = try await database.console(as: .api)
            let fast = try await database.console(as: .api)
            let system = try await database.console(as: .system)
            defer {
                slow.close()
                fast.close()
                system.close()
            }
            var cursor = Int64(
                try await system.integer("select next_since from app.invalidations(null) limit 1"))
            var seen: Set<UUID> = []
            func read() async throws {
                let rows = try await system.query("select next_since, subject_id from app.invalidations(\(cursor))")
                    .map { (row: inout RowReader) throws(PostgresError) -> (Int64, UUID?) in
                        (try row.next(), try row.next())
                    }
                cursor = try #require(rows.first).0
                seen.formUnion(rows.compactMap(\.1))
            }
            let first = UUID()
            let second = UUID()
            try await slow.run(script: two.own.begin + "select app.invalidate('rule', '\(first)');")
            try await fast.run(script: two.own.begin + "select app.invalidate('rule', '\(second)'); commit;")
            try await read()
            #expect(seen.contains(second) && !seen.contains(first))
            try await slow.run(script: "commit")
            try await read()
            #expect(seen.contains(first))
        }
    }

    @Test("ids are UUIDs of version 7 in the order of time")
    func ids() async throws {
        try await withPolicyDatabase { database in
            let api = try await database.console(as: .api)
            defer { api.close() }
            let ids = try await api.strings("select app.uuid_v7()::text from generate_series(1, 500)")
            #expect(
                ids.allSatisfy { $0.contains(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/) })
            let prefixes = ids.map { $0.prefix(13) }
            #expect(prefixes == prefixes.sorted() && Set(ids).count == 500)
            #expect(
                try await api.strings("select app.uuid_floor('2022-03-24T09:00:00.123Z')::text")
                    == ["017fbb27-76fb-0000-0000-000000000000"])
        }
    }
}
