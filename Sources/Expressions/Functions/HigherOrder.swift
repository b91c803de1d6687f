extension Builtin {
    static let higherOrder: [Builtin] = [
        Builtin("map", "<af>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard let elements = arguments[0].elements, case .function(let function) = arguments[1] else {
                return .undefined
            }
            var mapped = List(flags: .sequence)
            for (position, element) in elements.enumerated() {
                let value = try function.call(
                    element, position, arguments[0], arguments.frame, &run)
                if !value.isUndefined { mapped.append(value) }
                try run.spend(sequence: mapped.count)
            }
            return .array(mapped)
        },
        Builtin("filter", "<af>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard let elements = arguments[0].elements, case .function(let function) = arguments[1] else {
                return .undefined
            }
            var kept = List(flags: .sequence)
            for (position, element) in elements.enumerated() {
                let keeps = try function.call(element, position, arguments[0], arguments.frame, &run)
                if try keeps.truth(&run) ?? false { kept.append(element) }
            }
            try run.spend(sequence: kept.count, added: kept.count)
            return .array(kept)
        },
        Builtin("single", "<af?>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard let elements = arguments[0].elements else { return .undefined }
            var found: Value?
            for (position, element) in elements.enumerated() {
                if case .function(let function) = arguments[1] {
                    let fits = try function.call(element, position, arguments[0], arguments.frame, &run)
                    guard try fits.truth(&run) ?? false else { continue }
                }
                guard found == nil else { throw ExpressionError("D3138", argument: position) }
                found = element
            }
            guard let found else { throw ExpressionError("D3139") }
            return found
        },
        Builtin("reduce", "<afj?:j>", arity: 3) { (arguments, run) throws(ExpressionError) in
            guard let elements = arguments[0].elements, case .function(let function) = arguments[1] else {
                return .undefined
            }
            guard function.arity >= 2 else { throw ExpressionError("D3050", argument: 1) }
            var result = arguments[2]
            var start = 0
            if result.isUndefined, let first = elements.first {
                result = first
                start = 1
            }
            for position in start..<max(start, elements.count) {
                let given = [result, elements[position], .number(Double(position)), arguments[0]]
                let wanted = max(2, min(4, function.arity))
                result = try function.call(Array(given.prefix(wanted)), arguments.frame, &run)
            }
            return result
        },
    ]
}

extension Function {
    /// Calls it with an element, its position and the array, or as many of them as it takes.
    func call(
        _ element: Value, _ position: Int, _ array: Value, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        switch wanted(of: 3) {
        case 1: try call([element], frame, &run)
        case 2: try call([element, .number(Double(position))], frame, &run)
        default: try call([element, .number(Double(position)), array], frame, &run)
        }
    }
}
