extension Builtin {
    static let aggregates: [Builtin] = [
        Builtin(
            "count", "<a:n>", arity: 1,
            simple: { argument in
                switch argument {
                case .undefined: .number(0)
                case .array(let list): .number(Double(list.count))
                case .documentArray(let node): .number(Double(node.exactCount))
                default: .number(1)
                }
            }
        ) { (arguments, _) throws(ExpressionError) in .number(Double(arguments[0].items.count)) },
        aggregate("sum") { $0.sum },
        aggregate("average") { $0.count == 0 ? nil : $0.sum / Double($0.count) },
        aggregate("max") { $0.count == 0 ? nil : $0.largest },
        aggregate("min") { $0.count == 0 ? nil : $0.smallest },
    ]

    private static func aggregate(_ name: String, _ outcome: @escaping (Summary) -> Double?) -> Builtin {
        Builtin(
            name, "<a<n>:n>", arity: 1,
            simple: { argument in
                switch argument {
                case .array(let list):
                    guard let summary = Summary(list.elements) else { return nil }
                    return outcome(summary).map { .number($0) } ?? .undefined
                case .undefined: return .undefined
                default: return nil
                }
            }
        ) { (arguments, _) throws(ExpressionError) in
            guard let elements = arguments[0].elements, let summary = Summary(elements) else { return .undefined }
            return outcome(summary).map { .number($0) } ?? .undefined
        }
    }
}

/// What is known of numbers once all have been seen.
struct Summary {
    private(set) var count = 0
    private(set) var sum = 0.0
    private(set) var largest = -Double.infinity
    private(set) var smallest = Double.infinity

    /// Nil when one is no number.
    init?(_ values: [Value]) {
        count = values.count
        for value in values {
            guard case .number(let number) = value else { return nil }
            sum += number
            if number > largest { largest = number }
            if number < smallest { smallest = number }
        }
    }
}
