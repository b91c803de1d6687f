/// `^( … )`: brings the items of a path into an order.
final class SortNode: Node {
    private let terms: [(isDescending: Bool, expression: Node)]

    init(_ terms: [(isDescending: Bool, expression: Node)], position: Int) {
        self.terms = terms
        super.init(position: position)
    }

    /// The same values in order; fewer than two stay as they are.
    func sorted(_ value: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        guard let items = value.elements, items.count > 1 else { return value }
        let order = try order(of: items.map { Tuple(context: $0) }, frame, &run)
        return .array(List(order.map { items[$0] }))
    }

    func sorted(_ stream: TupleStream, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> TupleStream
    {
        guard stream.tuples.count > 1 else { return stream }
        return TupleStream(try order(of: stream.tuples, frame, &run).map { stream.tuples[$0] })
    }

    private func order(of tuples: [Tuple], _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> [Int] {
        // Terms behind the first are evaluated only where the ones before are equal, and once for each item.
        var keys: [[Value]] = tuples.map { _ in [] }
        func key(_ item: Int, _ term: Int, _ run: inout Evaluation) throws(ExpressionError) -> Value {
            if term < keys[item].count { return keys[item][term] }
            let tuple = tuples[item]
            try run.step(tuple.weight)
            let value = try terms[term].expression.evaluate(tuple.context, tuple.frame(within: frame), &run)
            keys[item].append(value)
            return value
        }
        return try mergeSorted(Array(tuples.indices), &run) { (left, right, run) throws(ExpressionError) -> Bool in
            for term in self.terms.indices {
                try run.step()
                let comparison = try self.compare(key(left, term, &run), key(right, term, &run), &run)
                // What is missing does not turn with the direction.
                if abs(comparison) == 2 { return comparison == 2 }
                if comparison != 0 { return (self.terms[term].isDescending ? -comparison : comparison) == 1 }
            }
            return false
        }
    }

    /// 1 when `left` belongs behind `right`, 2 when it does in both directions: what is missing comes last.
    private func compare(_ left: Value, _ right: Value, _ run: inout Evaluation) throws(ExpressionError) -> Int {
        switch (left, right) {
        case (.undefined, .undefined): return 0
        case (.number(let one), .number(let two)): return one == two ? 0 : one < two ? -1 : 1
        case (.string(let one), .string(let two)):
            try run.mayTake(one.utf8.count / 64)
            return one.isSameText(as: two) ? 0 : try one.isBefore(two, &run) ? -1 : 1
        default: break
        }
        return try compareOddly(left, right)
    }

    private func compareOddly(_ left: Value, _ right: Value) throws(ExpressionError) -> Int {
        if left.isUndefined { return 2 }
        if right.isUndefined { return -2 }
        for value in [left, right] where !value.isNumber && !value.isString {
            throw ExpressionError("T2008", at: position, value: value)
        }
        throw ExpressionError("T2007", at: position, value: left, secondValue: right)
    }
}

/// A stable merge sort; `isBehind` tells whether its first argument belongs behind its second.
func mergeSorted<Element>(
    _ items: [Element], _ run: inout Evaluation,
    _ isBehind: (Element, Element, inout Evaluation) throws(ExpressionError) -> Bool
) throws(ExpressionError) -> [Element] {
    var current = items
    var next = items
    var width = 1
    while width < current.count {
        var start = 0
        while start < current.count {
            let middle = min(start + width, current.count)
            let end = min(start + 2 * width, current.count)
            var (left, right) = (start, middle)
            for position in start..<end {
                let takesRight: Bool
                if left >= middle {
                    takesRight = true
                } else if right >= end {
                    takesRight = false
                } else {
                    takesRight = try isBehind(current[left], current[right], &run)
                }
                next[position] = takesRight ? current[right] : current[left]
                if takesRight { right += 1 } else { left += 1 }
            }
            try run.step(end - start)
            start = end
        }
        swap(&current, &next)
        width *= 2
    }
    return current
}
