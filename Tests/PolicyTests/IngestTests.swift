import Foundation
import PostgresClient
import Testing

@Suite("One statement stores what the lanes decided")
struct IngestTests {
    /// A pipeline's connection and one device.
    private struct Bench {
        let api: PostgresConsole
        let ingest: PostgresConsole
        let tenant: TwoOrganizations.Tenant
        let source: Int32
        let rule: UUID
        let keyset: Int32

        func messages(_ times: [String], keysets: [Int32]? = nil) async throws -> [Int] {
            let keysets = keysets ?? Array(repeating: keyset, count: times.count)
            let list = times.map { "'\($0)'" }.joined(separator: ",")
            try await ingest.run(
                script: """
                    create temp table if not exists answer (duplicates int[]);
                    truncate answer;
                    insert into answer select duplicates from app.ingest(
                        row((select array_agg(n::float8) from generate_series(1, \(2 * times.count)) n),
                            null, null, null, null)::app.ingest_values, false,
                        array_fill(\(source), array[\(times.count)]),
                        '{\(keysets.map(String.init).joined(separator: ","))}', array[\(list)]::timestamptz[],
                        array_fill(0, array[\(times.count)]), array_fill(0::smallint, array[\(times.count)]),
                        (select array_agg(2 * n) from generate_series(0, \(times.count - 1)) n),
                        array_fill(2, array[\(times.count)]), null,
                        null, null, null, null, null, null, null, null, null, null, null, null)
                    """)
            return try #require(
                try await ingest.query("select duplicates from answer")
                    .first { (row: inout RowReader) throws(PostgresError) -> [Int] in try row.next() })
        }

