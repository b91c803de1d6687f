extension Builtin {
    static let evaluations: [Builtin] = [
        Builtin("error", "<s?:x>", arity: 1) { (arguments, _) throws(ExpressionError) in
            var message = "$error() function evaluated"
            if case .string(let given) = arguments[0], !given.isEmpty { message = given }
            throw ExpressionError("D3137", message: message)
        },
        Builtin("assert", "<bs?:x>", arity: 2) { (arguments, run) throws(ExpressionError) in
            if try arguments[0].truth(&run) ?? false { return .undefined }
            var message = "$assert() statement failed"
            if case .string(let given) = arguments[1], !given.isEmpty { message = given }
            throw ExpressionError("D3141", message: message)
        },
        Builtin("eval", "<sx?:x>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .string(let source) = arguments[0] else { return .undefined }
            try run.enter(1)
            defer { run.leave(1) }
            try run.spend(bytes: source.utf8.count * 16)
            let node: Node
            let regexSize: Int
            do throws(ExpressionError) {
                (node, regexSize) = try Compiler.compile(source, &run.symbols)
            } catch {
                throw ExpressionError("D3120", words: error.message)
            }
            try run.spend(bytes: regexSize * 16)
            try run.mayTake(regexSize)
            var input = arguments.context
            if !arguments[1].isUndefined {
                input = arguments[1]
                if input.isArray, !input.isSequence { input = input.wrapped }
            }
            do throws(ExpressionError) {
                return try node.evaluate(input, arguments.frame ?? Frame(parent: nil), &run)
            } catch {
                // Limits are the whole evaluation's: they are not the fault of what was evaluated here.
                if ["D1011", "D1012", "D2015"].contains(error.code) { throw error }
                throw ExpressionError("D3121", words: error.message)
            }
        },
    ]
}

extension Value {
    /// An input that is an array, held so that a path takes it as one item.
    var wrapped: Value { .array(List([self], flags: [.sequence, .wrapsInput])) }
}
