import Alarms
import JSON
import Kernel
import Testing

/// SplitMix64: the same seed gives the same values on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

struct RuleSample {
    let second: Int64
    let value: AlarmValue
}

/// Whether an alarm is open after the last of `history`, found by looking at the whole of it. Knows no state.
private func alarmIsOpen(_ history: ArraySlice<RuleSample>, _ rule: RuleDefinition) -> Bool {
    guard let last = history.last else { return false }
    let before = history.dropLast()
    let previous = before.last?.value
    func isMet(_ index: Int) -> Bool? {
        let earlier = index > history.startIndex ? history[index - 1].value : nil
        return rule.condition.holds(for: history[index].value, previous: earlier)
    }
    let wasOpen = alarmIsOpen(before, rule)
    guard let isMetNow = isMet(history.endIndex - 1) else { return wasOpen }
    if wasOpen {
        if isMetNow || !rule.clearsAutomatically { return true }
        if let clear = rule.clearCondition { return clear.holds(for: last.value, previous: previous) != true }
        return rule.condition.holds(for: last.value, previous: previous, margin: rule.hysteresis) != false
    }
    guard isMetNow else { return false }
    var since = last.second
    for index in history.indices.reversed() {
        guard let met = isMet(index) else { continue }
        guard met else { break }
        since = history[index].second
    }
    return last.second - since >= Int64(rule.durationSeconds)
}

extension SeededGenerator {
    mutating func definition() -> RuleDefinition {
        let low = Double(Int.random(in: 2...5, using: &self))
        let conditions: [AlarmCondition] = [
            .greaterThan(low), .greaterOrEqual(low), .lessThan(low), .lessOrEqual(low), .equal(.number(low)),
            .notEqual(.number(low)), .between(low: low, high: low + 2), .outside(low: low, high: low + 2), .changed,
        ]
        let condition = conditions[Int.random(in: conditions.indices, using: &self)]
        let kind = Int.random(in: 0..<4, using: &self)
        return RuleDefinition(
            datapoint: "t", condition: condition, durationSeconds: [0, 0, 3, 10][Int.random(in: 0..<4, using: &self)],
            hysteresis: kind == 1 && condition.isOrdered ? 1 : 0, clearsAutomatically: kind != 2,
            clearCondition: kind == 3 ? .equal(.number(Double(Int.random(in: 0...8, using: &self)))) : nil)
    }

    mutating func samples(_ count: Int) -> [RuleSample] {
        var second: Int64 = 0
        return (0..<count).map { _ in
            second += Int64.random(in: 1...4, using: &self)
            let value = Int.random(in: 0...9, using: &self)
            return RuleSample(second: second, value: value == 9 ? .text("?") : .number(Double(value)))
        }
    }
}

@Suite("Properties of rules")
struct RulePropertyTests {
    @Test("the state machine agrees with a model that re-reads the whole history at every value", arguments: 0..<300)
    func agreesWithModel(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let definition = generator.definition()
        let samples = generator.samples(40)
        var run = try RuleRun(definition)
        for (index, sample) in samples.enumerated() {
            run.take(sample.value, at: sample.second)
            let expected = alarmIsOpen(samples[...index], definition)
            #expect((run.state.openAlarmID != nil) == expected, "after value \(index) of \(samples), \(definition)")
        }
    }

    @Test("alarms are raised and cleared in turn, and occurrences belong to the open one", arguments: 0..<100)
    func alternates(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed &+ 10_000)
        var run = try RuleRun(generator.definition())
        var open: AlarmID?
        var count: Int32 = 0
        for sample in generator.samples(200) {
            let before = run.state
            switch run.take(sample.value, at: sample.second) {
            case .nothing: #expect(run.state == before)
            case .stateChanged: #expect(run.state != before)
            case .raise(let raising):
                #expect(open == nil)
                (open, count) = (raising.alarmID, 1)
            case .occurrence(let id, let occurrences):
                #expect(id == open)
                count += 1
                #expect(occurrences == count)
            case .clear(let id, _):
                #expect(id == open)
                open = nil
            }
            #expect(run.state.openAlarmID == open)
            #expect(RuleState(encoded: run.state.encoded) == run.state)
        }
    }

    @Test("a state is readable from its bytes and from nothing else")
    func encoding() {
        let states: [RuleState] = [
            .idle, .pending(since: Timestamp(microseconds: -5), ruleVersion: .max),
            .open(.init(id: .make(), since: .latest, occurrences: .max, isMet: false, ruleVersion: 7)),
        ]
        for state in states {
            let bytes = state.encoded
            #expect(RuleState(encoded: bytes) == state)
            #expect(bytes.count <= 40)
            for count in bytes.indices { #expect(RuleState(encoded: bytes.prefix(count)) == nil) }
            #expect(RuleState(encoded: bytes + [0]) == nil)
            #expect(RuleState(encoded: [99] + bytes.dropFirst()) == nil)
        }
    }

    @Test("a definition is readable from its document", arguments: 0..<100)
    func documents(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let definition = generator.definition()
        #expect(try RuleDefinition(document: JSONValue(parsing: definition.document)) == definition)
    }
}

@Suite("Faulty definitions of rules")
struct RuleDefinitionTests {
    @Test("every fault is named at once")
    func faults() throws {
        let body: JSONValue = [
            "datapoint": "", "condition": ["operator": "between", "low": 9, "high": "x"], "duration_seconds": -1,
            "auto_clear": false, "clear_condition": ["operator": "change"], "colour": "red",
        ]
        let input = InputReader(body)
        _ = RuleDefinition(reading: input)
        let error = try #require(throws: ServiceError.self) { try input.finish() }
        #expect(
            Set(error.fields.map(\.pointer)) == [
                "/datapoint", "/condition/high", "/duration_seconds", "/clear_condition", "/clear_condition/operator",
                "/colour",
            ])
    }

    @Test("a document of a later schema is not judged by guesswork")
    func laterSchema() {
        #expect(throws: ServiceError.self) {
            try RuleDefinition(document: ["schema": 2, "datapoint": "t", "condition": ["operator": "change"]])
        }
    }
}
