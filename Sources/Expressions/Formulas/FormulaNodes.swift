import Glibc

/// The functions of formulas.
enum FormulaFunction: String {
    case sqrt, abs, min, max, avg, sum, count, round
    case `if`

    init?(name: String) {
        if name == "average" { self = .avg } else { self.init(rawValue: name) }
    }

    /// How many arguments it takes, in words.
    var arguments: String {
        let counts = argumentCounts
        guard counts.count > 1 else {
            return counts.lowerBound == 1 ? "one argument" : "\(counts.lowerBound) arguments"
        }
        return "from \(counts.lowerBound) to \(counts.upperBound) arguments"
    }

    var argumentCounts: ClosedRange<Int> {
        switch self {
        case .sqrt, .abs: 1...1
        case .round: 1...2
        case .if: 2...3
        case .min, .max, .avg, .sum, .count: 1...255
        }
    }
}

/// A variable of a formula. One without a value is missing, for a device that has nothing to tell may say so.
final class FormulaVariableNode: Node {
    private let path: NamesPathNode

    init(_ names: [String], position: Int) {
        path = NamesPathNode(names.map { FieldName($0) }, keepsSingleton: false, position: position)
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        let value = try path.evaluate(input, frame, &run)
        return value.isNull ? .undefined : value
    }
}

/// `+ - * /` of formulas: what is no number any more is a fault there, so that no comparison takes it for one.
final class FormulaArithmeticNode: Node {
    private let operation: Operator
    private let left: Node
    private let right: Node

    init(_ operation: Operator, _ left: Node, _ right: Node, position: Int) {
        self.operation = operation
        self.left = left
        self.right = right
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let first = try left.evaluate(input, frame, &run)
        let second = try right.evaluate(input, frame, &run)
        guard case .number(let one) = first, case .number(let two) = second, one.isFinite, two.isFinite else {
            return try missing(first, second, at: operation)
        }
        if operation == .divide, two == 0 { throw fault("\(NumberText.text(one)) is divided by zero") }
        let result =
            switch operation {
            case .plus: one + two
            case .minus: one - two
            case .times: one * two
            default: one / two
            }
        guard result.isFinite else { throw fault("The result of \(operation.rawValue) is too large") }
        return .number(result)
    }

    private func fault(_ message: String) -> ExpressionError {
        ExpressionError("D1001", at: position, token: operation.rawValue, message: message)
    }
}

/// `base ^ exponent`.
final class PowerNode: Node {
    private let base: Node
    private let exponent: Node

    init(_ base: Node, _ exponent: Node, position: Int) {
        self.base = base
        self.exponent = exponent
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let first = try base.evaluate(input, frame, &run)
        let second = try exponent.evaluate(input, frame, &run)
        for (code, value) in [("T2001", first), ("T2002", second)] where !value.isUndefined && !value.isNumber {
            throw ExpressionError(code, at: position, token: "^", value: value)
        }
        guard case .number(let one) = first, case .number(let two) = second else { return .undefined }
        let power = pow(one, two)
        guard power.isFinite else {
            throw ExpressionError("D3061", at: position, token: "^", value: first, secondValue: second)
        }
        return .number(power)
    }
}

/// A function over numbers. Arrays among the arguments count with all their values, however deep; missing ones not at all.
final class FormulaCallNode: Node {
    private let function: FormulaFunction
    /// As it is written.
    private let name: String
    private let arguments: [Node]

    init(_ function: FormulaFunction, name: String, _ arguments: [Node], position: Int) {
        self.function = function
        self.name = name
        self.arguments = arguments
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        do throws(ExpressionError) {
            switch function {
            case .count:
                var count = 0
                for argument in arguments { try add(argument.evaluate(input, frame, &run), to: &count, &run) }
                return .number(Double(count))
            case .sum, .avg, .min, .max:
                var numbers: [Value] = []
                for (position, argument) in arguments.enumerated() {
                    try add(argument.evaluate(input, frame, &run), position + 1, to: &numbers, &run)
                }
                return try summary(of: numbers)
            case .sqrt, .abs, .round, .if:
                var numbers: [Double] = []
                for (position, argument) in arguments.enumerated() {
                    let value = try argument.evaluate(input, frame, &run)
                    if value.isUndefined { return .undefined }
                    guard case .number(let number) = value else { throw wrongType(value, position + 1) }
                    numbers.append(number)
                }
                return try scalar(numbers)
            }
        } catch {
            throw error.placed(at: position, token: name)
        }
    }

    private func summary(of numbers: [Value]) throws(ExpressionError) -> Value {
        guard let summary = Summary(numbers) else { return .undefined }
        switch function {
        case .sum: return .number(try finite(summary.sum))
        case .avg: return summary.count == 0 ? .undefined : .number(try finite(summary.sum) / Double(summary.count))
        case .min: return summary.count == 0 ? .undefined : .number(summary.smallest)
        default: return summary.count == 0 ? .undefined : .number(summary.largest)
        }
    }

    private func scalar(_ numbers: [Double]) throws(ExpressionError) -> Value {
        let number = numbers[0]
        switch function {
        case .abs: return .number(number.magnitude)
        case .sqrt:
            guard number >= 0 else { throw ExpressionError("D3060", value: .number(number), argument: 1) }
            return .number(number.squareRoot())
        default:
            let places = numbers.count > 1 ? Int(Swift.max(-300, Swift.min(300, numbers[1]))) : 0
            return .number(Rounding.halfAway(number, places: places))
        }
    }

    private func finite(_ sum: Double) throws(ExpressionError) -> Double {
        guard sum.isFinite else { throw ExpressionError("D1001", message: "The sum is too large") }
        return sum
    }

    private func wrongType(_ value: Value, _ argument: Int) -> ExpressionError {
        ExpressionError("T0410", value: value, argument: argument)
    }

    private func add(
        _ value: Value, _ argument: Int, to numbers: inout [Value], _ run: inout Evaluation
    ) throws(ExpressionError) {
        switch value {
        case .number: numbers.append(value)
        case .undefined, .null: break
        case .array, .documentArray:
            try run.descend()
            for element in value.items { try add(element, argument, to: &numbers, &run) }
        default: throw wrongType(value, argument)
        }
        try run.spend(sequence: numbers.count)
    }

    private func add(_ value: Value, to count: inout Int, _ run: inout Evaluation) throws(ExpressionError) {
        switch value {
        case .undefined, .null: break
        case .array, .documentArray:
            try run.descend()
            for element in value.items { try add(element, to: &count, &run) }
        default: count += 1
        }
        try run.step()
    }
}

extension Rounding {
    /// Rounds to decimal places as spreadsheets do, away from zero when in the middle.
    static func halfAway(_ number: Double, places: Int) -> Double {
        guard number.isFinite else { return number }
        let shifted = places == 0 ? number : NumberText.shifted(number, by: places)
        let rounded = shifted.rounded(.toNearestOrAwayFromZero)
        guard rounded.isFinite else { return number }
        let result = places == 0 ? rounded : NumberText.shifted(rounded, by: -places)
        return result == 0 ? 0 : result
    }
}
