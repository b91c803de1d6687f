/// Something that can be called.
///
/// Sendable, unchecked: a function refers to the frames of the evaluation that made it. It is called only there; whoever
/// gets a result with a function in it can tell that it is one and nothing else.
package final class Function: @unchecked Sendable {
    enum Kind {
        case builtin(Builtin)
        case lambda(Lambda, input: Value, frame: Frame?)
        /// `function` with some arguments given; the others, in order, are still to come.
        case partial(Function, given: [Value?])
        /// First `inner`, then `outer` with its result.
        case chain(inner: Function, outer: Function)
        case regex(RegexPattern)
        /// The search for the match behind the one whose `next` this is.
        case nextMatch(RegexPattern, subject: MatchSubject, from: Int)
        case transform(TransformNode, frame: Frame?)
    }

    let kind: Kind
    let height: UInt16

    init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .partial(let function, let given):
            var highest = Int(function.height)
            for argument in given { highest = max(highest, argument?.height ?? 0) }
            height = UInt16(clamping: highest + 1)
        case .chain(let inner, let outer): height = UInt16(clamping: Int(max(inner.height, outer.height)) + 1)
        case .lambda(_, let input, _): height = UInt16(clamping: input.height + 1)
        default: height = 1
        }
    }

    /// How many arguments it takes: higher-order functions hand over no more.
    var arity: Int {
        switch kind {
        case .builtin(let builtin): builtin.arity
        case .lambda(let lambda, _, _): lambda.parameters.count
        case .partial(_, let given): given.count { $0 == nil }
        case .chain: 1
        case .regex: 2
        case .nextMatch: 0
        case .transform: 1
        }
    }
}
