/// An item of a path together with what was bound on the way to it by `@`, `#` and for `%`.
struct Tuple: Sendable {
    var context: Value
    private(set) var bindings: [(symbol: Symbol, value: Value)] = []

    init(context: Value) { self.context = context }

    mutating func bind(_ symbol: Symbol, _ value: Value) {
        if let position = bindings.firstIndex(where: { $0.symbol == symbol }) {
            bindings[position].value = value
        } else {
            bindings.append((symbol, value))
        }
    }

    /// The bindings as variables.
    func frame(within outer: Frame?) -> Frame? {
        guard !bindings.isEmpty else { return outer }
        let frame = Frame(parent: outer)
        for binding in bindings { frame.bind(binding.symbol, binding.value) }
        return frame
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

    /// One tuple of all, each binding with the values of all: what a group of items is evaluated with.
    static func reduced(_ tuples: [Tuple], _ run: inout Evaluation) throws(ExpressionError) -> Tuple {
        guard var reduced = tuples.first else { return Tuple(context: .undefined) }
        guard tuples.count > 1 else { return reduced }
        var context = List(flags: [])
        context.join(reduced.context)
        var bindings: [(symbol: Symbol, values: List)] = reduced.bindings.map { binding in
            var values = List(flags: [])
            values.join(binding.value)
            return (binding.symbol, values)
        }
        for tuple in tuples.dropFirst() {
            context.join(tuple.context)
            for binding in tuple.bindings {
                if let position = bindings.firstIndex(where: { $0.symbol == binding.symbol }) {
                    bindings[position].values.join(binding.value)
                } else {
                    var values = List(flags: [])
                    values.join(binding.value)
                    bindings.append((binding.symbol, values))
                }
            }
            try run.spend(sequence: context.count)
            for binding in bindings { try run.spend(sequence: binding.values.count) }
        }
        reduced.context = .array(context)
        for binding in bindings { reduced.bind(binding.symbol, .array(binding.values)) }
        return reduced
    }
}
