import Alarms
import Foundation
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

    @Test(
        "a rule that was deleted, disabled or changed behind the lane's back raises nothing that it would not raise now"
    )
    func rulesThatChanged() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            let rules: [String: AlarmRuleID] = [
                "deleted": try await fixture.addRule("deleted", high, name: "deleted"),
                "disabled": try await fixture.addRule("disabled", high, name: "disabled"),
                "moved": try await fixture.addRule("moved", high, name: "moved"),
                "raised": try await fixture.addRule("raised", high, name: "raised"),
            ]
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                func send(_ flow: Int, at milliseconds: Int64) async throws {
                    let values = rules.keys.map { #""\#($0)": \#(flow)"# }.joined(separator: ",")
                    try await fixture.send(pipeline, #"{"ts": \#(noon + milliseconds), "values": {\#(values)}}"#)
                }
                try await send(50, at: 0)
                // Nobody tells the pipeline.
                try await fixture.run("delete from app.alarm_rules where name = 'deleted'")
                try await fixture.run("update app.alarm_rules set enabled = false where name = 'disabled'")
                try await fixture.run(
                    "update app.alarm_rules set scope = 'site', scope_id = app.uuid_v7() where name = 'moved'")
                try await fixture.run(
                    """
                    update app.alarm_rules set rule = jsonb_set(rule, '{condition,value}', '200') where name = 'raised'
                    """)
                try await send(150, at: 1)
                #expect(try await all(fixture) == 0)
                try await send(250, at: 2)
            }
            let raised = try await fixture.all("select rule_id from app.alarms where rule_version = 2", as: UUID.self)
            #expect(raised == [rules["raised"]?.uuid])
            #expect(try await all(fixture) == 1)
            #expect(try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self) == 3)
            #expect(
                try await fixture.one(
                    "select count(*) from app.events where type_key = 'alarm.raised'", as: Int.self) == 1)
        }
    }

    @Test("a value that meets its rule while somebody deletes the rule waits, and raises nothing")
    func racingDeletion() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            let rule = try await fixture.addRule("flow", high)
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 50}}"#)
                let deletion = fixture.api.begin(preamble: [
                    "select set_config('app.organization_id', \(fixture.organizationID.description), true)"
                ])
                _ = try await deletion.run(["delete from app.alarm_rules where id = \(rule)"])
                async let sent = fixture.send(pipeline, #"{"ts": \#(noon + 1), "values": {"flow": 150}}"#)
                // The value's commit stands still until the deletion is done.
                while try await fixture.waiting() == 0 { try await Task.sleep(for: .milliseconds(2)) }
                try await deletion.commit()
                #expect(try await sent.accepted == 1)
            }
            #expect(try await all(fixture) == 0)
            #expect(
                try await fixture.one("select count(*) from app.events where category = 'alarm'", as: Int.self) == 0)
        }
    }

    @Test("a device that left a rule's scope behind the lane's back raises nothing by it")
    func deviceThatMoved() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            let site = try await fixture.one(
                "insert into app.sites (organization_id, name) values (app.organization_id(), 'S') returning id",
                as: UUID.self)
            _ = try await fixture.addRule("flow", high)
            try await fixture.run("update app.alarm_rules set scope = 'site', scope_id = \(site)")
            try await fixture.run("update app.devices set site_id = \(site)")
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 50}}"#)
                try await fixture.run("update app.devices set site_id = null")
                try await fixture.send(pipeline, #"{"ts": \#(noon + 1), "values": {"flow": 150}}"#)
                #expect(try await all(fixture) == 0)
                try await fixture.run("update app.devices set site_id = \(site)")
                pipeline.forget(
                    .one(.device, organizationID: fixture.organizationID, subjectID: fixture.devices[0].id.uuid))
                try await fixture.send(pipeline, #"{"ts": \#(noon + 2), "values": {"flow": 150}}"#)
            }
            #expect(try await all(fixture) == 1)
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
            // The lane's own clearing cleared nothing, and so no event tells of it.
            let events = try await fixture.all(
                "select type_key from app.events where category = 'alarm' order by at", as: String.self)
            #expect(events == ["alarm.raised", "alarm.raised"])
        }
    }
}
