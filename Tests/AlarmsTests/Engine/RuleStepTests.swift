import Alarms
import JSON
import Kernel
import Testing

/// Feeds values to one rule and writes down what happened, as short words: `raise@120`, `again@180 2`, `clear@240`.
struct RuleRun {
    let rule: CompiledRule
    var state = RuleState.idle
    var previous: AlarmValue?
    var history: [String] = []
    var raisings: [AlarmRaising] = []

    init(_ definition: RuleDefinition, version: Int32 = 1, message: String = "") throws {
        rule = try makeRule(definition, version: version, message: message)
    }

    @discardableResult
    mutating func take(_ value: AlarmValue, at seconds: Int64, by other: CompiledRule? = nil) -> RuleOutcome {
        let time = Timestamp(microseconds: seconds * 1_000_000)
        let outcome = (other ?? rule).step(&state, previous: previous, value: value, at: time, alarmID: .make())
        previous = value
        switch outcome {
        case .nothing, .stateChanged: break
        case .raise(let raising):
            raisings.append(raising)
            history.append("raise@\(seconds)")
        case .occurrence(_, let occurrences): history.append("again@\(seconds) \(occurrences)")
        case .clear(_, let reason): history.append("\(reason.rawValue)@\(seconds)")
        }
        return outcome
    }

    mutating func take(_ values: [Double], everySeconds step: Int64 = 60) {
        for (index, value) in values.enumerated() { take(.number(value), at: Int64(index) * step) }
    }
}

func makeRule(_ definition: RuleDefinition, version: Int32 = 1, message: String = "") throws -> CompiledRule {
    CompiledRule(
        id: .make(), version: version, keyNo: 1, name: "Low flow", severity: .warning, definition: definition,
        message: try MessageTemplate(parsing: message))
}

@Suite("A rule judging values one after another")
struct RuleStepTests {
    @Test("without a duration the first value that meets the condition raises, and the first that does not clears")
    func immediate() throws {
        var run = try RuleRun(RuleDefinition(datapoint: "t", condition: .greaterThan(10)))
        run.take([10, 11, 12, 9, 8, 20])
        #expect(run.history == ["raise@60", "condition_ended@180", "raise@300"])
    }

    @Test("a duration counts from the first value that meets the condition, in event time")
    func duration() throws {
        var run = try RuleRun(RuleDefinition(datapoint: "t", condition: .lessThan(80), durationSeconds: 120))
        run.take([70, 70, 90, 70, 70, 70, 70, 90])
        #expect(run.history == ["raise@300", "condition_ended@420"])
        #expect(run.raisings.first?.since == Timestamp(microseconds: 180_000_000))
    }

    @Test("a value long after the first one completes the duration by itself")
    func gap() throws {
        var run = try RuleRun(RuleDefinition(datapoint: "t", condition: .lessThan(80), durationSeconds: 7200))
        run.take(.number(1), at: 0)
        run.take(.number(1), at: 100_000)
        #expect(run.history == ["raise@100000"])
    }

    @Test("hysteresis keeps the alarm open near the bound, and coming back counts as an occurrence")
    func hysteresis() throws {
        var run = try RuleRun(RuleDefinition(datapoint: "t", condition: .greaterThan(30), hysteresis: 2))
        run.take([31, 29, 31, 28.5, 32, 28, 31])
        #expect(run.history == ["raise@0", "again@120 2", "again@240 3", "condition_ended@300", "raise@360"])
    }

    @Test("an explicit clear condition decides alone when the alarm clears")
    func clearCondition() throws {
        var run = try RuleRun(
            RuleDefinition(datapoint: "t", condition: .greaterThan(30), clearCondition: .lessThan(20)))
        run.take([31, 25, 31, 20, 19])
        #expect(run.history == ["raise@0", "again@120 2", "clear_condition_met@240"])
    }

    @Test("without auto-clear only a person ends the alarm")
    func noAutoClear() throws {
        var run = try RuleRun(
            RuleDefinition(datapoint: "t", condition: .greaterThan(30), clearsAutomatically: false))
        run.take([31, 1, 1, 31])
        #expect(run.history == ["raise@0", "again@180 2"])
    }

    @Test("an alarm cleared by hand while the condition holds is raised anew by the next value")
    func clearedByHand() throws {
        var run = try RuleRun(RuleDefinition(datapoint: "t", condition: .lessThan(80), durationSeconds: 60))
        run.take([70, 70])
        let first = try #require(run.state.openAlarmID)
        run.state.alarmWasCleared(.make())
        #expect(run.state.openAlarmID == first, "another alarm's clearing concerns nobody")
        run.state.alarmWasCleared(first)
        #expect(run.state.openAlarmID == nil)
        run.take(.number(70), at: 120)
        #expect(run.history == ["raise@60", "raise@120"])
        #expect(run.state.openAlarmID != first)
    }

