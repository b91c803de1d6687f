import Kernel
import Persistence
import Pipeline
import PostgresClient
import Telemetry
import TestStorage
import Testing

@Suite("Failures lose nothing and double nothing")
struct FailureTests {
    /// Ends the pipeline's sessions at the server.
    private func cutConnections(_ fixture: PipelineFixture) async throws {
        let configuration = fixture.database.configuration.signedIn(
            as: "rookery_ingest", password: TestDatabase.rolePassword)
        let console = try await PostgresConsole.open(configuration, logger: PipelineFixture.quiet)
        defer { console.close() }
        _ = try await console.query(
            """
            select pg_terminate_backend(pid) from pg_stat_activity
            where usename = current_user and datname = current_database() and pid <> pg_backend_pid()
            """)
    }

    @Test(
        "connections that break in the middle of commits: every acknowledged message is stored once, every alarm raised once"
    )
    func brokenConnections() async throws {
        try await PipelineFixture.with(devices: 4) { (fixture: PipelineFixture) async throws in
            _ = try await fixture.addRule("flow", #"{"operator": "gt", "value": 100}"#)
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                let cutting = Task {
                    for _ in 0..<15 {
                        try await cutConnections(fixture)
                        try await Task.sleep(for: .milliseconds(30))
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for device in 0..<4 {
                        group.addTask {
                            for step in 0..<60 {
                                // Ten low, ten high, and so on: three alarms each.
                                let flow = step / 10 % 2 == 0 ? 50 : 150
                                try await fixture.send(
                                    pipeline, #"{"ts": \#(noon + Int64(step)), "values": {"flow": \#(flow)}}"#,
                                    device: device)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await cutting.value
            }
            #expect(try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self) == 240)
            #expect(try await fixture.one("select count(*) from app.alarms", as: Int.self) == 12)
            #expect(
                try await fixture.one("select count(*) from app.alarms where cleared_at is null", as: Int.self) == 4)
        }
    }

    @Test("a message that can never be stored is put aside alone, with its reason, and its neighbours flow")
    func poison() async throws {
        try await PipelineFixture.with(devices: 3) { (fixture: PipelineFixture) async throws in
            try await fixture.runAsOwner(
                """
                create function app.refuse_poison() returns trigger language plpgsql as $$
                begin
                    if new.v[1] = 666 then raise exception using errcode = '22000', message = 'poisonous'; end if;
                    return new;
                end $$;
                grant execute on function app.refuse_poison() to rookery_writer;
                create trigger refuse_poison before insert on app.telemetry_hot for each row execute function app.refuse_poison();
                """)
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                let list = (0..<50).map {
                    #"{"ts": \#(noon + Int64($0)), "values": {"flow": \#($0 == 17 ? 666 : $0)}}"#
                }
                async let others = fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 1}}"#, device: 1)
                let receipt = try await fixture.send(pipeline, "[\(list.joined(separator: ","))]")
                #expect(receipt == IngestReceipt(accepted: 49, deadLetters: 1))
                let neighbour = try await others
                #expect(neighbour.accepted == 1)
            }
            #expect(try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self) == 50)
            #expect(
                try await fixture.one(
                    "select v from app.telemetry_latest where source_no = \(fixture.devices[0].source)",
                    as: [Double].self) == [49])
            let letter = try await fixture.one(
                "select convert_from(payload, 'UTF8') from app.dead_letters", as: String.self)
            #expect(letter.contains("666"))
            // It can be sent again as it is.
            _ = try MessageDecoder.decode(bytes: Array(letter.utf8), form: .singleDevice)
        }
    }

    @Test("what finds no room is refused at once and told when to come back")
    func backPressure() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            let pipeline = fixture.pipeline { $0.waitingMessagesPerLane = 10 }
            let list = (0..<10).map { #"{"ts": \#(noon + Int64($0)), "values": {"flow": 1}}"# }
            // Nobody works yet, so these wait.
            async let first = fixture.send(pipeline, "[\(list.joined(separator: ","))]")
            while pipeline.waitingMessages == 0 { await Task.yield() }
            let refusal = await #expect(throws: ServiceError.self) { try await fixture.send(pipeline, #"{"flow": 1}"#) }
            #expect(refusal?.code == .unavailable && refusal?.retryAfter != nil)
            let running = Task { await pipeline.run() }
            let taken = try await first
            #expect(taken.accepted == 10)
            #expect(try await fixture.send(pipeline, #"{"ts": \#(noon - 1), "values": {"flow": 1}}"#).accepted == 1)
            pipeline.shutDown()
            await running.value
        }
    }

    @Test("a shutdown commits what was taken and refuses the rest")
    func shutdown() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            let pipeline = fixture.pipeline()
            async let first = fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 1}}"#)
            while pipeline.waitingMessages == 0 { await Task.yield() }
            pipeline.shutDown()
            let refusal = await #expect(throws: ServiceError.self) { try await fixture.send(pipeline, #"{"flow": 1}"#) }
            #expect(refusal?.code == .unavailable)
            await pipeline.run()
            let taken = try await first
            #expect(taken.accepted == 1)
        }
    }

    @Test("who stops waiting does not stop the message")
    func cancellation() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            let pipeline = fixture.pipeline()
            let sending = Task { try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 1}}"#) }
            while pipeline.waitingMessages == 0 { await Task.yield() }
            sending.cancel()
            await #expect(throws: CancellationError.self) { try await sending.value }
            pipeline.shutDown()
            await pipeline.run()
            let stored = try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self)
            #expect(stored == 1)
        }
    }

    @Test("without a database the answer comes within the deadline and says that repeating is safe")
    func noDatabase() async throws {
        var configuration = PostgresConfiguration(url: "postgres://nobody@127.0.0.1:1/none")
        configuration.maxWaitingTime = .milliseconds(50)
        let client = try PostgresClient(configuration: configuration, logger: PipelineFixture.quiet)
        var settings = PipelineSettings()
        settings.commitDeadline = .milliseconds(200)
        let pipeline = TelemetryPipeline(
            database: IngestDatabase(client: client), settings: settings, logger: PipelineFixture.quiet)
        let running = Task { await pipeline.run() }
        let batch = try MessageDecoder.decode(bytes: Array(#"{"flow": 1}"#.utf8), form: .singleDevice)
        let refusal = await #expect(throws: ServiceError.self) {
            try await pipeline.submit(batch, from: [SourceNumber(rawValue: 1)], in: OrganizationID.make(), origin: .api)
        }
        #expect(refusal?.code == .unavailable && refusal?.retryAfter != nil)
        pipeline.shutDown()
        await running.value
        await client.shutdown()
    }
}
