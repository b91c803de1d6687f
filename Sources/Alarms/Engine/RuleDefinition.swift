import JSON
import Kernel

/// What a rule watches and when it holds: the part of a rule that people write and the `rule` column keeps.
///
/// ```json
/// {"schema": 1, "datapoint": "flow", "condition": {"operator": "lt", "value": 80}, "duration_seconds": 7200,
///  "hysteresis": 0, "auto_clear": true, "clear_condition": null}
/// ```
package struct RuleDefinition: Hashable, Sendable {
    /// The name of the datapoint, as devices send it.
    package var datapoint: String
    package var condition: AlarmCondition
    /// For how long the condition must hold, in event time.
    package var durationSeconds: Int
    /// By how much the value must leave the bounds before the alarm clears, in the value's unit.
    package var hysteresis: Double
    /// Whether values can clear the alarm, or only people.
    package var clearsAutomatically: Bool
    /// When given, the alarm clears when this holds instead of when ``condition`` no longer does.
    package var clearCondition: AlarmCondition?

    package static let schema = 1
    package static let longestDuration = 30 * 86_400

    package init(
        datapoint: String, condition: AlarmCondition, durationSeconds: Int = 0, hysteresis: Double = 0,
        clearsAutomatically: Bool = true, clearCondition: AlarmCondition? = nil
    ) {
        self.datapoint = datapoint
        self.condition = condition
        self.durationSeconds = durationSeconds
        self.hysteresis = hysteresis
        self.clearsAutomatically = clearsAutomatically
        self.clearCondition = clearCondition
    }
}

extension RuleDefinition {
    /// Reads the members of a definition beside others; faults go to `input`.
    package init(reading input: InputReader) {
        datapoint = input.required("datapoint", .name(1...128))
        condition = input.requiredObject("condition", AlarmCondition.init(reading:))
        durationSeconds = input.optional("duration_seconds", .integer(0...Self.longestDuration), default: 0)
        hysteresis = input.optional("hysteresis", .number(0...Double.greatestFiniteMagnitude), default: 0)
        clearsAutomatically = input.optional("auto_clear", .boolean, default: true)
        clearCondition = input.optionalObject("clear_condition", AlarmCondition.init(reading:))
        if hysteresis > 0, !condition.isOrdered {
            input.fault("hysteresis", "has no meaning with the operator \(condition.operator.rawValue)")
        }
        guard let clearCondition else { return }
        if !clearsAutomatically { input.fault("clear_condition", "needs auto_clear") }
        if hysteresis > 0 { input.fault("clear_condition", "replaces hysteresis; give one of them") }
        if clearCondition == .changed { input.fault("clear_condition/operator", "must not be change") }
    }

    /// Reads a stored document.
    /// - Throws: ``ServiceError`` `invalid-input` for a document of another schema or one that breaks the rules.
    package init(document: JSONValue) throws(ServiceError) {
        let input = InputReader(document)
        _ = input.required("schema", .integer(Self.schema...Self.schema))
        self.init(reading: input)
        try input.finish()
    }

    /// The document for the `rule` column.
    package var document: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("schema", Self.schema)
            writeMembers(to: &json)
        }
        return json.bytes
    }

    /// Writes the members into the current object.
    package func writeMembers(to json: inout JSONWriter) {
        json.field("datapoint", datapoint)
        json.field("condition", condition)
        json.field("duration_seconds", durationSeconds)
        json.field("hysteresis", hysteresis)
        json.field("auto_clear", clearsAutomatically)
        json.field("clear_condition", clearCondition)
    }
}

extension AlarmCondition {
    /// Reads `{"operator": "lt", "value": 80}` or `{"operator": "between", "low": 2, "high": 8}`.
    package init(reading input: InputReader) {
        func bound() -> Double { input.required("value", .number()) }
        func bounds() -> (low: Double, high: Double) {
            let (low, high) = (input.required("low", .number()), input.required("high", .number()))
            if low > high { input.fault("high", "must not be below low") }
            return (low: low, high: high)
        }
        switch input.required("operator", .oneOf(Operator.self)) {
        case .gt: self = .greaterThan(bound())
        case .gte: self = .greaterOrEqual(bound())
        case .lt: self = .lessThan(bound())
        case .lte: self = .lessOrEqual(bound())
        case .eq: self = .equal(input.required("value", .alarmValue))
        case .neq: self = .notEqual(input.required("value", .alarmValue))
        case .between:
            let (low, high) = bounds()
            self = .between(low: low, high: high)
        case .outside:
            let (low, high) = bounds()
            self = .outside(low: low, high: high)
        case .change: self = .changed
        }
    }
}

extension AlarmCondition: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("operator", self.operator.rawValue)
            switch self {
            case .greaterThan(let bound), .greaterOrEqual(let bound), .lessThan(let bound), .lessOrEqual(let bound):
                json.field("value", bound)
            case .equal(let operand), .notEqual(let operand): json.field("value", operand)
            case .between(let low, let high), .outside(let low, let high):
                json.field("low", low)
                json.field("high", high)
            case .changed: break
            }
        }
    }
}
