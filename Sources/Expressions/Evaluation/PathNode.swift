/// One step of a path.
struct Step {
    let node: Node
    /// What follows on the step: predicates, and the numbering of `#`.
    let stages: [Stage]
    let focus: Symbol?
    let index: Symbol?
    /// Where a `%` further on finds what this step stepped from.
    let ancestor: Symbol?
    let carriesTuples: Bool
    /// An array written as `[…]`: as the first step it is evaluated once, not for each item.
    let isConstructed: Bool
    /// Brings the items into an order instead of stepping from each.
    let sort: SortNode?

    enum Stage {
        case filter(Predicate)
        case index(Symbol)
    }
}

/// A path of any steps.
final class PathNode: Node {
    private let steps: [Step]
    private let group: Grouping?
    private let keepsSingleton: Bool
    /// Whether the path around this one needs what was bound on the way.
    private let yieldsTuples: Bool
    private let startsWithVariable: Bool

    init(
        _ steps: [Step], group: Grouping?, keepsSingleton: Bool, yieldsTuples: Bool, startsWithVariable: Bool,
        position: Int
    ) {
        self.steps = steps
        self.group = group
        self.keepsSingleton = keepsSingleton
        self.yieldsTuples = yieldsTuples
        self.startsWithVariable = startsWithVariable
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        try run.step(steps.count)
        var items: Value = input.isArray && !startsWithVariable ? input : .array(List([input], flags: .sequence))
        var result = Value.undefined
        var tuples: TupleStream?
        var bindsTuples = false
        for (position, step) in steps.enumerated() {
            if step.carriesTuples { bindsTuples = true }
            if position == 0, step.isConstructed, !bindsTuples {
                result = try step.node.evaluate(items, frame, &run)
            } else if bindsTuples {
                tuples = try tupleStep(step, items, tuples, frame, &run)
            } else {
                result = try plainStep(step, items, frame, &run, isLast: position == steps.count - 1)
            }
            if !bindsTuples, result.isUndefined || result.isEmptyArray { break }
            if step.focus == nil { items = result }
        }
        if bindsTuples {
            let stream = tuples ?? TupleStream([])
            if yieldsTuples && group == nil { return .tuples(stream) }
            result = .array(List(stream.tuples.map { $0.context }, flags: .sequence))
        }
        if keepsSingleton { result = try result.keepingSingleton(&run) }
        if let group {
            return try group.evaluate(bindsTuples ? .tuples(tuples ?? TupleStream([])) : result, frame, &run)
        }
        try run.checkHeight(result)
        return finish(result)
    }

    /// The step's values from every item, their arrays flattened by one level.
    private func plainStep(
        _ step: Step, _ items: Value, _ frame: Frame?, _ run: inout Evaluation, isLast: Bool
    ) throws(ExpressionError) -> Value {
        if let sort = step.sort {
            var sorted = try sort.sorted(items, frame, &run)
            for case .filter(let predicate) in step.stages { sorted = try predicate.filter(sorted, frame, &run) }
            return sorted
        }
        var joined = List(flags: .sequence)
        var isFirst = true
        // The outcome as it is, if it stays the only one: to join its elements would take as long as it is.
        var only: Value?
        try run.mayTake(items.extent)
        let inputs = items.items
        try run.step(inputs.count)
        for item in inputs {
            var value = try step.node.evaluate(item, frame, &run)
            for case .filter(let predicate) in step.stages { value = try predicate.filter(value, frame, &run) }
            if case .undefined = value { continue }
            if isFirst, isLast, value.isArray, !value.isSequence {
                only = value
            } else {
                if let first = only.take() { try joined.join(step: first, &run) }
                try joined.join(step: value, &run)
            }
            isFirst = false
        }
        return only ?? .array(joined)
    }

    /// The same with what is bound on the way: every value goes on together with the bindings of the item it came from.
    private func tupleStep(
        _ step: Step, _ items: Value, _ known: TupleStream?, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> TupleStream {
        var result: TupleStream
        if let sort = step.sort {
            if let known {
                result = try sort.sorted(known, frame, &run)
            } else {
                let sorted = try sort.sorted(items, frame, &run).items
                result = TupleStream(sorted.map { Tuple(context: $0) })
                if let index = step.index { result = try result.numbered(index, &run) }
            }
        } else {
            try run.mayTake(items.extent)
            var tuples: [Tuple] = []
            for tuple in known?.tuples ?? items.items.map({ Tuple(context: $0) }) {
                try add(step, from: tuple, to: &tuples, frame, &run)
            }
            result = TupleStream(tuples)
        }
        for stage in step.stages {
            switch stage {
            case .filter(let predicate): result = try predicate.filter(result, frame, &run)
            case .index(let symbol): result = try result.numbered(symbol, &run)
            }
        }
        return result
    }

    /// Adds a tuple for each value of the step from `tuple`.
    private func add(
        _ step: Step, from tuple: Tuple, to tuples: inout [Tuple], _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) {
        try run.step(tuple.weight)
        let value = try step.node.evaluate(tuple.context, tuple.frame(within: frame), &run)
        if case .tuples(let stream) = value {
            for inner in stream.tuples {
                tuples.append(tuple.merged(with: inner))
                try run.spend(sequence: tuples.count, added: tuple.weight + inner.weight)
            }
            return
        }
        try run.mayTake(value.extent)
        for (position, item) in value.items.enumerated() {
            var next = tuple
            if let focus = step.focus { next.bind(focus, item) } else { next.context = item }
            if let index = step.index { next.bind(index, .number(Double(position))) }
            if let ancestor = step.ancestor { next.bind(ancestor, tuple.context) }
            tuples.append(next)
            try run.spend(sequence: tuples.count, added: tuple.weight)
        }
    }
}

extension List {
    /// Adds what a step yields: an array written as `[…]` is one value.
    fileprivate mutating func join(step value: Value, _ run: inout Evaluation) throws(ExpressionError) {
        let before = count
        if case .array(let list) = value, list.flags.contains(.constructed) { append(value) } else { join(value) }
        try run.spend(sequence: count, added: count - before)
    }
}
