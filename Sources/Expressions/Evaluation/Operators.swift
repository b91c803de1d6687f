import Glibc

extension Value {
    /// The number, or nil for ``undefined`` and everything else.
    /// - Throws: D1001 for what is too large to be one.
    @inline(__always)
    func finiteNumber() throws(ExpressionError) -> Double? {
        guard case .number(let number) = self, !number.isNaN else { return nil }
        guard number.isFinite else { throw ExpressionError("D1001", words: NumberText.text(number)) }
        return number
    }
}

/// `+ - * / %`.
final class ArithmeticNode: Node {
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
        switch operation {
        case .plus: return .number(one + two)
        case .minus: return .number(one - two)
        case .times: return .number(one * two)
        case .divide: return .number(one / two)
        default: return .number(fmod(one, two))
        }
    }

}

extension Node {
    /// What an operator on numbers yields that does not get two: nothing when a side is missing.
    /// - Throws: T2001 or T2002 when one is no number, D1001 when one is too large.
    final func missing(
        _ first: Value, _ second: Value, at operation: Operator
    ) throws(ExpressionError) -> Value {
        for (code, value) in [("T2001", first), ("T2002", second)] {
            if case .undefined = value { continue }
            do throws(ExpressionError) {
                guard try value.finiteNumber() != nil else { throw ExpressionError(code, value: value) }
            } catch {
                throw error.placed(at: position, token: operation.rawValue)
            }
        }
        return .undefined
    }
}

/// `-value`.
final class NegationNode: Node {
    private let operand: Node

    init(_ operand: Node, position: Int) {
        self.operand = operand
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let value = try operand.evaluate(input, frame, &run)
        if case .undefined = value { return .undefined }
        do throws(ExpressionError) {
            guard let number = try value.finiteNumber() else { throw ExpressionError("D1002", value: value) }
            return .number(-number)
        } catch {
            throw error.placed(at: position, token: "-")
        }
    }
}

/// `< <= > >=`.
final class ComparisonNode: Node {
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
        switch (first, second) {
        case (.number(let one), .number(let two)):
            switch operation {
            case .less: return .boolean(one < two)
            case .lessOrEqual: return .boolean(one <= two)
            case .greater: return .boolean(one > two)
            default: return .boolean(one >= two)
            }
        case (.string(let one), .string(let two)):
            switch operation {
            case .less: return .boolean(try one.isBefore(two, &run))
            case .lessOrEqual: return .boolean(try !two.isBefore(one, &run))
            case .greater: return .boolean(try two.isBefore(one, &run))
            default: return .boolean(try !one.isBefore(two, &run))
            }
        default: break
        }
        for value in [first, second] {
            switch value {
            case .undefined, .number, .string: continue
            default: throw ExpressionError("T2010", at: position, token: operation.rawValue, value: value)
            }
        }
        if first.isUndefined || second.isUndefined { return .undefined }
        throw ExpressionError("T2009", at: position, token: operation.rawValue, value: first, secondValue: second)
    }
}

/// `=` and `!=`.
final class EqualityNode: Node {
    private let negated: Bool
    private let left: Node
    private let right: Node

    init(negated: Bool, _ left: Node, _ right: Node, position: Int) {
        self.negated = negated
        self.left = left
        self.right = right
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let first = try left.evaluate(input, frame, &run)
        let second = try right.evaluate(input, frame, &run)
        if first.isUndefined || second.isUndefined { return .boolean(false) }
        return .boolean(try first.isEqual(to: second, &run) != negated)
    }
}

/// `and` and `or`; the right side is evaluated only when it matters.
final class LogicNode: Node {
    private let isAnd: Bool
    private let left: Node
    private let right: Node

    init(isAnd: Bool, _ left: Node, _ right: Node, position: Int) {
        self.isAnd = isAnd
        self.left = left
        self.right = right
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let first = try left.evaluate(input, frame, &run).truth(&run) ?? false
        if first != isAnd { return .boolean(first) }
        return .boolean(try right.evaluate(input, frame, &run).truth(&run) ?? false)
    }
}

/// `&`: both sides as one string; what is missing is empty.
final class ConcatenationNode: Node {
    private let left: Node
    private let right: Node

    init(_ left: Node, _ right: Node, position: Int) {
        self.left = left
        self.right = right
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let first = try left.evaluate(input, frame, &run)
        let second = try right.evaluate(input, frame, &run)
        do throws(ExpressionError) {
            let one = try first.text(&run)
            let two = try second.text(&run)
            try run.spend(bytes: one.utf8.count + two.utf8.count)
            return .string(one + two)
        } catch {
            throw error.placed(at: position, token: "&")
        }
    }
}

/// `in`: whether the left side is one of the right side's values.
final class ContainmentNode: Node {
    private let left: Node
    private let right: Node

    init(_ left: Node, _ right: Node, position: Int) {
        self.left = left
        self.right = right
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let first = try left.evaluate(input, frame, &run)
        let second = try right.evaluate(input, frame, &run)
        if first.isUndefined { return .boolean(false) }
        let items = second.items
        try run.step(items.count)
        for item in items where try item.isSame(as: first, &run) { return .boolean(true) }
        return .boolean(false)
    }
}

/// `from..to`: the integers between, both included.
final class RangeNode: Node {
    private let left: Node
    private let right: Node
    /// Fixed by the language.
    private static let largest = 1e7

    init(_ left: Node, _ right: Node, position: Int) {
        self.left = left
        self.right = right
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let first = try left.evaluate(input, frame, &run)
        let second = try right.evaluate(input, frame, &run)
        let from = try integer(first, orThrow: "T2003")
        let to = try integer(second, orThrow: "T2004")
        guard let from, let to, from <= to else { return .undefined }
        let count = to - from + 1
        guard count <= Self.largest else {
            throw ExpressionError("D2014", at: position, token: "..", value: .number(count))
        }
        do throws(ExpressionError) {
            try run.spend(sequence: Int(count), added: Int(count))
        } catch {
            throw error.placed(at: position, token: "..")
        }
        var numbers: [Value] = []
        numbers.reserveCapacity(Int(count))
        for offset in 0..<Int(count) { numbers.append(.number(from + Double(offset))) }
        return Value.array(List(scalars: numbers, flags: .sequence)).collapsed
    }

    private func integer(_ value: Value, orThrow code: String) throws(ExpressionError) -> Double? {
        if case .undefined = value { return nil }
        guard case .number(let number) = value, number == number.rounded(), number.isFinite else {
            throw ExpressionError(code, at: position, token: "..", value: value)
        }
        return number
    }
}
