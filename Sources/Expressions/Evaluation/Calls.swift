/// A call: `$name(…)`, or any expression that yields a function, called.
final class CallNode: Node {
    private let procedure: Node
    /// The procedure, when it is a variable.
    private let variable: VariableNode?
    private let arguments: [Node]
    /// The left side of `~>`, which is the first argument.
    private let piped: Node?
    /// What errors call the function.
    let name: String?
    /// The variable that is meant when the procedure is a plain name, as in `sum(x)`.
    private let misspelt: VariableNode?
    /// How many operators wait for it within the function it stands in.
    private let weight: Int
    /// Whether nothing is left to do behind it, so that the function around it may end first. Its value is the function's
    /// then: whether a sequence of one collapses, the caller of the function decides.
    private let isTail: Bool

    init(
        _ procedure: Node, _ arguments: [Node], piped: Node?, name: String?, misspelt: VariableNode?, weight: Int,
        isTail: Bool, position: Int
    ) {
        self.procedure = procedure
        variable = procedure as? VariableNode
        self.arguments = arguments
        self.piped = piped
        self.name = name
        self.misspelt = misspelt
        self.weight = weight
        self.isTail = isTail
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        if let builtin = variable?.unshadowedBuiltin(frame) { return try call(builtin, input, frame, &run) }
        let first = try piped?.evaluate(input, frame, &run)
        let called = try procedure.evaluate(input, frame, &run)
        guard case .function(let function) = called else { throw try notCallable(called, frame, &run) }
        var values: [Value] = []
        values.reserveCapacity(arguments.count + 1)
        if let first { values.append(first) }
        for argument in arguments { values.append(try argument.evaluate(input, frame, &run)) }
        if isTail, case .lambda(let lambda, _, _) = function.kind {
            if let signature = lambda.signature {
                do throws(ExpressionError) {
                    values = try signature.validate(values, context: run.callerContext, &run)
                } catch {
                    throw error.placed(at: position, token: name)
                }
            }
            run.tailCall = TailCall(function: function, arguments: values, node: self)
            return .undefined
        }
        do throws(ExpressionError) {
            let context = isTail ? run.callerContext : input
            let result = try function.call(values, context: context, frame, weight: weight, &run)
            return isTail ? result : finish(result)
        } catch {
            throw error.placed(at: position, token: name)
        }
    }

    /// The library's functions need no look at what they are.
    private func call(
        _ builtin: Builtin, _ input: Value, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        if let simple = builtin.simple, arguments.count + (piped == nil ? 0 : 1) == 1 {
            let argument = try (piped ?? arguments[0]).evaluate(input, frame, &run)
            if let result = simple(argument) {
                try run.mayTake(argument.extent)
                return result
            }
            return try call(builtin, [argument], input, frame, &run)
        }
        var values: [Value] = []
        values.reserveCapacity(arguments.count + 1)
        if let piped { values.append(try piped.evaluate(input, frame, &run)) }
        for argument in arguments { values.append(try argument.evaluate(input, frame, &run)) }
        return try call(builtin, values, input, frame, &run)
    }

    private func call(
        _ builtin: Builtin, _ values: [Value], _ input: Value, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        do throws(ExpressionError) {
            // A call that ends its function stands in for it, and so has the context of whoever called that.
            let context = isTail ? run.callerContext : input
            let result = try builtin.call(values, context: context, frame, &run)
            return isTail ? result : finish(result)
        } catch {
            throw error.placed(at: position, token: name)
        }
    }

    private func notCallable(
        _ value: Value, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> ExpressionError {
        if value.isUndefined, let misspelt, try !misspelt.evaluate(.undefined, frame, &run).isUndefined {
            return ExpressionError("T1005", at: position, token: name)
        }
        return ExpressionError("T1006", at: position, token: name)
    }
}

/// What a function of the library gets.
struct CallArguments {
    /// As many as the signature has parameters, of the right types; ``Value/undefined`` for those left out.
    let values: [Value]
    let context: Value
    let frame: Frame?

