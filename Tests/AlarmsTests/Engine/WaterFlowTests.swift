import Alarms
import Foundation
import Kernel
import Testing

@Suite("Real measurements")
struct WaterFlowTests {
    /// `Tests/AlarmsTests/Fixtures/water-flow.csv`: hourly flow through a pipeline, in litres a second.
    private func measurements() throws -> [(at: Timestamp, flow: Double)] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/water-flow.csv")
        return try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst().map {
            line in
            let columns = line.split(separator: ",")
            let at = try #require(columns.first.flatMap { Timestamp(rfc3339: $0) })
            let flow = try #require(columns.last.flatMap { Double($0) })
            return (at: at, flow: flow)
        }
    }

    @Test("flow below 80 for two hours happens exactly three times")
    func lowFlow() throws {
        let rule = try makeRule(RuleDefinition(datapoint: "flow", condition: .lessThan(80), durationSeconds: 7200))
        let measurements = try measurements()
        #expect(measurements.count == 1268)
        var state = RuleState.idle
        var previous: AlarmValue?
        var story: [String] = []
        for (at, flow) in measurements {
            let value = AlarmValue.number(flow)
            switch rule.step(&state, previous: previous, value: value, at: at, alarmID: .make()) {
            case .raise(let raising): story.append("since \(raising.since) raised \(raising.at)")
            case .clear: story.append("cleared \(at) by \(value)")
            case .nothing, .stateChanged, .occurrence: break
            }
            previous = value
        }
        #expect(
            story == [
                "since 2022-03-24T08:00:00.000Z raised 2022-03-24T10:00:00.000Z",
                "cleared 2022-03-25T00:00:00.000Z by 92.21",
                "since 2022-03-29T07:00:00.000Z raised 2022-03-29T09:00:00.000Z",
                "cleared 2022-03-29T18:00:00.000Z by 81.92",
                "since 2022-04-27T14:00:00.000Z raised 2022-04-27T16:00:00.000Z",
                "cleared 2022-04-28T03:00:00.000Z by 82.83",
            ])
    }
}
