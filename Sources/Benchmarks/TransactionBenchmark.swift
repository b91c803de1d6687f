import Foundation
import Kernel
import Logging
import Persistence
import PostgresClient
import Synchronization
@_spi(ScopeMinting) import Tenancy

/// What a tenant's transaction with one lookup by key costs, in this process and in PostgreSQL, without any HTTP around it.
///
/// Prints a line for reading and one for writing transactions: name, number, CPU seconds here and in PostgreSQL.
struct TransactionBenchmark {
    private let database: TenantDatabase
    private let scope: TenantScope
    private let devices: Int
    private let seconds: Double
    /// As many as ask at once under load; more than there are connections.
    private static let tasks = 64

    static func run(_ arguments: [String], logger: Logger) async throws {
        guard let url = arguments.first else {
            print("usage: rookery-benchmarks transactions URL [SECONDS]")
            exit(64)
        }
        let configuration = PostgresConfiguration(url: url)
        let devices = 1_000
        let fleet = try await BenchmarkFleet.make(configuration, devices: devices, logger: logger)
        let databases = try Databases(configuration: configuration, password: nil, logger: logger)
        let benchmark = TransactionBenchmark(
            database: databases.tenant,
            scope: TenantScope(organizationID: fleet.organizationID, actor: .system("benchmark")), devices: devices,
            seconds: arguments.dropFirst().first.flatMap { Double($0) } ?? 5)
        for (name, access) in [("reading", Access.readOnly), ("writing", .readWrite)] {
            _ = try await benchmark.transactions(access, for: 1)
            let (own, postgres) = (ProcessorTime.ownSeconds(), ProcessorTime.backendSeconds(role: "rookery_api"))
            let count = try await benchmark.transactions(access, for: benchmark.seconds)
            let ownTime = ProcessorTime.ownSeconds() - own
            let postgresTime = ProcessorTime.backendSeconds(role: "rookery_api") - postgres
            print("\(name)\t\(count)\t\(ownTime)\t\(postgresTime)")
        }
        await databases.shutdown()
    }

    private func transactions(_ access: Access, for seconds: Double) async throws -> Int {
        let end = ContinuousClock.now + .milliseconds(Int(seconds * 1_000))
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<Self.tasks {
                group.addTask {
                    var done = 0
                    while ContinuousClock.now < end {
                        try await lookUp((number + done * Self.tasks) % devices + 1, access)
                        done += 1
                    }
                    return done
                }
            }
            return try await group.reduce(0, +)
        }
    }

    private func lookUp(_ number: Int, _ access: Access) async throws {
        let key = "bench-\(number)"
        let name: String? = try await database.withTransaction(scope, access) {
            (tx: borrowing TenantTransaction) async throws -> String? in
            try await tx.first(
                "select name from app.devices where device_key = \(key) and deleted_at is null /* benchmark.look_up */"
            ) {
                row in
                try row.next()
            }
        }
        precondition(name == "Bench device \(number)", "the device is not found")
    }
}
