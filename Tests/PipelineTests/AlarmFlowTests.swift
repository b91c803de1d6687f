import Alarms
import Kernel
import Persistence
import Pipeline
import PostgresClient
import Telemetry
import Testing

@Suite("Alarms commit with the values that cause them")
struct AlarmFlowTests {
    private let high = #"{"operator": "gt", "value": 100}"#

    private func open(_ fixture: PipelineFixture) async throws -> Int {
        try await fixture.one("select count(*) from app.alarms where cleared_at is null", as: Int.self)
    }

    private func all(_ fixture: PipelineFixture) async throws -> Int {
        try await fixture.one("select count(*) from app.alarms", as: Int.self)
    }

    @Test("a value raises an alarm at its own time, another one clears it, and both are events")
    func raiseAndClear() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            _ = try await fixture.addRule("flow", high)
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 50}}"#)
                try await fixture.send(pipeline, #"{"ts": \#(noon + 1000), "values": {"flow": 150, "level": 1}}"#)
                #expect(try await open(fixture) == 1)
                try await fixture.send(pipeline, #"{"ts": \#(noon + 2000), "values": {"flow": 160}}"#)
                try await fixture.send(pipeline, #"{"ts": \#(noon + 3000), "values": {"flow": 60}}"#)
            }
            #expect(try await all(fixture) == 1)
            let raised = try await fixture.one("select raised_at from app.alarms", as: Timestamp.self)
            let cleared = try await fixture.one("select cleared_at from app.alarms", as: Timestamp.self)
            #expect(raised.milliseconds == noon + 1000 && cleared.milliseconds == noon + 3000)
            let events = try await fixture.all(
                "select type_key from app.events where origin = 'rule' order by at", as: String.self)
            #expect(events == ["alarm.raised", "alarm.cleared"])
            #expect(try await fixture.one("select count(*) from app.rule_states", as: Int.self) == 0)
        }
    }

    @Test("what one request brings raises, clears and raises again in the order of its values")
    func manyInOneCommit() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            _ = try await fixture.addRule("flow", high)
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                let list = [50, 150, 50, 160, 170, 40, 180].enumerated()
                    .map { #"{"ts": \#(noon + Int64($0)), "values": {"flow": \#($1)}}"# }
                try await fixture.send(pipeline, "[\(list.joined(separator: ","))]")
            }
            let raised = try await fixture.all(
                "select raised_at from app.alarms order by raised_at", as: Timestamp.self)
            #expect(raised.map { $0.milliseconds - noon } == [1, 3, 6])
            #expect(try await open(fixture) == 1)
        }
    }

    @Test("a restart between two values neither repeats an alarm nor forgets a run that has begun")
    func restart() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            _ = try await fixture.addRule("flow", high, seconds: 60)
            for (second, flow) in [(0, 150), (30, 150), (60, 150), (90, 150), (120, 50), (150, 150)] {
                try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                    try await fixture.send(
                        pipeline, #"{"ts": \#(noon + Int64(second) * 1000), "values": {"flow": \#(flow)}}"#)
                }
            }
            let raised = try await fixture.all("select raised_at from app.alarms", as: Timestamp.self)
            #expect(raised.map { ($0.milliseconds - noon) / 1000 } == [60])
            #expect(try await open(fixture) == 0)
            #expect(try await fixture.one("select count(*) from app.rule_states", as: Int.self) == 1)
        }
    }

    @Test("two processes that both believe to own a source raise one alarm")
    func twoOwners() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            _ = try await fixture.addRule("flow", high)
            try await fixture.withPipeline { (first: TelemetryPipeline) async throws in
                try await fixture.withPipeline { (second: TelemetryPipeline) async throws in
                    for step in 0..<20 {
                        let message = #"{"ts": \#(noon + Int64(step)), "values": {"flow": \#(step < 10 ? 150 : 50)}}"#
                        try await fixture.send(step.isMultiple(of: 2) ? first : second, message)
                    }
                }
            }
            #expect(try await all(fixture) == 1)
            #expect(try await open(fixture) == 0)
            #expect(try await fixture.one("select v from app.telemetry_latest", as: [Double].self) == [50])
            #expect(try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self) == 20)
        }
    }

    @Test("a new rule, a disabled rule and an alarm that a person cleared are heard of")
    func invalidations() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                func changed(_ kind: CacheKind) {
                    pipeline.forget(
                        .one(
                            kind, organizationID: fixture.organizationID,
                            subjectID: kind == .alarm ? fixture.devices[0].id.uuid : nil))
                }
                try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 150}}"#)
                #expect(try await all(fixture) == 0)
                let rule = try await fixture.addRule("flow", high)
                changed(.alarmRule)
                try await fixture.send(pipeline, #"{"ts": \#(noon + 1), "values": {"flow": 150}}"#)
                #expect(try await open(fixture) == 1)

                try await fixture.run("update app.alarms set cleared_at = now(), clear_reason = 'manual'")
                changed(.alarm)
                try await fixture.send(pipeline, #"{"ts": \#(noon + 2), "values": {"flow": 151}}"#)
                #expect(try await open(fixture) == 1)
                #expect(try await all(fixture) == 2)

                try await fixture.run("update app.alarm_rules set enabled = false where id = \(rule)")
                try await fixture.run(
                    "update app.alarms set cleared_at = now(), clear_reason = 'rule_disabled' where cleared_at is null")
                changed(.alarmRule)
                changed(.alarm)
                try await fixture.send(pipeline, #"{"ts": \#(noon + 3), "values": {"flow": 152}}"#)
                #expect(try await open(fixture) == 0)
            }
        }
    }

    @Test("an alarm that the database does not know as the lane does is read anew, and nothing is doubled")
    func clearedBehindTheBack() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            _ = try await fixture.addRule("flow", high)
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 150}}"#)
                // Nobody tells the pipeline.
                try await fixture.run("update app.alarms set cleared_at = now(), clear_reason = 'manual'")
                try await fixture.send(pipeline, #"{"ts": \#(noon + 1), "values": {"flow": 50}}"#)
                #expect(try await open(fixture) == 0)
                try await fixture.send(pipeline, #"{"ts": \#(noon + 2), "values": {"flow": 150}}"#)
                #expect(try await open(fixture) == 1)
                #expect(try await all(fixture) == 2)
            }
        }
    }
}
