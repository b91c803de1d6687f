import Glibc
import Kernel
import Logging
import Persistence
import Pipeline
import PostgresClient

/// Measures the way of a measurement from its JSON to the disk, in this process and in PostgreSQL.
///
/// `rookery-benchmarks URL [DEVICES] [SECONDS]`: `URL` names a migrated database, whose roles sign in without a password
/// beyond what the URL holds. It makes an organization of its own there, with 3 rules that 5-point messages touch.
///
/// `rookery-benchmarks transactions URL [SECONDS]` measures a tenant's transaction with one lookup there.
///
/// `rookery-benchmarks series [SHARED] [DIRECTORY]` measures the series codec instead, see ``SeriesBenchmark``;
/// `rookery-benchmarks topics [COUNT]` the MQTT server's topic tree.
///
/// `rookery-benchmarks expressions [SECONDS]` measures expressions alone.
@main
struct Benchmarks {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "series" {
            try SeriesBenchmark.run(Array(arguments.dropFirst()))
            return
        }
        guard let url = arguments.first else {
            print(
                """
                usage: rookery-benchmarks URL [DEVICES] [SECONDS] | transactions URL [SECONDS]
                       | series [SHARED] [DIRECTORY] | topics [COUNT] | expressions [SECONDS]
                """)
            exit(64)
        }
        guard url != "expressions" else {
            return try ExpressionBenchmark.run(seconds: arguments.dropFirst().first.flatMap { Double($0) } ?? 1)
        }
        guard url != "topics" else {
            return TopicTreeBenchmark.run(subscriptions: arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000)
        }
        var logger = Logger(label: "benchmarks")
        logger.logLevel = .warning
        guard url != "transactions" else {
            return try await TransactionBenchmark.run(Array(arguments.dropFirst()), logger: logger)
        }
        let devices = arguments.dropFirst().first.flatMap { Int($0) } ?? 2_000
        let seconds = arguments.dropFirst(2).first.flatMap { Double($0) } ?? 5
        let configuration = PostgresConfiguration(url: url)
        let fleet = try await BenchmarkFleet.make(configuration, devices: devices, logger: logger)
        DecodingBenchmark.run(fleet, seconds: seconds)
        for lanes in [1, 2, 4] {
            for shape in [
                IngestBenchmark.Shape(clients: 1, messagesPerRequest: 1),
                IngestBenchmark.Shape(clients: 64, messagesPerRequest: 1),
                IngestBenchmark.Shape(clients: 256, messagesPerRequest: 1),
                IngestBenchmark.Shape(clients: 8, messagesPerRequest: 100),
                IngestBenchmark.Shape(clients: 32, messagesPerRequest: 100),
            ] {
                try await IngestBenchmark(
                    configuration: configuration, fleet: fleet, lanes: lanes, shape: shape, seconds: seconds,
                    logger: logger
                ).run()
            }
        }
    }
}
