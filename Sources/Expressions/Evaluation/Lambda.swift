/// A function as it is written: what all functions made from it share.
final class Lambda {
    let parameters: [Symbol]
    let signature: Signature?
    private let body: Node

    init(_ parameters: [Symbol], _ signature: Signature?, body: Node) {
        self.parameters = parameters
        self.signature = signature
        self.body = body
    }

    /// Evaluates the body with `arguments`, which fit the signature already. A call that ends the body is made here, with
    /// the body's own evaluation done: such calls may follow each other without end.
    func run(
        _ arguments: [Value], input: Value, _ enclosing: Frame?, context: Value, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        let outerContext = run.callerContext
        run.callerContext = context
        defer { run.callerContext = outerContext }
        var result = try evaluate(arguments, input, enclosing, &run)
        while let next = run.tailCall {
            run.tailCall = nil
            guard case .lambda(let lambda, let input, let enclosing) = next.function.kind else { return .undefined }
            try run.step()
            do throws(ExpressionError) {
                result = try lambda.evaluate(next.arguments, input, enclosing, &run)
            } catch {
                throw error.placed(at: next.node.position, token: next.node.name)
            }
        }
        return result
    }

    private func evaluate(
        _ arguments: [Value], _ input: Value, _ enclosing: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        let frame = Frame(parent: enclosing)
        for (position, parameter) in parameters.enumerated() {
            frame.bind(parameter, position < arguments.count ? arguments[position] : .undefined)
        }
        return try body.evaluate(input, frame, &run)
    }
}

/// `function($a, $b) { … }`.
final class LambdaNode: Node {
    private let lambda: Lambda

    init(_ lambda: Lambda, position: Int) {
        self.lambda = lambda
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.capture(frame)
        let function = Value.function(Function(.lambda(lambda, input: input, frame: frame)))
        try run.checkHeight(function)
        return function
    }
}
