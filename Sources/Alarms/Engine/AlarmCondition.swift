/// What a value must be like for a rule to hold (ALM-1).
package enum AlarmCondition: Hashable, Sendable {
    case greaterThan(Double)
    case greaterOrEqual(Double)
    case lessThan(Double)
    case lessOrEqual(Double)
    case equal(AlarmValue)
    case notEqual(AlarmValue)
    /// Both ends included.
    case between(low: Double, high: Double)
    /// Strictly below `low` or strictly above `high`.
    case outside(low: Double, high: Double)
    /// Differs from the value before; a first value has not changed.
    case changed

    /// Whether the condition holds; nil when it says nothing about such a value (a text compared with a number, NaN).
    ///
    /// - Parameter margin: by how much the bounds are moved in favour of holding, in the value's unit. An open alarm
    ///   is judged with the rule's hysteresis as margin.
    @inlinable
    package func holds(for value: AlarmValue, previous: AlarmValue?, margin: Double = 0) -> Bool? {
        switch self {
        case .equal(let operand): return Self.equals(value, operand)
        case .notEqual(let operand): return Self.equals(value, operand).map { !$0 }
        case .changed:
            guard let previous else { return false }
            return previous != value
        default:
            guard case .number(let number) = value, !number.isNaN else { return nil }
            return holds(for: number, margin: margin)
        }
    }

    @usableFromInline
    func holds(for number: Double, margin: Double) -> Bool {
        switch self {
        case .greaterThan(let bound): number > bound - margin
        case .greaterOrEqual(let bound): number >= bound - margin
        case .lessThan(let bound): number < bound + margin
        case .lessOrEqual(let bound): number <= bound + margin
        case .between(let low, let high): number >= low - margin && number <= high + margin
        case .outside(let low, let high): number < low + margin || number > high - margin
        case .equal, .notEqual, .changed: false
        }
    }

    @usableFromInline
    static func equals(_ value: AlarmValue, _ operand: AlarmValue) -> Bool? {
        switch (value, operand) {
        case (.number(let left), .number(let right)): left.isNaN ? nil : left == right
        case (.boolean(let left), .boolean(let right)): left == right
        case (.text(let left), .text(let right)): left == right
        default: nil
        }
    }
}

extension AlarmCondition {
    /// The words of the API.
    package enum Operator: String, Sendable, CaseIterable {
        case gt, lt, eq, neq, gte, lte, between, outside, change
    }

    package var `operator`: Operator {
        switch self {
        case .greaterThan: .gt
        case .greaterOrEqual: .gte
        case .lessThan: .lt
        case .lessOrEqual: .lte
        case .equal: .eq
        case .notEqual: .neq
        case .between: .between
        case .outside: .outside
        case .changed: .change
        }
    }

    /// Whether the condition has bounds that a hysteresis can move.
    package var isOrdered: Bool {
        switch self {
        case .equal, .notEqual, .changed: false
        default: true
        }
    }

    /// The bound or bounds as a person writes them; empty for `change`.
    package var threshold: String {
        switch self {
        case .greaterThan(let bound), .greaterOrEqual(let bound), .lessThan(let bound), .lessOrEqual(let bound):
            AlarmValue.number(bound).description
        case .equal(let operand), .notEqual(let operand): operand.description
        case .between(let low, let high), .outside(let low, let high):
            "\(AlarmValue.number(low).description) to \(AlarmValue.number(high).description)"
        case .changed: ""
        }
    }

    /// What the condition says of a value, as the middle of a sentence: "below 80", "changed".
    package var phrase: String {
        switch self {
        case .greaterThan: "above \(threshold)"
        case .greaterOrEqual: "at or above \(threshold)"
        case .lessThan: "below \(threshold)"
        case .lessOrEqual: "at or below \(threshold)"
        case .equal: "equal to \(threshold)"
        case .notEqual: "not \(threshold)"
        case .between: "between \(threshold)"
        case .outside: "outside \(threshold)"
        case .changed: "changed"
        }
    }
}
