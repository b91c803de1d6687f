/// A part of a compiled expression. Nodes never change once made, and any number of evaluations use them at a time.
class Node {
    /// The byte of the source that errors point at.
    let position: Int
    /// Followed by `[]`: a sequence of one value stays an array. Set by the compiler before anyone evaluates.
    final var keepsArray = false

    init(position: Int) { self.position = position }

    /// Lets a sequence of one value collapse, unless it is to stay an array.
    @inline(__always)
    final func finish(_ value: Value) -> Value {
        guard case .array(var list) = value, list.flags.contains(.sequence) else { return value }
        guard keepsArray else { return value.collapsed }
        list.flags.insert(.keepsSingleton)
        return Value.array(list).collapsed
    }

    /// The value for `input`, the context. A sequence of one value has collapsed to it already.
    func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        .undefined
    }
}

final class LiteralNode: Node {
    let value: Value

    init(_ value: Value, position: Int) {
        self.value = value
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        value
    }
}

/// `$`: the context.
final class ContextNode: Node {
    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        input.unwrapped
    }
}

/// `$$`: the whole input.
final class RootNode: Node {
    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        run.root
    }
}

extension Value {
    /// The input itself, when this is what holds an input that is an array.
    var unwrapped: Value {
        guard case .array(let list) = self, list.flags.contains(.wrapsInput) else { return self }
        return list.elements.first ?? .undefined
    }
}

/// `$name`: a variable, or the library's function of that name.
final class VariableNode: Node {
    let symbol: Symbol
    let builtin: Builtin?
    private let builtinValue: Value

    init(_ symbol: Symbol, name: String, position: Int) {
        self.symbol = symbol
        builtin = Builtin.named(name)
        builtinValue = builtin.map { .function(Function(.builtin($0))) } ?? .undefined
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        finish(frame?.value(of: symbol) ?? builtinValue)
    }

    /// The library's function, unless the name means something else here.
    @inline(__always)
    func unshadowedBuiltin(_ frame: Frame?) -> Builtin? {
        guard let builtin, frame?.value(of: symbol) == nil else { return nil }
        return builtin
    }
}

/// `%`: an object on the way to the context, bound by the step that left it.
final class ParentNode: Node {
    private let symbol: Symbol

    init(_ symbol: Symbol, position: Int) {
        self.symbol = symbol
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        (frame?.value(of: symbol) ?? .undefined).collapsed
    }
}

/// `$name := value`.
final class BindNode: Node {
    private let symbol: Symbol
    private let value: Node

    init(_ symbol: Symbol, _ value: Node, position: Int) {
        self.symbol = symbol
        self.value = value
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        let bound = try value.evaluate(input, frame, &run)
        if let frame {
            try run.mayTake(frame.count / 16)
            frame.bind(symbol, bound)
        }
        return bound
    }
}

/// `( …; … )`: the value of the last part.
final class BlockNode: Node {
    private let parts: [Node]
    /// Whether a part binds a variable here; otherwise no frame is needed.
    private let binds: Bool

    init(_ parts: [Node], binds: Bool, position: Int) {
        self.parts = parts
        self.binds = binds
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        try run.step(parts.count)
        let frame = binds ? Frame(parent: frame) : frame
        var result = Value.undefined
        for part in parts { result = try part.evaluate(input, frame, &run) }
        return result
    }
}

/// `condition ? then : otherwise`.
final class ConditionNode: Node {
    private let condition: Node
    private let then: Node
    private let otherwise: Node?

    init(_ condition: Node, _ then: Node, _ otherwise: Node?, position: Int) {
        self.condition = condition
        self.then = then
        self.otherwise = otherwise
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        if try condition.evaluate(input, frame, &run).truth(&run) ?? false {
            return try then.evaluate(input, frame, &run)
        }
        return try otherwise?.evaluate(input, frame, &run) ?? .undefined
    }
}

/// `value ?: other` and `value ?? other`.
final class FallbackNode: Node {
    private let value: Node
    private let other: Node
    /// Whether only a missing value is replaced, or a false one too.
    private let onlyMissing: Bool

    init(_ value: Node, _ other: Node, onlyMissing: Bool, position: Int) {
        self.value = value
        self.other = other
        self.onlyMissing = onlyMissing
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        let first = try value.evaluate(input, frame, &run)
        let counts = try onlyMissing ? !first.isUndefined : first.truth(&run) ?? false
        return counts ? first : try other.evaluate(input, frame, &run)
    }
}