    subscript(_ index: Int) -> Value { index < values.count ? values[index] : .undefined }
}

extension Builtin {
    /// Calls it with these arguments. All calls of the library come through here: what is given to it has been announced
    /// (``Signature/validate``) before its body looks at it, and what it makes is not too high.
    func call(
        _ arguments: [Value], context: Value, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        let valid = try signature.validate(arguments, context: context, &run)
        let result = try body(CallArguments(values: valid, context: context, frame: frame), &run)
        try run.checkHeight(result)
        return result
    }
}

extension Function {
    /// Calls it with these arguments; `context` takes the place of arguments left out where the function has it so.
    func call(
        _ arguments: [Value], context: Value = .null, _ frame: Frame?, weight: Int = 1, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        try run.enter(weight)
        defer { run.leave(weight) }
        switch kind {
        case .builtin(let builtin): return try builtin.call(arguments, context: context, frame, &run)
        case .lambda(let lambda, let input, let enclosing):
            let valid = try lambda.signature?.validate(arguments, context: context, &run) ?? arguments
            return try lambda.run(valid, input: input, enclosing, context: context, &run)
        case .partial(let function, let given):
            var rest = arguments.makeIterator()
            let all = given.map { $0 ?? rest.next() ?? .undefined }
            if case .lambda(let lambda, let input, let enclosing) = function.kind {
                return try lambda.run(all, input: input, enclosing, context: context, &run)
            }
            return try function.call(all, context: context, frame, &run)
        case .chain(let inner, let outer):
            let first = try inner.call(arguments, frame, &run)
            return try outer.call([first.collapsed], frame, &run)
        case .regex(let pattern):
            guard case .string(let text)? = arguments.first else { return .undefined }
            // Its match keeps a copy, for the matches behind it.
            try run.spend(bytes: text.utf8.count)
            return try pattern.matchObject(in: MatchSubject(text), from: 0, isFirst: true, &run)
        case .nextMatch(let pattern, let subject, let from):
            return try pattern.matchObject(in: subject, from: from, isFirst: false, &run)
        case .transform(let node, let enclosing):
            let valid = try TransformNode.signature.validate(arguments, context: context, &run)
            return try node.apply(to: valid.first ?? .undefined, enclosing, &run)
        }
    }
}

/// `$f(1, ?)`: a function of the arguments that are still missing.
final class PartialNode: Node {
    private let procedure: Node
    private let arguments: [Node?]
    private let name: String?
    private let misspelt: VariableNode?

    init(_ procedure: Node, _ arguments: [Node?], name: String?, misspelt: VariableNode?, position: Int) {
        self.procedure = procedure
        self.arguments = arguments
        self.name = name
        self.misspelt = misspelt
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        try run.step(arguments.count)
        var given: [Value?] = []
        for argument in arguments { given.append(try argument?.evaluate(input, frame, &run)) }
        let value = try procedure.evaluate(input, frame, &run)
        guard case .function(let function) = value else {
            if value.isUndefined, let misspelt, try !misspelt.evaluate(.undefined, frame, &run).isUndefined {
                throw ExpressionError("T1007", at: position, token: name)
            }
            throw ExpressionError("T1008", at: position, token: name)
        }
        let partial = Value.function(Function(.partial(function, given: given)))
        try run.checkHeight(partial)
        return partial
    }
}

/// `value ~> function`, where the right side is no call.
final class ApplyNode: Node {
    private let value: Node
    private let function: Node
    private let name: String?

    init(_ value: Node, _ function: Node, name: String?, position: Int) {
        self.value = value
        self.name = name
        self.function = function
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        let argument = try value.evaluate(input, frame, &run)
        let called = try function.evaluate(input, frame, &run)
        guard case .function(let outer) = called else {
            throw ExpressionError("T2006", at: position, token: "~>", value: called)
        }
        if case .function(let inner) = argument {
            let chain = Value.function(Function(.chain(inner: inner, outer: outer)))
            try run.checkHeight(chain)
            return chain
        }
        do throws(ExpressionError) {
            return finish(try outer.call([argument], frame, &run))
        } catch {
            throw error.placed(at: position, token: name)
        }
    }
}
