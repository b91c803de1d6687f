import Foundation
import JSON
import Kernel
import Logging
import Persistence
import PostgresClient
import Synchronization
import Tenancy
import TestStorage
import Testing

@Suite("Transactions")
struct TransactionTests {
    @Test("an organization sees its own rows and nobody else's, and its audit says who did what")
    func scope() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            try await farm.addSite("barn", to: farm.north)
            #expect(try await farm.sites(of: farm.north) == ["barn"])
            #expect(try await farm.sites(of: farm.south) == [])

            let entry = try await farm.databases.tenant.withTransaction(farm.north, .readOnly) {
                (tx: borrowing TenantTransaction) async throws -> [String] in
                try await tx.all(
                    "select action_key, actor_label, host(ip), request_id from app.audit_entries order by audit_seq desc limit 1"
                ) { (row: inout RowReader) throws -> [String] in
                    [try row.next(), try row.next(), try row.next(), try row.next()]
                }.first ?? []
            }
            #expect(entry == ["site.create", "ada@example.org", "192.0.2.7", "req-1"])
            let broken = try await farm.databases.tenant.withTransaction(farm.north, .readOnly) {
                (tx: borrowing TenantTransaction) async throws -> [Int?] in
                try await tx.all("select entries, broken_seq from app.audit_verify()") {
                    (row: inout RowReader) throws -> [Int?] in [try row.next(), try row.next()]
                }.first ?? []
            }
            #expect(broken == [2, nil])
        }
    }

    @Test("without a scope, and for the pipeline's role, the tables are closed")
    func outside() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            try await farm.addSite("barn", to: farm.north)
            let names = try await farm.databases.auth.all("select name from app.sites") {
                (row: inout RowReader) throws -> String in try row.next()
            }
            #expect(names == [])
            await #expect(throws: PostgresError.self) {
                try await farm.databases.ingest.execute("select * from app.sites")
            }
        }
    }

    @Test("writing into another organization is our fault, and loud")
    func denied() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            let log = LogRecorder()
            let databases = try Databases(
                configuration: farm.database.configuration, password: TestDatabase.rolePassword, logger: log.logger)
            let error = await serviceError {
                try await databases.tenant.withTransaction(farm.north) {
                    (tx: borrowing TenantTransaction) async throws -> Void in
                    try await tx.execute(
                        "insert into app.sites (organization_id, name) values (\(farm.south.organizationID), 'stolen')")
                }
            }
            #expect(error?.code == .internalError)
            #expect(log.count(.critical) == 1)
            #expect(try await farm.sites(of: farm.south) == [])
            await databases.shutdown()
        }
    }

    @Test("a thrown error undoes everything, audit and effects included")
    func undone() async throws {
        struct Stop: Error {}
        try await withFarm { (farm: Farm) async throws -> Void in
            let effects = Counter()
            await #expect(throws: Stop.self) {
                try await farm.databases.tenant.withTransaction(farm.north) {
                    (tx: borrowing TenantTransaction) async throws -> Void in
                    try await tx.execute(
                        "insert into app.sites (organization_id, name) values (\(farm.north.organizationID), 'gone')")
                    tx.record(AuditRecord(action: "site.create", resourceKind: "site"))
                    tx.afterCommit { effects.increment() }
                    throw Stop()
                }
            }
            #expect(try await farm.sites(of: farm.north) == [])
            #expect(try await farm.auditCount(of: farm.north) == 1)
            #expect(effects.value == 0)
        }
    }

    @Test("a conflict runs the body again, even under another name, and effects happen once")
    func conflict() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            let runs = Counter(), effects = Counter()
            try await farm.databases.tenant.withTransaction(farm.north) {
                (tx: borrowing TenantTransaction) async throws -> Void in
                runs.increment()
                try await tx.execute(
                    "insert into app.sites (organization_id, name) values (\(farm.north.organizationID), 'barn')")
                tx.record(AuditRecord(action: "site.create", resourceKind: "site"))
                tx.afterCommit { effects.increment() }
                if runs.value < 3 {
                    do {
                        try await tx.execute("do $$ begin raise 'busy' using errcode = '40001'; end $$")
                    } catch {
                        throw ServiceError(.conflict, "renamed")
                    }
                }
            }
            #expect(runs.value == 3)
            #expect(effects.value == 1)
            #expect(try await farm.sites(of: farm.north) == ["barn"])
            #expect(try await farm.auditCount(of: farm.north) == 2)
        }
    }

    @Test("two transactions that deadlock both succeed")
    func deadlock() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            try await farm.addSite("one", to: farm.north)
            try await farm.addSite("two", to: farm.north)
            let arrivals = Counter()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [["one", "two"], ["two", "one"]] {
                    group.addTask {
                        try await farm.databases.tenant.withTransaction(farm.north) {
                            (tx: borrowing TenantTransaction) async throws -> Void in
                            try await tx.execute("update app.sites set code_key = \(order[0]) where name = \(order[0])")
                            arrivals.increment()
                            while arrivals.value < 2 { try await tx.execute("select pg_sleep(0.005)") }
                            try await tx.execute("update app.sites set custom = '{\"n\": 1}' where name = \(order[1])")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(arrivals.value >= 3)
        }
    }

    @Test("a connection lost before COMMIT runs the body again")
    func lost() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            let runs = Counter()
            try await farm.databases.tenant.withTransaction(farm.north) {
                (tx: borrowing TenantTransaction) async throws -> Void in
                runs.increment()
                try await tx.execute(
                    "insert into app.sites (organization_id, name) values (\(farm.north.organizationID), 'barn')")
                if runs.value == 1 { try await tx.execute("select pg_terminate_backend(pg_backend_pid())") }
            }
            #expect(runs.value == 2)
            #expect(try await farm.sites(of: farm.north) == ["barn"])
        }
    }

    @Test("a transaction in a transaction is refused; in a task that outlives it, not")
    func nesting() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            let error = await serviceError {
                try await farm.databases.tenant.withTransaction(farm.north) {
                    (tx: borrowing TenantTransaction) async throws -> Void in
                    try await tx.execute("select 1")
                    try await farm.databases.system.withTransaction(.system("inner")) {
                        (tx: borrowing SystemTransaction) async throws -> Void in try await tx.execute("select 1")
                    }
                }
            }
            #expect(error?.code == .internalError)
            let later = try await farm.databases.tenant.withTransaction(farm.north) {
                (tx: borrowing TenantTransaction) async throws -> Task<[String], any Error> in
                try await tx.execute("select 1")
                return Task {
                    while (try? await farm.sites(of: farm.north)) == nil { try await Task.sleep(for: .milliseconds(1)) }
                    return try await farm.sites(of: farm.north)
                }
            }
            #expect(try await later.value == [])
        }
    }

    @Test("a used-up quota says what is used up")
    func quota() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            try await farm.addSite("one", to: farm.north)
            try await farm.addSite("two", to: farm.north)
            let error = await serviceError { try await farm.addSite("three", to: farm.north) }
            #expect(error?.code == .quotaExceeded)
            #expect(error?.members["resource"] == .string("sites"))
            #expect(error?.members["limit"] == .integer(2))
            #expect(error?.members["used"] == .integer(2))
            try await farm.addSite("one", to: farm.south)
        }
    }

    @Test("a read-only transaction can neither write nor record")
    func readOnly() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            let recorded = await serviceError {
                try await farm.databases.tenant.withTransaction(farm.north, .readOnly) {
                    (tx: borrowing TenantTransaction) async throws -> Void in
                    tx.record(AuditRecord(action: "site.read", resourceKind: "site"))
                }
            }
            #expect(recorded?.code == .internalError)
            #expect(try await farm.auditCount(of: farm.north) == 1)
            let written = await serviceError {
                try await farm.databases.tenant.withTransaction(farm.north, .readOnly) {
                    (tx: borrowing TenantTransaction) async throws -> Void in
                    let sites: Int? = try await tx.first("select count(*) from app.sites") { row in try row.next() }
                    #expect(sites == 0)
                    try await tx.execute("update app.organizations set name = 'taken' where id = app.organization_id()")
                }
            }
            // The answer of a standby, too: to try again later is right there.
            #expect(written?.code == .unavailable)
        }
    }

    @Test("a database out of reach is unavailable, with a time to come back")
    func unreachable() async throws {
        var configuration = PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/nothing")
        configuration.maxWaitingTime = .milliseconds(100)
        let databases = try Databases(
            configuration: configuration, password: TestDatabase.rolePassword, logger: EmptyDatabase.quiet)
        let error = await serviceError {
            _ = try await databases.tenant.withTransaction(Farm.scope(.make())) {
                (tx: borrowing TenantTransaction) async throws -> Int in try await tx.execute("select 1")
            }
        }
        #expect(error?.code == .unavailable)
        #expect((error?.retryAfter ?? 0) > 0)
        await databases.shutdown()
    }

    @Test(
        "a feed that lost its LISTEN is not trusted, and has everything forgotten when it listens again",
        .timeLimit(.minutes(2)))
    func lostListen() async throws {
        try await withFarm { farm in
            let feed = farm.databases.invalidations
            let (stream, continuation) = AsyncStream.makeStream(of: Invalidation.self)
            feed.subscribe { continuation.yield($0) }
            let running = Task { await feed.run() }
            while !feed.isHealthy { try await Task.sleep(for: .milliseconds(2)) }
            let name = farm.database.name
            let owner = try await PostgresConsole.open(farm.database.configuration, logger: EmptyDatabase.quiet)
            let system = try await PostgresConsole.open(
                farm.database.configuration.signedIn(as: "rookery_system", password: TestDatabase.rolePassword),
                logger: EmptyDatabase.quiet)
            // Nobody gets in, so that the gap lasts until the test ends it.
            try await owner.run(script: "alter database \(name) connection limit 0")
            try await system.run(
                script: """
                    select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and usename = 'rookery_system' and query ilike 'listen%'
                    """)
            while feed.isHealthy { try await Task.sleep(for: .milliseconds(2)) }
            try await system.run(script: "select app.invalidate_for(null, 'tier', null)")
            try await owner.run(script: "alter database \(name) connection limit -1")
            while !feed.isHealthy { try await Task.sleep(for: .milliseconds(2)) }
            // What the table said in the meantime may have been read, and is told first.
            var told: [Invalidation] = []
            for await news in stream {
                told.append(news)
                if news == .everything { break }
            }
            #expect(told.allSatisfy { $0 == .everything || $0 == .one(.tier, organizationID: nil, subjectID: nil) })
            owner.close()
            system.close()
            running.cancel()
            await running.value
        }
    }

    @Test("an invalidation is told on the own node before the transaction returns, and on another by its feed")
    func invalidation() async throws {
        try await withFarm { (farm: Farm) async throws -> Void in
            let own = Mutex<[Invalidation]>([])
            farm.databases.invalidations.subscribe { news in own.withLock { $0.append(news) } }
            let other = try Databases(
                configuration: farm.database.configuration, password: TestDatabase.rolePassword,
                logger: EmptyDatabase.quiet)
            let (stream, continuation) = AsyncStream.makeStream(of: Invalidation.self)
            other.invalidations.subscribe { continuation.yield($0) }
            let feed = Task { await other.invalidations.run() }
            while !other.invalidations.isHealthy { try await Task.sleep(for: .milliseconds(2)) }
            let site = UUID()
            let news = Invalidation.one(.site, organizationID: farm.north.organizationID, subjectID: site)
            try await farm.databases.tenant.withTransaction(farm.north) {
                (tx: borrowing TenantTransaction) async throws -> Void in
                try await tx.execute("select 1")
                tx.invalidate(.site, site)
                tx.invalidate(.site, site)
                #expect(own.withLock { $0 } == [], "nothing is stale before COMMIT")
            }
            #expect(own.withLock { $0 } == [news])
            var received = stream.makeAsyncIterator()
            #expect(await received.next() == news)
            feed.cancel()
            await feed.value
            await other.shutdown(grace: .seconds(1))
        }
    }

    @Test("what a failed transaction would have made stale is told to nobody")
    func noInvalidation() async throws {
        struct Change: Error {}
        try await withFarm { (farm: Farm) async throws -> Void in
            let told = Mutex<[Invalidation]>([])
            farm.databases.invalidations.subscribe { news in told.withLock { $0.append(news) } }
            await #expect(throws: Change.self) {
                try await farm.databases.tenant.withTransaction(farm.north) {
                    (tx: borrowing TenantTransaction) async throws -> Void in
                    try await tx.execute("select 1")
                    tx.invalidate(.site, UUID())
                    throw Change()
                }
            }
            #expect(told.withLock { $0 } == [])
        }
    }
}

