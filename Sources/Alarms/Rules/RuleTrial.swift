import JSON
import Kernel

/// A rule run over sample values, to see what it would do before it does it. Nothing is stored.
package struct RuleTrial: Sendable {
    package struct Sample: Sendable {
        package let at: Timestamp
        package let value: AlarmValue

        package init(at: Timestamp, value: AlarmValue) { (self.at, self.value) = (at, value) }
    }

    package struct Step: Sendable {
        package let sample: Sample
        /// Nil when the condition says nothing about such a value.
        package let isMet: Bool?
        package let outcome: RuleOutcome
        package let state: RuleState
        /// Of an alarm that this value raised.
        package let message: String?
    }

    package let steps: [Step]
    /// How many alarms the samples raised.
    package var alarmCount: Int {
        steps.count { if case .raise = $0.outcome { true } else { false } }
    }

    /// - Parameter samples: in the order of their times, each later than the one before.
    package init(of rule: CompiledRule, on samples: [Sample], device: String, deviceKey: String) {
        var state = RuleState.idle
        var previous: AlarmValue?
        steps = samples.map { sample in
            let isMet = rule.definition.condition.holds(for: sample.value, previous: previous)
            let outcome = rule.step(&state, previous: previous, value: sample.value, at: sample.at, alarmID: .make())
            previous = sample.value
            var message: String?
            if case .raise(let raising) = outcome {
                message = rule.message(for: raising, device: device, deviceKey: deviceKey)
            }
            return Step(sample: sample, isMet: isMet, outcome: outcome, state: state, message: message)
        }
    }

    private static let sampleCount = 1...1000

    /// Reads `samples`: `[{"at": "2026-11-21T13:00:00Z", "value": 81.5}, …]`.
    package static func samples(reading input: InputReader) -> [Sample] {
        var latest: Timestamp?
        if input.names.contains("samples") == false { input.fault("samples", "is required") }
        return input.objects("samples", count: sampleCount) { input in
            let sample = Sample(at: input.required("at", .time), value: input.required("value", .alarmValue))
            if let latest, sample.at <= latest { input.fault("at", "must be later than that of the sample before") }
            latest = sample.at
            return sample
        }
    }
}

extension RuleTrial: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("alarms", alarmCount)
            json.field("steps", steps)
        }
    }
}

extension RuleTrial.Step: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("at", sample.at)
            json.field("value", sample.value)
            json.field("condition_met", isMet)
            json.field("outcome", outcomeWord)
            json.field("state", stateWord)
            json.field("since", since)
            json.field("occurrences", occurrences)
            json.field("message", message)
        }
    }

    private var outcomeWord: String {
        switch outcome {
        case .nothing, .stateChanged: "none"
        case .raise: "raised"
        case .occurrence: "occurred"
        case .clear: "cleared"
        }
    }

    private var stateWord: String {
        switch state {
        case .idle: "idle"
        case .pending: "pending"
        case .open: "open"
        }
    }

    private var since: Timestamp? {
        switch state {
        case .idle: nil
        case .pending(let since, _): since
        case .open(let alarm): alarm.since
        }
    }

    private var occurrences: Int32? {
        if case .open(let alarm) = state { alarm.occurrences } else { nil }
    }
}
