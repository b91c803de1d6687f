extension Builtin {
    static let arrays: [Builtin] = [
        Builtin("append", "<xx:a>", arity: 2) { (arguments, run) throws(ExpressionError) in
            if arguments[0].isUndefined { return arguments[1] }
            if arguments[1].isUndefined { return arguments[0] }
            var list = List(arguments[0].items)
            list.append(contentsOf: arguments[1].items)
            try run.spend(sequence: list.count, added: list.count)
            return .array(list)
        },
        Builtin("reverse", "<a:a>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard let elements = arguments[0].elements, elements.count > 1 else { return arguments[0] }
            try run.step(elements.count)
            return .array(List(elements.reversed()))
        },
        Builtin("shuffle", "<a:a>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard var elements = arguments[0].elements, elements.count > 1 else { return arguments[0] }
            for position in elements.indices.dropLast() {
                // Each random number is asked of the system.
                try run.mayTake(16)
                try run.step()
                elements.swapAt(position, .random(in: position..<elements.count))
            }
            return .array(List(elements))
        },
        Builtin("distinct", "<x:x>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard let elements = arguments[0].elements, elements.count > 1 else { return arguments[0] }
            var distinct = DistinctValues()
            for element in elements { try distinct.add(element, &run) }
            return .array(List(distinct.values, flags: arguments[0].isSequence ? .sequence : []))
        },
        Builtin("zip", "<a+>", arity: 0) { (arguments, run) throws(ExpressionError) in
            let lists = arguments.values.map { $0.elements ?? [] }
            let count = lists.map(\.count).min() ?? 0
            try run.spend(sequence: count)
            var zipped: [Value] = []
            for position in 0..<count {
                try run.step(lists.count)
                zipped.append(.array(List(lists.map { $0[position] })))
            }
            return .array(List(zipped))
        },
        Builtin("sort", "<af?:a>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard let elements = arguments[0].elements, elements.count > 1 else { return arguments[0] }
            if case .function(let function) = arguments[1] {
                let sorted = try mergeSorted(elements, &run) { (left, right, run) throws(ExpressionError) -> Bool in
                    try function.call([left, right], arguments.frame, &run).collapsed.truth(&run) ?? false
                }
                return .array(List(sorted))
            }
            let areNumbers = elements.allSatisfy(\.isNumber)
            guard areNumbers || elements.allSatisfy(\.isString) else { throw ExpressionError("D3070", argument: 1) }
            let sorted = try mergeSorted(elements, &run) { (left, right, run) throws(ExpressionError) -> Bool in
                switch (left, right) {
                case (.number(let one), .number(let two)): one > two
                case (.string(let one), .string(let two)): try two.isBefore(one, &run)
                default: false
                }
            }
            return .array(List(scalars: sorted))
        },
    ]
}

/// Values without those that equal an earlier one.
private struct DistinctValues {
    private(set) var values: [Value] = []
    private var texts: Set<ExactText> = []
    private var numbers: Set<Double> = []
    /// Where the others stand: those are compared one by one.
    private var others: [Int] = []

    mutating func add(_ value: Value, _ run: inout Evaluation) throws(ExpressionError) {
        let isNew: Bool
        switch value {
        case .string(let text):
            try run.mayTake(text.utf8.count / 64)
            isNew = texts.insert(ExactText(text)).inserted
        case .number(let number): isNew = numbers.insert(number).inserted
        default:
            var isKnown = false
            for other in others where !isKnown {
                try run.step()
                isKnown = try values[other].isEqual(to: value, &run)
            }
            isNew = !isKnown
            if isNew { others.append(values.count) }
        }
        try run.step()
        if isNew { values.append(value) }
    }
}