extension Farm {
    func addSite(_ name: String, to scope: TenantScope) async throws {
        try await databases.tenant.withTransaction(scope) { (tx: borrowing TenantTransaction) async throws -> Void in
            try await tx.execute(
                "insert into app.sites (organization_id, name) values (\(tx.scope.organizationID), \(name)) /* test.site */"
            )
            tx.record(
                AuditRecord(action: "site.create", resourceKind: "site", changes: ["name": ["new": .string(name)]]))
        }
    }

    func sites(of scope: TenantScope) async throws -> [String] {
        try await databases.tenant.withTransaction(scope, .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> [String] in
            try await tx.all("select name from app.sites order by name") {
                (row: inout RowReader) throws -> String in try row.next()
            }
        }
    }

    func auditCount(of scope: TenantScope) async throws -> Int {
        try await databases.tenant.withTransaction(scope, .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> Int in
            try await tx.first("select count(*) from app.audit_entries") {
                (row: inout RowReader) throws -> Int in try row.next()
            } ?? 0
        }
    }
}

func serviceError(of operation: () async throws -> Void) async -> ServiceError? {
    do {
        try await operation()
        return nil
    } catch {
        return error as? ServiceError
    }
}

final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func increment() { count.add(1, ordering: .sequentiallyConsistent) }
}
