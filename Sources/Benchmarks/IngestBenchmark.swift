import Foundation
import Kernel
import Logging
import Persistence
import Pipeline
import PostgresClient
import Synchronization
import Telemetry

/// Many clients that decode a body, hand it to the pipeline, and wait for the commit, again and again.
struct IngestBenchmark {
    struct Shape: Sendable {
        var clients: Int
        var messagesPerRequest: Int
    }

    let configuration: PostgresConfiguration
    let fleet: BenchmarkFleet
    let lanes: Int
    let shape: Shape
    let seconds: Double
    let logger: Logger

    func run() async throws {
        let client = try PostgresClient(
            configuration: configuration.signedIn(as: "rookery_ingest", password: nil), logger: logger)
        var settings = PipelineSettings()
        settings.lanes = lanes
        let pipeline = TelemetryPipeline(database: IngestDatabase(client: client), settings: settings, logger: logger)
        async let running: Void = pipeline.run()
        try await warmUp(pipeline)
        try await send(pipeline, for: 0.3)
        let commits = pipeline.counters.commits.load(ordering: .relaxed)
        let (own, database, start) = (
            ProcessorTime.ownSeconds(), ProcessorTime.backendSeconds(role: "rookery_ingest"), ContinuousClock.now
        )
        let messages = try await send(pipeline, for: seconds)
        let elapsed = Double((ContinuousClock.now - start).wholeMicroseconds) / 1e6
        let ownTime = (ProcessorTime.ownSeconds() - own) * 1e6 / Double(messages)
        let databaseTime = (ProcessorTime.backendSeconds(role: "rookery_ingest") - database) * 1e6 / Double(messages)
        let perCommit = Double(messages) / Double(max(pipeline.counters.commits.load(ordering: .relaxed) - commits, 1))
        let trouble = [
            pipeline.counters.failures.load(ordering: .relaxed), pipeline.counters.duplicates.load(ordering: .relaxed),
            pipeline.counters.deadLetters.load(ordering: .relaxed),
        ]
        if trouble.contains(where: { $0 > 0 }) { print("failures, duplicates, dead letters: \(trouble)") }
        pipeline.shutDown()
        await running
        await client.shutdown()
        print(
            String(
                format:
                    "%d lanes, %3d clients x %3d messages: %8.0f messages/s, %6.1f a commit, CPU us a message: server %6.2f, PostgreSQL %6.2f",
                lanes, shape.clients, shape.messagesPerRequest, Double(messages) / elapsed, perCommit, ownTime,
                databaseTime))
    }

    /// Lets the lanes meet every device.
    private func warmUp(_ pipeline: TelemetryPipeline) async throws {
        for start in stride(from: 0, to: fleet.sources.count, by: 1_000) {
            let devices = Array(fleet.sources[start..<min(start + 1_000, fleet.sources.count)])
            var text = "{\"messages\":["
            for index in devices.indices {
                text += "\(index > 0 ? "," : ""){\"device\":\"\(index)\",\"values\":{\"level\":1}}"
            }
            let batch = try MessageDecoder.decode(bytes: Array((text + "]}").utf8), form: .manyDevices)
            _ = try await pipeline.submit(batch, from: devices, in: fleet.organizationID, origin: .api)
        }
    }

    @discardableResult
    private func send(_ pipeline: TelemetryPipeline, for seconds: Double) async throws -> Int {
        let end = ContinuousClock.now + .milliseconds(Int(seconds * 1_000))
        let total = Atomic<Int>(0)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<shape.clients {
                group.addTask { try await client(number, pipeline, until: end) }
            }
            for try await count in group { total.add(count, ordering: .relaxed) }
        }
        return total.load(ordering: .relaxed)
    }

    /// A client has devices of its own; the time of its messages goes on from run to run.
    private func client(_ number: Int, _ pipeline: TelemetryPipeline, until end: ContinuousClock.Instant) async throws
        -> Int
    {
        let own = stride(from: number, to: fleet.sources.count, by: shape.clients).map { fleet.sources[$0] }
        var (sent, turn) = (0, 0)
        while ContinuousClock.now < end {
            let device = own[turn % own.count]
            turn += 1
            let time = Timestamp.now().milliseconds - Int64(shape.messagesPerRequest)
            let body = BenchmarkFleet.body(count: shape.messagesPerRequest, from: time)
            let batch = try MessageDecoder.decode(bytes: body, form: .singleDevice)
            let receipt = try await pipeline.submit(batch, from: [device], in: fleet.organizationID, origin: .api)
            sent += receipt.accepted
        }
        return sent
    }
}
