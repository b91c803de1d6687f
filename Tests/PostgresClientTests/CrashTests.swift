import Foundation
import PostgresClient
import Synchronization
import TestStorage
import Testing

@Suite("A crashing server")
struct CrashTests {
    /// Numbers whose insertion was acknowledged, and the errors of the others.
    private final class Record: Sendable {
        struct State {
            var acknowledged: [Int] = []
            var strange: [String] = []
            var next = 0
            var isStopped = false
        }
        let state = Mutex(State())

        func next() -> Int? {
            state.withLock { state in
                state.next += 1
                return state.isStopped ? nil : state.next
            }
        }
    }

    @Test("what was acknowledged is stored, nothing hangs, and work goes on by itself")
    func crashes() async throws {
        let cluster = try await ThrowAwayCluster()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await crashes(cluster)) } catch { outcome = .failure(error) }
        await cluster.destroy()
        try outcome.get()
    }

    private func crashes(_ cluster: ThrowAwayCluster) async throws {
        let url = "postgres://keeper@127.0.0.1:\(cluster.port)/postgres?sslmode=require"
        let client = try PostgresClient(configuration: PostgresConfiguration(url: url), logger: TestDatabase.quiet)
        try await client.execute("create table t (n bigint primary key)")
        let record = Record()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<16 {
                group.addTask {
                    while let number = record.next() {
                        await Self.insert(number, viaLease: worker % 2 == 0, client, record)
                    }
                }
            }
            for _ in 0..<5 {
                try await cluster.crash()
                let before = record.state.withLock { $0.acknowledged.count }
                try await eventually("work goes on within 10 s") {
                    record.state.withLock { $0.acknowledged.count } > before + 50
                }
            }
            record.state.withLock { $0.isStopped = true }
            try await group.waitForAll()
        }
        let stored = Set(try await client.integers("select n from t"))
        let (acknowledged, strange) = record.state.withLock { ($0.acknowledged, $0.strange) }
        #expect(Set(acknowledged).isSubset(of: stored))
        #expect(strange.isEmpty, "\(strange.prefix(3))")
        await client.shutdown()
    }

    private static func insert(_ number: Int, viaLease: Bool, _ client: PostgresClient, _ record: Record) async {
        let statement: SQL = "insert into t values (\(number))"
        let error = await failure { () async throws(PostgresError) in
            if viaLease {
                let lease = client.begin()
                _ = try await lease.run([statement])
                try await lease.commit()
            } else {
                try await client.execute(statement)
            }
        }
        record.state.withLock { state in
            switch error {
            case nil: state.acknowledged.append(number)
            case .connectionLost, .notConnected, .overloaded: break
            case let other?: state.strange.append("\(other)")
            }
        }
    }
}