        func alarms(_ transitions: String) async throws -> (raised: [UUID], cleared: [UUID]) {
            try #require(
                try await ingest.query(
                    """
                    select raised, cleared from app.ingest(
                        null, false, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                        null, null, null, null, null,
                        jsonb_build_object('alarms', \(PostgresJSON(transitions))))
                    """
                ).first { (row: inout RowReader) throws(PostgresError) -> ([UUID], [UUID]) in
                    (try row.next(), try row.next())
                })
        }

        func count(_ table: StaticString) async throws -> Int {
            try await api.run(script: tenant.begin)
            let count = try await api.integer("select count(*)::int from " + SQL(table))
            try await api.run(script: "commit")
            return count
        }
    }

    private func withBench(_ body: (Bench) async throws -> Void) async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            let ingest = try await database.console(as: .ingest)
            defer {
                api.close()
                ingest.close()
            }
            try await api.run(script: two.own.begin)
            let source = try await api.number("select source_no from app.devices")
            let rule = try await api.uuid("select id from app.alarm_rules")
            try await api.run(script: "commit")
            let keyset = try await ingest.number("select keyset_no from app.ingest_keyset(\(source), '{humidity,co2}')")
            try await body(
                Bench(api: api, ingest: ingest, tenant: two.own, source: source, rule: rule, keyset: keyset))
        }
    }

    @Test("a message sent again changes nothing and is named; one with other datapoints at the same time is kept (T13)")
    func duplicates() async throws {
        try await withBench { bench in
            let before = try await bench.count("app.telemetry_hot")
            #expect(try await bench.messages(["now", "now", "2019-05-01 00:00Z"]) == [2])
            let fixed = ISO8601DateFormatter().string(from: Date())
            #expect(try await bench.messages([fixed]) == [])
            #expect(try await bench.messages([fixed, "2019-05-01 00:00Z"]) == [1, 2])
            #expect(try await bench.messages([fixed]) == [1])
            let other = try await bench.ingest.number(
                "select keyset_no from app.ingest_keyset(\(bench.source), '{humidity,ammonia}')")
            #expect(try await bench.messages([fixed], keysets: [other]) == [])
            #expect(try await bench.count("app.telemetry_hot") == before + 3)
        }
    }

    @Test("a time for which there is no leaf is kept apart and found again")
    func late() async throws {
        try await withBench { bench in
            let before = try await bench.count("app.telemetry_late")
            #expect(try await bench.messages(["2022-03-24 09:00Z", "2099-01-01 00:00Z", "now"]) == [])
            #expect(try await bench.count("app.telemetry_late") == before + 2)
            #expect(try await bench.messages(["2022-03-24 09:00Z", "2099-01-01 00:00Z"]) == [1, 2])
        }
    }

    @Test("values go to the message that they came with, whatever the size of the commit")
    func values() async throws {
        try await withBench { bench in
            let start = Date(timeIntervalSince1970: 1_609_459_200)
            let times = (1...500).map { ISO8601DateFormatter().string(from: start.addingTimeInterval(Double($0))) }
            #expect(try await bench.messages(times) == [])
            try await bench.api.run(script: bench.tenant.begin)
            let wrong = try await bench.api.integer(
                """
                select count(*)::int from app.telemetry_late
                cross join lateral (select extract(epoch from ts - '2021-01-01Z') as second) s
                where ts >= '2021-01-01Z' and ts < '2021-01-02Z' and v <> array[2 * second - 1, 2 * second]::float8[]
                """)
            #expect(wrong == 0)
            try await bench.api.run(script: "commit")
        }
    }

    @Test("one open alarm per rule and source: a second raise is none, and after the clear there may be another")
    func alarms() async throws {
        try await withBench { bench in
            let first = UUID()
            let second = UUID()
            func step(_ what: String, _ more: String = "") -> String {
                #"{"do": "\#(what)", "rule_id": "\#(bench.rule)", "source_no": \#(bench.source), "at": 1790000100000\#(more)}"#
            }
            func raise(_ id: UUID) -> String {
                step("raise", #", "id": "\#(id)", "rule_version": 1, "severity": "error", "message": "m""#)
            }
            // The seed has raised one.
            var answer = try await bench.alarms("[\(raise(first)), \(step("occur"))]")
            #expect(answer.raised == [] && answer.cleared == [])
            answer = try await bench.alarms("[\(step("clear")), \(raise(first)), \(step("clear")), \(raise(second))]")
            #expect(answer.raised == [first, second])
            #expect(answer.cleared.count == 2 && answer.cleared.last == first)
            #expect(try await bench.count("app.alarms where state = 'active'") == 1)
            #expect(try await bench.count("app.alarms where state = 'cleared_unacknowledged'") == 2)

            // Cleared by a person meanwhile: the pipeline learns that there was nothing to clear.
            try await bench.api.run(
                script: bench.tenant.begin
                    + "update app.alarms set cleared_at = now() where cleared_at is null; commit;")
            answer = try await bench.alarms("[\(step("clear"))]")
            #expect(answer.cleared == [])
        }
    }

    @Test("names get numbers, the same for the same name, in ascending sets; 12 at once agree")
    func keysets() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            try await api.run(script: two.own.begin)
            let source = try await api.number("select source_no from app.devices")
            try await api.run(script: "commit")
            let answers = await withTaskGroup(of: String?.self) { group in
                for _ in 1...12 {
                    group.addTask {
                        guard let console = try? await database.console(as: .ingest) else { return nil }
                        defer { console.close() }
                        return try? await console.strings(
                            "select row(keyset_no, key_nos)::text from app.ingest_keyset(\(source), '{z,y,x,flow}')"
                        ).first
                    }
                }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(Set(answers).count == 1 && answers.first != .some(nil))
            try await api.run(script: two.own.begin)
            #expect(
                try await api.integer(
                    """
                    select count(*)::int from app.telemetry_keysets
                    where key_nos <> array(select unnest(key_nos) order by 1)
                    """) == 0)
            #expect(try await api.integer("select count(*)::int - max(key_no) from app.telemetry_keys") == 0)
            #expect(
                try await api.integer("select used::int from app.quotas where resource_key = 'telemetry_keys'")
                    == (try await api.integer("select count(*)::int from app.telemetry_keys")))
            try await api.run(script: "commit")
        }
    }

    @Test("a flood of names is refused at the limit of the tier")
    func flood() async throws {
        try await withBench { bench in
            let fault = await bench.ingest.fault(
                of: """
                    select app.ingest_keyset(\(bench.source), array['flood' || n]) from generate_series(1, 2500) n
                    """)
            #expect(fault?.sqlState == "RK001")
            #expect(fault?.detail?.contains("telemetry_keys") == true)
        }
    }

    @Test("a lane finds everything of its sources in one question")
    func load() async throws {
        try await withBench { bench in
            let whole = try await bench.ingest.integer(
                """
                select count(*)::int from app.ingest_load(array[\(bench.source), 2000000000])
                where organization_id = \(bench.tenant.id) and device_key = 'meter-1' and device_status = 'active'
                    and organization_status = 'active' and cardinality(k) = 2 and cardinality(v) = 2
                    and cardinality(state_rule_ids) = 1 and cardinality(alarm_ids) = 1 and connection = 'online'
                """)
            #expect(whole == 1)
            let rules = try await bench.ingest.integer("select count(*)::int from app.ingest_rules(\(bench.tenant.id))")
            let names = try await bench.ingest.integer("select count(*)::int from app.ingest_keys(\(bench.tenant.id))")
            #expect(rules == 1 && names >= 4)
        }
    }
}
