/// A function of the library: https://docs.jsonata.org/string-functions and the pages behind it.
///
/// Sendable, unchecked: all of it is constant, and the bodies capture nothing.
final class Builtin: @unchecked Sendable {
    typealias Body = (CallArguments, inout Evaluation) throws(ExpressionError) -> Value

    let name: String
    let signature: Signature
    /// How many arguments it takes when another function calls it.
    let arity: Int
    let body: Body
    /// The result for one argument of the most frequent type, nil for all others: it spares the signature's check.
    let simple: ((Value) -> Value?)?

    init(
        _ name: String, _ signature: String, arity: Int, simple: ((Value) -> Value?)? = nil, _ body: @escaping Body
    ) {
        self.name = name
        self.signature = .library(signature)
        self.arity = arity
        self.simple = simple
        self.body = body
    }

    static func named(_ name: String) -> Builtin? { all[name] }

    private static let all: [String: Builtin] = {
        let groups = [
            aggregates, numbers, texts, textSearches, encodings, booleans, arrays, objects, higherOrder, dates,
            evaluations,
        ]
        var all: [String: Builtin] = [:]
        for group in groups { for builtin in group { all[builtin.name] = builtin } }
        return all
    }()
}

extension Signature {
    /// A signature of this library, which is known to be right.
    static func library(_ text: String) -> Signature {
        do throws(ExpressionError) {
            return try Signature(text)
        } catch {
            preconditionFailure("\(text): \(error)")
        }
    }
}
