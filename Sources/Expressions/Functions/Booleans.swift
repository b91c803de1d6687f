extension Builtin {
    static let booleans: [Builtin] = [
        Builtin("boolean", "<x-:b>", arity: 1, simple: { $0.truthOfScalar.map { .boolean($0) } }) {
            (arguments, run) throws(ExpressionError) in
            try arguments[0].truth(&run).map { .boolean($0) } ?? .undefined
        },
        Builtin("not", "<x-:b>", arity: 1, simple: { $0.truthOfScalar.map { .boolean(!$0) } }) {
            (arguments, run) throws(ExpressionError) in
            try arguments[0].truth(&run).map { .boolean(!$0) } ?? .undefined
        },
        Builtin("exists", "<x:b>", arity: 1, simple: { .boolean(!$0.isUndefined) }) {
            (arguments, _) throws(ExpressionError) in
            .boolean(!arguments[0].isUndefined)
        },
        Builtin("type", "<x:s>", arity: 1) { (arguments, _) throws(ExpressionError) in
            switch arguments[0] {
            case .undefined, .tuples: .undefined
            case .null: .string("null")
            case .number: .string("number")
            case .string: .string("string")
            case .boolean: .string("boolean")
            case .array, .documentArray: .string("array")
            case .function: .string("function")
            case .object, .documentObject: .string("object")
            }
        },
    ]
}
