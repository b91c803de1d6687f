/// An item of a path together with what was bound on the way to it by `@`, `#` and for `%`.
struct Tuple: Sendable {
    var context: Value
    private(set) var bindings: [(symbol: Symbol, value: Value)] = []

    init(context: Value) { self.context = context }

    /// How many steps it counts for to copy it, or to make variables of its bindings: a path may bind hundreds.
    var weight: Int { 1 + bindings.count / 4 }

    mutating func bind(_ symbol: Symbol, _ value: Value) {
        if let position = bindings.firstIndex(where: { $0.symbol == symbol }) {
            bindings[position].value = value
        } else {
            bindings.append((symbol, value))
        }
    }

    /// The bindings as variables.
    func frame(within outer: Frame?) -> Frame? {
        bindings.isEmpty ? outer : Frame(parent: outer, variables: bindings)
    }

    /// The item of a path within, which knows the bindings of both.
    func merged(with inner: Tuple) -> Tuple {
        var merged = self
        merged.context = inner.context
        for binding in inner.bindings { merged.bind(binding.symbol, binding.value) }
        return merged
    }
}

/// The items of a path that binds variables on its way.
package final class TupleStream: Sendable {
    let tuples: [Tuple]

    init(_ tuples: [Tuple]) { self.tuples = tuples }

    /// The same, each tuple with its position as a variable.
    func numbered(_ symbol: Symbol, _ run: inout Evaluation) throws(ExpressionError) -> TupleStream {
        var numbered = tuples
        for position in numbered.indices {
            try run.step(numbered[position].weight)
            numbered[position].bind(symbol, .number(Double(position)))
        }
        return TupleStream(numbered)
    }

    /// One tuple of all, each binding with the values of all: what a group of items is evaluated with.
    static func reduced(_ tuples: [Tuple], _ run: inout Evaluation) throws(ExpressionError) -> Tuple {
        guard var reduced = tuples.first else { return Tuple(context: .undefined) }
        guard tuples.count > 1 else { return reduced }
        var context = List(flags: [])
        var bindings: [(symbol: Symbol, values: List)] = []
        for tuple in tuples {
            try context.join(tuple.context, &run)
            for binding in tuple.bindings {
                if let position = bindings.firstIndex(where: { $0.symbol == binding.symbol }) {
                    try bindings[position].values.join(binding.value, &run)
                } else {
                    var values = List(flags: [])
                    try values.join(binding.value, &run)
                    bindings.append((binding.symbol, values))
                }
            }
        }
        reduced.context = .array(context)
        for binding in bindings { reduced.bind(binding.symbol, .array(binding.values)) }
        return reduced
    }
}