    @Test("an alarm cleared by hand after the condition ended is not raised anew before the condition is back")
    func clearedByHandAfterwards() throws {
        var run = try RuleRun(
            RuleDefinition(datapoint: "t", condition: .lessThan(80), clearsAutomatically: false))
        run.take([70, 90])
        run.state.alarmWasCleared(try #require(run.state.openAlarmID))
        run.take(.number(90), at: 120)
        run.take(.number(70), at: 180)
        #expect(run.history == ["raise@0", "raise@180"])
    }

    @Test("a new version of the rule judges the open alarm, and lets a pending run begin anew")
    func newVersion() throws {
        var run = try RuleRun(RuleDefinition(datapoint: "t", condition: .lessThan(80)))
        run.take([70])
        let stricter = try makeRule(RuleDefinition(datapoint: "t", condition: .lessThan(60)), version: 2)
        run.take(.number(70), at: 60, by: stricter)
        #expect(run.history == ["raise@0", "condition_ended@60"])

        let definition = RuleDefinition(datapoint: "t", condition: .lessThan(80), durationSeconds: 60)
        var pending = try RuleRun(definition)
        pending.take([70])
        let second = try makeRule(definition, version: 2)
        pending.take(.number(70), at: 60, by: second)
        pending.take(.number(70), at: 120, by: second)
        #expect(pending.history == ["raise@120"])
    }

    @Test(
        "a value that the condition says nothing about changes nothing",
        arguments: [
            AlarmValue.text("low"), .boolean(false), .number(.nan),
        ])
    func foreignValues(value: AlarmValue) throws {
        var run = try RuleRun(RuleDefinition(datapoint: "t", condition: .greaterThan(30)))
        run.take([31])
        #expect(run.take(value, at: 60) == .nothing)
        #expect(run.history == ["raise@0"])
    }

    @Test("booleans and texts can be compared")
    func otherKinds() throws {
        var door = try RuleRun(RuleDefinition(datapoint: "door", condition: .equal(.boolean(true))))
        door.take(.boolean(false), at: 0)
        door.take(.boolean(true), at: 60)
        door.take(.boolean(false), at: 120)
        #expect(door.history == ["raise@60", "condition_ended@120"])
        var mode = try RuleRun(RuleDefinition(datapoint: "mode", condition: .notEqual(.text("auto"))))
        mode.take(.text("auto"), at: 0)
        mode.take(.text("manual"), at: 60)
        #expect(mode.history == ["raise@60"])
    }

    @Test("change holds for a value unlike the one before, not for the first")
    func change() throws {
        var run = try RuleRun(RuleDefinition(datapoint: "t", condition: .changed))
        run.take([5, 5, 6, 6, 7])
        #expect(run.history == ["raise@120", "condition_ended@180", "raise@240"])
    }

    @Test("between takes both ends, outside neither")
    func ends() {
        let between = AlarmCondition.between(low: 2, high: 8)
        let outside = AlarmCondition.outside(low: 2, high: 8)
        for (value, isInside) in [(1.99, false), (2, true), (5, true), (8, true), (8.01, false)] {
            #expect(between.holds(for: .number(value), previous: nil) == isInside)
            #expect(outside.holds(for: .number(value), previous: nil) == !isInside)
        }
    }
}

@Suite("A rule's message and evidence")
struct RuleMessageTests {
    @Test("the message names what was measured and what was expected")
    func message() throws {
        var run = try RuleRun(
            RuleDefinition(datapoint: "flow", condition: .lessThan(80), durationSeconds: 7200),
            message:
                "{{{severity}}} {device} ({device_key}): {datapoint} {value} < {threshold} for {duration}, {condition}")
        run.take([70.5, 60, 50.25], everySeconds: 3600)
        let raising = try #require(run.raisings.first)
        #expect(
            run.rule.message(for: raising, device: "Main pipe", deviceKey: "pipe-1")
                == "{warning} Main pipe (pipe-1): flow 50.25 < 80 for 2 h, below 80")
        var json = JSONWriter()
        run.rule.writeEvidence(of: raising, to: &json)
        let evidence = try JSONValue(parsing: json.bytes)
        #expect(evidence["value"] == 50.25)
        #expect(evidence["previous_value"] == 60)
        #expect(evidence["condition"] == ["operator": "lt", "value": 80])
        #expect(evidence["since"] == "1970-01-01T00:00:00.000Z")
        #expect(evidence["at"] == "1970-01-01T02:00:00.000Z")
    }

    @Test("without a template the message still says everything")
    func standard() throws {
        var run = try RuleRun(RuleDefinition(datapoint: "flow", condition: .lessThan(80)))
        run.take([50])
        let raising = try #require(run.raisings.first)
        #expect(run.rule.message(for: raising, device: "Pipe", deviceKey: "p") == "flow of Pipe is 50 (below 80)")
    }

    @Test("a faulty template is refused", arguments: ["{valu}", "{value", "value}", "{}"])
    func faulty(text: String) {
        #expect(throws: MessageTemplate.Fault.self) { try MessageTemplate(parsing: text) }
    }
}
