import Glibc

extension Builtin {
    static let numbers: [Builtin] = [
        number("abs") { abs($0) },
        number("floor") { $0.rounded(.down) },
        number("ceil") { $0.rounded(.up) },
        Builtin("round", "<n-n?:n>", arity: 2) { (arguments, _) throws(ExpressionError) in
            guard case .number(let number) = arguments[0] else { return .undefined }
            guard case .number(let places) = arguments[1] else { return .number(Rounding.halfEven(number, places: 0)) }
            return .number(Rounding.halfEven(number, places: Int(max(-400, min(400, places)))))
        },
        Builtin("sqrt", "<n-:n>", arity: 1) { (arguments, _) throws(ExpressionError) in
            guard case .number(let number) = arguments[0] else { return .undefined }
            guard number >= 0 else { throw ExpressionError("D3060", value: arguments[0], argument: 1) }
            return .number(number.squareRoot())
        },
        Builtin("power", "<n-n:n>", arity: 2) { (arguments, _) throws(ExpressionError) in
            guard case .number(let base) = arguments[0] else { return .undefined }
            guard case .number(let exponent) = arguments[1] else {
                throw ExpressionError("D3061", value: arguments[0], secondValue: arguments[1], argument: 1)
            }
            let power = pow(base, exponent)
            guard power.isFinite else {
                throw ExpressionError("D3061", value: arguments[0], secondValue: arguments[1], argument: 1)
            }
            return .number(power)
        },
        Builtin("random", "<:n>", arity: 0) { (_, _) throws(ExpressionError) in .number(.random(in: 0..<1)) },
        Builtin("number", "<(nsb)-:n>", arity: 1) { (arguments, _) throws(ExpressionError) in
            switch arguments[0] {
            case .undefined: return .undefined
            case .number: return arguments[0]
            case .boolean(let value): return .number(value ? 1 : 0)
            case .string(let text):
                if let number = NumberText.parse(text) { return .number(number) }
            default: break
            }
            throw ExpressionError("D3030", value: arguments[0], argument: 1)
        },
        Builtin("formatBase", "<n-n?:s>", arity: 2) { (arguments, _) throws(ExpressionError) in
            guard case .number(let number) = arguments[0] else { return .undefined }
            var radix = 10.0
            if case .number(let given) = arguments[1] { radix = Rounding.halfEven(given, places: 0) }
            guard radix >= 2, radix <= 36 else { throw ExpressionError("D3100", value: .number(radix)) }
            return .string(NumberText.whole(Rounding.halfEven(number, places: 0), radix: Int(radix)))
        },
        Builtin("formatNumber", "<n-so?:s>", arity: 3) { (arguments, run) throws(ExpressionError) in
            guard case .number(let number) = arguments[0], case .string(let picture) = arguments[1] else {
                return .undefined
            }
            try run.spend(bytes: picture.utf8.count + 400)
            let text = try NumberPicture(picture, options: arguments[2]).format(number)
            try run.spend(bytes: text.utf8.count)
            return .string(text)
        },
        Builtin("formatInteger", "<n-s:s>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .number(let number) = arguments[0], case .string(let picture) = arguments[1] else {
                return .undefined
            }
            try run.spend(bytes: picture.utf8.count + 400)
            let text = try IntegerPicture(picture).format(number.rounded(.down))
            try run.spend(bytes: text.utf8.count)
            return .string(text)
        },
        Builtin("parseInteger", "<s-s:n>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0], case .string(let picture) = arguments[1] else {
                return .undefined
            }
            try run.spend(bytes: text.utf8.count + picture.utf8.count)
            return try IntegerPicture(picture).parse(text).map { .number($0) } ?? .undefined
        },
    ]

    private static func number(_ name: String, _ function: @escaping (Double) -> Double) -> Builtin {
        Builtin(
            name, "<n-:n>", arity: 1,
            simple: { if case .number(let number) = $0 { .number(function(number)) } else { nil } }
        ) { (arguments, _) throws(ExpressionError) in
            guard case .number(let number) = arguments[0] else { return .undefined }
            return .number(function(number))
        }
    }
}

enum Rounding {
    /// Rounds to decimal places, to the even neighbour when in the middle. What the middle is, the decimal digits of the
    /// number decide, not its binary value.
    static func halfEven(_ number: Double, places: Int) -> Double {
        guard number.isFinite else { return number }
        var shifted = number
        if places != 0 { shifted = NumberText.shifted(number, by: places) }
        // It has no such decimal places.
        guard shifted.isFinite else { return number }
        var rounded = shifted.rounded(.toNearestOrEven)
        if places != 0, rounded.isFinite { rounded = NumberText.shifted(rounded, by: -places) }
        return rounded == 0 ? 0 : rounded
    }
}
