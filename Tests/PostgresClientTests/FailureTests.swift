import Foundation
import PostgresClient
import Testing

@Suite("Failures and limits")
struct FailureTests {
    @Test("cancelling a request in flight stops it at the server and keeps the connection")
    func cancelled() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            let watcher = try database.client()
            for _ in 0..<5 {
                let task = Task { try await client.execute("select pg_sleep(60)") }
                try await eventually("the sleeper is seen") { try await watcher.isSleeping() }
                task.cancel()
                let error = await failure { () async throws(PostgresError) in
                    do { _ = try await task.value } catch { throw error as? PostgresError ?? .misuse("\(error)") }
                }
                guard case .cancelled = error else {
                    Issue.record("another outcome was expected")
                    return
                }
                #expect(try await client.integers("select 1") == [1])
                #expect(try await watcher.isSleeping() == false)
            }
            #expect(client.statistics.connects == 1)
            await client.shutdown()
            await watcher.shutdown()
        }
    }

    @Test("cancelling one of many on a connection never hits another")
    func cancelledAmongMany() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 2 }
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<400 {
                    group.addTask {
                        let task = Task { try await client.integers("select \(number) from pg_sleep(0.001)") }
                        if number % 3 == 0 {
                            if number % 2 == 0 { await Task.yield() }
                            task.cancel()
                            _ = try? await task.value
                            return true
                        }
                        return (try? await task.value) == [number]
                    }
                }
                for await isRight in group { #expect(isRight) }
            }
            await client.shutdown()
        }
    }

    @Test("a lost connection fails what was in flight and is replaced")
    func lost() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxConnections = 1 }
            let watcher = try database.client()
            let terminate: SQL = """
                select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                """
            let sleeper = Task { () async -> PostgresError? in
                await failure { () async throws(PostgresError) in try await client.execute("select pg_sleep(60)") }
            }
            try await eventually("the sleeper is seen") { try await watcher.isSleeping() }
            #expect(try await watcher.integers(terminate) == [1])
            guard case .connectionLost(sent: true) = await sleeper.value else {
                Issue.record("another outcome was expected")
                return
            }
            #expect(try await client.integers("select 1") == [1])

            let lease = client.begin()
            _ = try await lease.run(["select 1"])
            #expect(try await watcher.integers(terminate) == [1])
            let error = await failure { () async throws(PostgresError) in
                _ = try await lease.run(["select 2"])
                return try await lease.run(["select 3"])
            }
            guard case .connectionLost(sent: false) = error else {
                Issue.record("another outcome was expected")
                return
            }
            lease.rollback()
            #expect(try await client.integers("select 1") == [1])
            #expect(client.statistics.connects == 3)
            await client.shutdown()
            await watcher.shutdown()
        }
    }

    @Test("waiting is bounded in number and in time")
    func overload() async throws {
        try await withDatabase { database in
            let client = try database.client {
                $0.maxConnections = 1
                $0.maxWaiting = 10
                $0.maxWaitingTime = .milliseconds(1_500)
            }
            let lease = client.begin()
            _ = try await lease.run(["select 1"])
            let clock = ContinuousClock()
            let start = clock.now
            let refused = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let error = await failure { () async throws(PostgresError) in
                            try await client.execute("select 1")
                        }
                        if case .overloaded(let seconds) = error { return seconds > 0 } else { return false }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(refused == 50)
            #expect(client.statistics.refusals == 40)
            #expect(clock.now - start < .seconds(10))
            try await lease.commit()
            #expect(try await client.integers("select 1") == [1])
            await client.shutdown()
        }
    }

    @Test("an unreachable server is reported after the waiting time")
    func unreachable() async throws {
        var configuration = PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/nothing")
        configuration.maxWaitingTime = .milliseconds(300)
        let client = try PostgresClient(configuration: configuration, logger: TestDatabase.quiet)
        let error = await failure { () async throws(PostgresError) in try await client.execute("select 1") }
        guard case .notConnected(let reason) = error else {
            Issue.record("another outcome was expected")
            return
        }
        #expect(reason.contains("refused"))
        #expect(client.statistics.failures > 1)
        await client.shutdown()
    }

    @Test("a server that accepts and says nothing runs into the connect timeout")
    func silent() async throws {
        let listener = try SilentListener()
        defer { listener.close() }
        var configuration = PostgresConfiguration(url: "postgres://nobody@127.0.0.1:\(listener.port)/nothing")
        configuration.connectTimeout = .milliseconds(200)
        configuration.maxWaitingTime = .milliseconds(600)
        let client = try PostgresClient(configuration: configuration, logger: TestDatabase.quiet)
        let error = await failure { () async throws(PostgresError) in try await client.execute("select 1") }
        guard case .notConnected(let reason) = error else {
            Issue.record("another outcome was expected")
            return
        }
        #expect(reason.contains("timeout"))
        await client.shutdown()
    }

    @Test("after shutdown everything is refused")
    func shutdown() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.lockTimeout = .zero }
            let watcher = try database.client()
            let gate = watcher.begin()
            _ = try await gate.run(["select pg_advisory_xact_lock(7)"])
            async let slow = client.integers("select 5 from (select pg_advisory_xact_lock(7)) as gate")
            try await eventually("the request waits at the gate") {
                try await watcher.integers("select count(*) from pg_locks where locktype = 'advisory' and not granted")
                    != [0]
            }
            async let end: Void = client.shutdown(grace: .seconds(30))
            try await gate.commit()
            #expect(try await slow == [5])
            await end
            await watcher.shutdown()
            let error = await failure { () async throws(PostgresError) in try await client.execute("select 1") }
            guard case .shutdown = error else {
                Issue.record("another outcome was expected")
                return
            }
        }
    }

    @Test("a URL that cannot be parsed is refused without showing its password")
    func badURL() {
        #expect(throws: PostgresError.self) {
            try PostgresClient(
                configuration: PostgresConfiguration(url: "postgres://a:secret@host:port:1/%zz"),
                logger: TestDatabase.quiet)
        }
    }
}

/// A socket that listens and never answers.
struct SilentListener {
    private let descriptor: Int32
    let port: UInt16

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        try #require(isListening)
        port = UInt16(bigEndian: address.sin_port)
    }

    func close() { _ = Foundation.close(descriptor) }
}
