import Alarms
import Foundation
import JSON
import Kernel
import Logging
import Persistence
import Pipeline
import PostgresClient
import Telemetry
import TestStorage
import Testing

/// A clock that says what the test sets, so that nothing depends on when the test runs.
final class SteadyClock: WallClock {
    let time: Timestamp
    init(_ time: Timestamp = Timestamp.now()) { self.time = time }
    func now() -> Timestamp { time }
}

/// A database of its own with an organization and devices, and pipelines over it.
struct PipelineFixture: Sendable {
    struct Device: Sendable {
        let id: DeviceID
        let source: SourceNumber
    }

    let database: TestDatabase
    let api: PostgresClient
    let ingest: PostgresClient
    let organizationID: OrganizationID
    let devices: [Device]

    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    static func with(devices: Int = 1, _ body: (PipelineFixture) async throws -> Void) async throws {
        try await TestDatabase.with { database in
            let fixture = try await PipelineFixture.make(database, devices: devices)
            do {
                try await body(fixture)
            } catch {
                await fixture.close()
                throw error
            }
            await fixture.close()
        }
    }

    private static func make(_ database: TestDatabase, devices count: Int) async throws -> PipelineFixture {
        func client(_ role: String) throws -> PostgresClient {
            let configuration = database.configuration.signedIn(as: role, password: TestDatabase.rolePassword)
            return try PostgresClient(configuration: configuration, logger: quiet)
        }
        let organizationID = OrganizationID.make()
        let system = try client("rookery_system")
        try await system.execute("select app.ensure_partitions()")
        try await system.execute(
            "select app.organization_create(\(organizationID), null, 'customer', 'Farm', 'farm', 'enterprise')")
        await system.shutdown()
        let api = try client("rookery_api")
        let rows = try await run(
            api, organizationID,
            """
            insert into app.devices (organization_id, device_key, serial_number, name, type_id, status)
            select app.organization_id(), 'device-' || n, 'serial-' || n, 'Device ' || n,
                (select id from app.device_types limit 1), 'active'
            from generate_series(1, \(Int32(count))::integer) as n
            returning id, source_no
            """)
        let devices = try rows.map { (row: inout RowReader) throws -> Device in
            Device(id: try row.next(), source: try row.next())
        }
        return PipelineFixture(
            database: database, api: api, ingest: try client("rookery_ingest"), organizationID: organizationID,
            devices: devices)
    }

    private func close() async {
        await api.shutdown()
        await ingest.shutdown()
    }

    // MARK: - The organization's rows

    private static func run(
        _ api: PostgresClient, _ organizationID: OrganizationID, _ sql: SQL
    ) async throws -> PostgresRows {
        let lease = api.begin(preamble: [
            "select set_config('app.organization_id', \(organizationID.description), true)"
        ])
        let rows = try await lease.run([sql])
        try await lease.commit()
        return try #require(rows.first)
    }

    @discardableResult
    func run(_ sql: SQL) async throws -> PostgresRows { try await Self.run(api, organizationID, sql) }

    func all<Value: PostgresDecodable>(_ sql: SQL, as: Value.Type = Value.self) async throws -> [Value] {
        try await run(sql).map { (row: inout RowReader) throws -> Value in try row.next() }
    }

    func one<Value: PostgresDecodable>(_ sql: SQL, as: Value.Type = Value.self) async throws -> Value {
        try #require(try await all(sql, as: Value.self).first)
    }

    /// How many statements of this database wait for somebody's transaction.
    func waiting() async throws -> Int {
        let console = try await PostgresConsole.open(database.configuration, logger: Self.quiet)
        defer { console.close() }
        // Others' statements are hidden from the migrating role, their locks are not.
        return try await console.query(
            """
            select count(*) from pg_locks l
            where not l.granted and l.pid in (
                select h.pid from pg_locks h join pg_database d on d.oid = h.database
                where d.datname = current_database())
            """
        ).first { (row: inout RowReader) throws -> Int in try row.next() } ?? 0
    }

    /// Runs statements as the role that owns the tables.
    func runAsOwner(_ script: String) async throws {
        let console = try await PostgresConsole.open(database.configuration, logger: Self.quiet)
        defer { console.close() }
        try await console.run(script: "set role rookery_owner; " + script)
    }

    func addRule(
        _ datapoint: String, _ condition: String, name: String = "Rule", seconds: Int = 0, clear: String = "null"
    ) async throws -> AlarmRuleID {
        let document = """
            {"schema": 1, "datapoint": "\(datapoint)", "condition": \(condition), "duration_seconds": \(seconds),
             "clear_condition": \(clear)}
            """
        return try await one(
            """
            insert into app.alarm_rules (organization_id, name, scope, key_nos, rule, severity)
            values (app.organization_id(), \(name), 'organization', array[app.telemetry_key(\(datapoint))],
                \(PostgresJSON(document)), 'warning')
            returning id
            """)
    }

    // MARK: - Pipelines

    func pipeline(
        clock: any WallClock = SystemClock(), _ adjust: (inout PipelineSettings) -> Void = { _ in }
    ) -> TelemetryPipeline {
        var settings = PipelineSettings()
        settings.lanes = 2
        adjust(&settings)
        return TelemetryPipeline(
            database: IngestDatabase(client: ingest), settings: settings, clock: clock, logger: Self.quiet)
    }

    /// Runs a pipeline while `body` uses it, and lets it finish what it took.
    func withPipeline(
        clock: any WallClock = SystemClock(), _ adjust: (inout PipelineSettings) -> Void = { _ in },
        _ body: (TelemetryPipeline) async throws -> Void
    ) async throws {
        let pipeline = pipeline(clock: clock, adjust)
        let running = Task { await pipeline.run() }
        do {
            try await body(pipeline)
        } catch {
            pipeline.shutDown()
            throw error
        }
        pipeline.shutDown()
        await running.value
    }

    @discardableResult
    func send(_ pipeline: TelemetryPipeline, _ text: String, device: Int = 0) async throws -> IngestReceipt {
        let batch = try MessageDecoder.decode(bytes: Array(text.utf8), form: .singleDevice)
        return try await pipeline.submit(batch, from: [devices[device].source], in: organizationID, origin: .api)
    }
}

/// Some milliseconds in the middle of today, and so in a leaf of the hot table.
let noon: Int64 = Timestamp.now().milliseconds / 86_400_000 * 86_400_000 + 43_200_000
