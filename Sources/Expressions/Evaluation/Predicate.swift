/// `[…]` behind a step: a position, counted from the end when negative, or a condition.
struct Predicate {
    let expression: Node
    /// The position, when it is written as a number.
    let position: Double?

    /// The values that fulfil it, as a sequence that has not collapsed.
    func filter(_ value: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        if case .tuples(let stream) = value { return .tuples(try filter(stream, frame, &run)) }
        try run.mayTake(value.extent)
        if let position {
            let item = Self.item(at: position, of: value)
            if item.isArray { return item }
            return .array(List(item.isUndefined ? [] : [item], flags: .sequence))
        }
        // What is missing counts as one item here: its predicate is evaluated, and it stays missing.
        let items = value.elements ?? [value]
        var kept = List(flags: .sequence)
        try run.step(items.count)
        for (index, item) in items.enumerated() {
            let outcome = try expression.evaluate(item, frame, &run)
            for _ in 0..<(try Self.times(outcome, index: index, count: items.count, &run)) { kept.append(item) }
        }
        try run.spend(sequence: kept.count, added: kept.count)
        return .array(value.isUndefined ? List(flags: .sequence) : kept)
    }

    func filter(_ stream: TupleStream, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> TupleStream
    {
        if let position {
            guard let index = Self.index(position, count: stream.tuples.count) else { return TupleStream([]) }
            return TupleStream([stream.tuples[index]])
        }
        var kept: [Tuple] = []
        for (index, tuple) in stream.tuples.enumerated() {
            try run.step(tuple.weight)
            let outcome = try expression.evaluate(tuple.context, tuple.frame(within: frame), &run)
            for _ in 0..<(try Self.times(outcome, index: index, count: stream.tuples.count, &run)) {
                kept.append(tuple)
            }
        }
        try run.spend(sequence: kept.count, added: kept.count)
        return TupleStream(kept)
    }

    /// How often the item at `index` is kept: once for a condition that holds, once for each number that is its position.
    private static func times(
        _ outcome: Value, index: Int, count: Int, _ run: inout Evaluation
    ) throws(ExpressionError) -> Int {
        if case .boolean(let holds) = outcome { return holds ? 1 : 0 }
        if case .number(let number) = outcome { return Self.index(number, count: count) == index ? 1 : 0 }
        if outcome.isArray { try run.mayTake(1 + outcome.extent) }
        if let elements = outcome.elements, !elements.isEmpty, elements.allSatisfy({ $0.isNumber }) {
            return elements.count { element in
                if case .number(let number) = element { Self.index(number, count: count) == index } else { false }
            }
        }
        return try outcome.truth(&run) ?? false ? 1 : 0
    }

    private static func item(at position: Double, of value: Value) -> Value {
        if case .documentArray(let node) = value {
            return index(position, count: node.exactCount).map { node.element(at: $0) } ?? .undefined
        }
        let items = value.elements ?? [value]
        return index(position, count: items.count).map { items[$0] } ?? .undefined
    }

    private static func index(_ position: Double, count: Int) -> Int? {
        let whole = position.rounded(.down)
        let index = whole < 0 ? Double(count) + whole : whole
        return index >= 0 && index < Double(count) ? Int(index) : nil
    }
}

extension Value {
    var isNumber: Bool { if case .number = self { true } else { false } }
    var isString: Bool { if case .string = self { true } else { false } }
}

/// Something that is no step of a path, with predicates.
final class FilteredNode: Node {
    private let value: Node
    private let predicates: [Predicate]

    init(_ value: Node, _ predicates: [Predicate]) {
        self.value = value
        self.predicates = predicates
        super.init(position: value.position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        var result = try value.evaluate(input, frame, &run)
        for predicate in predicates { result = try predicate.filter(result, frame, &run) }
        try run.checkHeight(result)
        return finish(result)
    }
}
