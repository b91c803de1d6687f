import Foundation
import PostgresClient
import Testing

@Suite("Requests")
struct RequestTests {
    @Test("an error in the middle of a pipeline leaves its neighbours alone")
    func neighbours() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            try await client.execute("create table t (n bigint primary key)")
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<300 {
                    group.addTask {
                        switch number % 4 {
                        case 0:
                            let error = await failure { () async throws(PostgresError) in
                                try await client.execute([
                                    "insert into t values (\(number))", "select 1 / (\(number) - \(number))",
                                ])
                            }
                            #expect(error?.sqlState == "22012")
                        case 1:
                            let error = await failure { () async throws(PostgresError) in
                                try await client.execute("select * from missing_table where n = \(number)")
                            }
                            #expect(error?.sqlState == "42P01")
                        default:
                            let rows = try? await client.execute([
                                "insert into t values (\(number))", "select \(number) + 1",
                            ])
                            let answer = try? rows?.last?.first { (row: inout RowReader) throws(PostgresError) -> Int in
                                try row.next()
                            }
                            #expect(answer == number + 1)
                        }
                    }
                }
            }
            #expect(try await client.integers("select count(*) from t") == [150])
            #expect(try await client.integers("select count(*) from t where n % 4 < 2") == [0])
            #expect(client.statistics.connects == 1)
            await client.shutdown()
        }
    }

    @Test("a preamble holds for its own statements, and its rows are not answered")
    func preamble() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            try await client.execute("create table t (n bigint)")
            let reading: SQL = "select set_config('transaction_read_only', 'on', true)"
            let rows = try await client.execute(preamble: [reading], ["select 7::bigint", "select count(*) from t"])
            #expect(
                try rows.map { try $0.map { (row: inout RowReader) throws -> Int in try row.next() } } == [[7], [0]])
            let error = await failure { () async throws(PostgresError) in
                try await client.execute(preamble: [reading], ["insert into t values (1)"])
            }
            #expect(error?.sqlState == "25006")
            try await client.execute("insert into t values (2)")
            #expect(try await client.integers("select n from t") == [2])
            #expect(client.statistics.connects == 1)
            await client.shutdown()
        }
    }

    @Test("a deferred constraint fails the one-shot, and COMMIT of a lease")
    func deferred() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            try await client.execute(
                "create table t (n int, constraint t_n_key unique (n) deferrable initially deferred)")
            let error = await failure { () async throws(PostgresError) in
                try await client.execute("insert into t values (1), (1)")
            }
            #expect(error?.serverFault?.constraint == "t_n_key")

            let lease = client.begin()
            _ = try await lease.run(["insert into t values (2), (2)"])
            let late = await failure { () async throws(PostgresError) in try await lease.commit() }
            #expect(late?.sqlState == "23505")
            #expect(try await client.integers("select count(*) from t") == [0])
            await client.shutdown()
        }
    }

    @Test("the fields of a server fault arrive")
    func faultFields() async throws {
        try await withDatabase { database in
            let client = try database.client()
            try await client.execute("create table t (n int constraint t_positive check (n > 0))")
            let error = await failure { () async throws(PostgresError) in
                try await client.execute("insert into t values (-1)")
            }
            let fault = try #require(error?.serverFault)
            #expect(fault.sqlState == "23514")
            #expect(fault.constraint == "t_positive")
            #expect(fault.table == "t" && fault.schema == "public")
            #expect(fault.detail?.contains("-1") == true)
            let raised = await failure { () async throws(PostgresError) in
                try await client.execute(
                    "do $$ begin raise 'full' using errcode = 'RK001', detail = '{\"limit\": 5}'; end $$")
            }
            #expect(raised?.sqlState == "RK001")
            #expect(raised?.serverFault?.detail == #"{"limit": 5}"#)
            await client.shutdown()
        }
    }

    @Test("the statement cache stays within its size")
    func eviction() async throws {
        try await withDatabase { database in
            let client = try database.client {
                $0.maxConnections = 1
                $0.statementCacheSize = 8
            }
            let statements: [SQL] = [
                "select 1", "select 2", "select 3", "select 4", "select 5", "select 6", "select 7", "select 8",
                "select 9", "select 10", "select 11", "select 12", "select 13", "select 14", "select 15",
            ]
            for _ in 0..<3 {
                for (index, statement) in statements.enumerated() {
                    #expect(try await client.integers(statement) == [index + 1])
                }
            }
            let all = try await client.execute(statements)
            #expect(all.count == statements.count)
            for _ in 0..<12 { _ = try await client.execute("select 16") }
            let names = try await client.strings("select name from pg_prepared_statements where name like 's%'")
            #expect(names.count <= 16)
            await client.shutdown()
        }
    }

    @Test("a changed result type is prepared anew without the caller noticing")
    func planChange() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            let statement: SQL = "select * from t"
            try await client.execute("create table t (a int)")
            #expect(try await client.execute(statement).columnCount == 1)
            try await client.execute("alter table t add b int")
            await withTaskGroup(of: Int?.self) { group in
                for _ in 0..<20 { group.addTask { try? await client.execute(statement).columnCount } }
                for await count in group { #expect(count == 2) }
            }
            let held = client.begin()
            _ = try await held.run([statement])
            try await held.commit()
            try await client.execute("alter table t add c int")
            let lease = client.begin()
            let error = await failure { () async throws(PostgresError) in try await lease.run([statement]) }
            #expect(error?.isRetryable == true)
            lease.rollback()
            #expect(try await client.execute(statement).columnCount == 3)
            await client.shutdown()
        }
    }

    @Test("statements that vanished from the session are prepared anew")
    func vanished() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            let statement: SQL = "select 42"
            #expect(try await client.integers(statement) == [42])
            let names = try await client.strings(
                "select name from pg_prepared_statements where statement = 'select 42'")
            #expect(names.count == 1)
            try await client.execute(
                "do $$ declare n text; begin for n in select name from pg_prepared_statements where statement = 'select 42' loop execute 'deallocate ' || n; end loop; end $$"
            )
            #expect(try await client.integers(statement) == [42])
            await client.shutdown()
        }
    }

    @Test("a statement over its time limit is a timeout, and the connection goes on")
    func statementTimeout() async throws {
        try await withDatabase { database in
            let client = try database.client {
                $0.statementTimeout = .milliseconds(100)
                $0.maxConnections = 1
            }
            let error = await failure { () async throws(PostgresError) in
                try await client.execute("select pg_sleep(20)")
            }
            guard case .timeout = error else {
                Issue.record("another outcome was expected")
                return
            }
            #expect(try await client.integers("select 1") == [1])
            #expect(client.statistics.connects == 1)
            await client.shutdown()
        }
    }

    @Test("large values pass in both directions while the socket is full")
    func large() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            await withTaskGroup(of: Int?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let bytes = [UInt8](repeating: 7, count: 8 << 20)
                        return try? await client.execute("select \(bytes)").first {
                            (row: inout RowReader) throws(PostgresError) -> [UInt8] in
                            try row.next()
                        }?.count
                    }
                }
                for await count in group { #expect(count == 8 << 20) }
            }
            await client.shutdown()
        }
    }

    @Test("submit answers on the client's thread")
    func submit() async throws {
        try await withDatabase { database in
            let client = try database.client()
            let count: Int = await withCheckedContinuation { continuation in
                client.submit(["select 1", "select 2 union all select 3"]) { outcome in
                    continuation.resume(returning: (try? outcome.get().last?.count) ?? -1)
                }
            }
            #expect(count == 2)
            await client.shutdown()
        }
    }
}
