import Foundation
import PostgresClient
import Testing

@Suite("Leased transactions")
struct LeaseTests {
    @Test("preamble, statements and COMMIT are one transaction")
    func whole() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 2 }
            try await client.execute("create table t (n int, who text default current_setting('app.who', true))")
            let lease = client.begin(preamble: ["select set_config('app.who', \("cow"), true)"])
            let rows = try await lease.run(["insert into t values (1)", "select who from t"])
            #expect(rows.count == 2)
            let who = try rows[1].first { (row: inout RowReader) throws(PostgresError) -> String in try row.next() }
            #expect(who == "cow")
            #expect(try await client.integers("select count(*) from t") == [0])
            let last = try await lease.commit(with: ["insert into t values (2) returning n"])
            #expect(last.count == 1 && last[0].count == 1)
            #expect(try await client.integers("select count(*) from t") == [2])
            #expect(
                try await client.strings("select coalesce(nullif(current_setting('app.who', true), ''), 'none')") == [
                    "none"
                ])
            await client.shutdown()
        }
    }

    @Test("only a commit with statements is one transaction too")
    func commitOnly() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            try await client.execute("create table t (n int)")
            let rows = try await client.begin(preamble: ["select 7"]).commit(with: [
                "insert into t values (1)", "select 8",
            ])
            #expect(rows.count == 2)
            #expect(try await client.begin().commit().isEmpty)
            #expect(try await client.integers("select count(*) from t") == [1])
            await client.shutdown()
        }
    }

    @Test("rollback, dropping the lease and a swallowed error leave nothing behind")
    func undone() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            try await client.execute("create table t (n int primary key)")
            let rolledBack = client.begin()
            _ = try await rolledBack.run(["insert into t values (1)"])
            rolledBack.rollback()
            do {
                let dropped = client.begin()
                _ = try await dropped.run(["insert into t values (2)"])
            }
            #expect(try await client.integers("select count(*) from t") == [0])

            let swallowing = client.begin()
            _ = try await swallowing.run(["insert into t values (3)"])
            let first = await failure { () async throws(PostgresError) in
                try await swallowing.run(["insert into t values (3)"])
            }
            #expect(first?.sqlState == "23505")
            let error = await failure { () async throws(PostgresError) in try await swallowing.commit() }
            guard case .rolledBack = error else {
                Issue.record("another outcome was expected")
                return
            }
            let late = await failure { () async throws(PostgresError) in try await swallowing.run(["select 1"]) }
            guard case .misuse = late else {
                Issue.record("another outcome was expected")
                return
            }
            #expect(try await client.integers("select count(*) from t") == [0])

            let failing = client.begin()
            let committed = await failure { () async throws(PostgresError) in
                try await failing.commit(with: ["insert into t values (4)", "insert into t values (4)"])
            }
            #expect(committed?.sqlState == "23505")
            #expect(try await client.integers("select count(*) from t") == [0])
            #expect(client.statistics.connects == 1)
            await client.shutdown()
        }
    }

    @Test("cancelling a statement of a lease rolls it back and keeps the connection")
    func cancelled() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            let watcher = try database.client()
            try await client.execute("create table t (n int)")
            let task = Task {
                let lease = client.begin()
                defer { lease.rollback() }
                _ = try await lease.run(["insert into t values (1)"])
                _ = try await lease.run(["select pg_sleep(60)"])
            }
            try await eventually("the sleeper is seen") { try await watcher.isSleeping() }
            task.cancel()
            await #expect(throws: PostgresError.self) { try await task.value }
            #expect(try await client.integers("select count(*) from t") == [0])
            #expect(client.statistics.connects == 1)
            await client.shutdown()
            await watcher.shutdown()
        }
    }
}

extension PostgresClient {
    /// Whether some session is in `pg_sleep` right now.
    func isSleeping() async throws -> Bool {
        try await integers(
            "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()") != [
                0
            ]
    }
}
