import Kernel
import Logging
import Persistence
import PostgresClient

/// An organization with devices and three rules, made in the database.
struct BenchmarkFleet: Sendable {
    let organizationID: OrganizationID
    let sources: [SourceNumber]

    static func make(_ configuration: PostgresConfiguration, devices: Int, logger: Logger) async throws
        -> BenchmarkFleet
    {
        let organizationID = OrganizationID.make()
        let system = try PostgresClient(
            configuration: configuration.signedIn(as: "rookery_system", password: nil), logger: logger)
        try await system.execute("select app.ensure_partitions()")
        try await system.execute(
            """
            select app.organization_create(\(organizationID), null, 'customer', 'Benchmark',
                \("bench-" + organizationID.description.suffix(12).lowercased()), 'enterprise')
            """)
        await system.shutdown()
        let api = try PostgresClient(
            configuration: configuration.signedIn(as: "rookery_api", password: nil), logger: logger)
        let lease = api.begin(preamble: [
            "select set_config('app.organization_id', \(organizationID.description), true)"
        ])
        let keys = ["flow", "temperature", "pressure", "level", "voltage"]
        for key in keys { _ = try await lease.run(["select app.telemetry_key(\(key))"]) }
        for (name, key) in [("Flow", "flow"), ("Temperature", "temperature"), ("Pressure", "pressure")] {
            let rule = """
                {"schema": 1, "datapoint": "\(key)", "condition": {"operator": "gt", "value": 1000}}
                """
            _ = try await lease.run([
                """
                insert into app.alarm_rules (organization_id, name, scope, key_nos, rule, severity)
                values (app.organization_id(), \(name), 'organization', array[app.telemetry_key(\(key))],
                    \(PostgresJSON(rule)), 'warning')
                """
            ])
        }
        let rows = try await lease.run([
            """
            insert into app.devices (organization_id, device_key, serial_number, name, type_id, status)
            select app.organization_id(), 'bench-' || n, 'bench-' || n, 'Bench device ' || n,
                (select id from app.device_types limit 1), 'active'
            from generate_series(1, \(Int32(devices))::integer) as n
            returning source_no
            """
        ])
        let sources = try rows[0].map { (row: inout RowReader) throws -> SourceNumber in try row.next() }
        try await lease.commit()
        await api.shutdown()
        return BenchmarkFleet(organizationID: organizationID, sources: sources)
    }

    /// A request of one device: `count` messages of 5 points, a millisecond apart.
    static func body(count: Int, from milliseconds: Int64) -> [UInt8] {
        var text = count == 1 ? "" : "["
        for index in 0..<count {
            if index > 0 { text += "," }
            let wave = Double((milliseconds + Int64(index)) % 997) / 10
            text += """
                {"ts":\(milliseconds + Int64(index)),"values":{"temperature":\(wave),"flow":\(wave + 3),"level":12.5,\
                "pressure":\(101 + wave),"voltage":3.71}}
                """
        }
        text += count == 1 ? "" : "]"
        return Array(text.utf8)
    }
}
