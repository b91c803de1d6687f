import Alarms
import Kernel
import Pipeline
import PostgresClient
import Telemetry
import Testing

/// The same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

@Suite("Disorder changes nothing")
struct DisorderTests {
    private struct Measurement: Hashable {
        let time: Int64
        let value: Int
    }

    /// What the rule says of the values that are newer than all before them: the contract of the lanes, in ten lines.
    private static func alarms(of arrivals: [Measurement], rule: CompiledRule) -> [Int64] {
        var (state, latest, previous) = (RuleState.idle, Int64.min, AlarmValue?.none)
        var raised: [Int64] = []
        for arrival in arrivals where arrival.time > latest {
            let value = AlarmValue.number(Double(arrival.value))
            let outcome = rule.step(
                &state, previous: previous, value: value, at: Timestamp(milliseconds: arrival.time),
                alarmID: AlarmID.make())
            if case .raise = outcome { raised.append(arrival.time) }
            (latest, previous) = (arrival.time, value)
        }
        return raised
    }

    @Test(
        "shuffled and repeated messages, in requests of any size, with restarts: one set stored, the model's alarms",
        arguments: 1...6)
    func shuffled(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            let seconds = seed.isMultiple(of: 2) ? 0 : 3
            let id = try await fixture.addRule("flow", #"{"operator": "gt", "value": 5}"#, seconds: seconds)
            let rule = CompiledRule(
                id: id, version: 1, keyNo: 1, name: "Rule", severity: .warning,
                definition: RuleDefinition(datapoint: "flow", condition: .greaterThan(5), durationSeconds: seconds),
                message: try MessageTemplate(parsing: ""))
            let inOrder = (0..<120).map {
                Measurement(time: noon + Int64($0) * 1000, value: Int.random(in: 0...9, using: &generator))
            }
            var arrivals = inOrder + inOrder.filter { _ in Int.random(in: 0...3, using: &generator) == 0 }
            // Mostly forward, as devices are, with displacements of up to ten places.
            arrivals = arrivals.map { ($0, $0.time + Int64.random(in: -10_000...10_000, using: &generator)) }
                .sorted { $0.1 < $1.1 }.map(\.0)
            var rest = arrivals[...]
            while !rest.isEmpty {
                let lives = Int.random(in: 1...4, using: &generator)
                try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                    for _ in 0..<lives where !rest.isEmpty {
                        let request = rest.prefix(Int.random(in: 1...20, using: &generator))
                        rest = rest.dropFirst(request.count)
                        let list = request.map { #"{"ts": \#($0.time), "values": {"flow": \#($0.value)}}"# }
                        try await fixture.send(pipeline, "[\(list.joined(separator: ","))]")
                    }
                }
            }
            let times = try await fixture.all("select ts from app.telemetry_hot order by ts", as: Timestamp.self)
            #expect(times.map(\.milliseconds) == inOrder.map(\.time))
            let values = try await fixture.all("select v[1] from app.telemetry_hot order by ts", as: Double.self)
            #expect(values.map { Int($0) } == inOrder.map(\.value))
            let raised = try await fixture.all(
                "select raised_at from app.alarms order by raised_at", as: Timestamp.self)
            #expect(raised.map(\.milliseconds) == Self.alarms(of: arrivals, rule: rule))
            #expect(
                try await fixture.one("select count(*) from app.alarms where cleared_at is null", as: Int.self) <= 1)
        }
    }
}
