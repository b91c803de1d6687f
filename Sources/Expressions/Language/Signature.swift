/// The types of a function's arguments, as written in `<…>`: https://docs.jsonata.org/programming#function-signatures
struct Signature: Sendable {
    /// Types by their letters; `missing` is what ``Value/undefined`` has, and most parameters take it.
    struct Types: OptionSet, Sendable {
        let rawValue: UInt16
        static let string = Types(rawValue: 1)
        static let number = Types(rawValue: 2)
        static let boolean = Types(rawValue: 4)
        static let null = Types(rawValue: 8)
        static let object = Types(rawValue: 16)
        static let array = Types(rawValue: 32)
        static let function = Types(rawValue: 64)
        static let missing = Types(rawValue: 128)
        static let json: Types = [.string, .number, .boolean, .null, .object, .array, .missing]
        static let any: Types = [.json, .function]

        init(rawValue: UInt16) { self.rawValue = rawValue }

        init?(letter: Character) {
            switch letter {
            case "s": self = .string
            case "n": self = .number
            case "b": self = .boolean
            case "l": self = .null
            case "o": self = .object
            case "a": self = .array
            case "f": self = .function
            case "j": self = .json
            case "x": self = .any
            default: return nil
            }
        }
    }

    struct Parameter: Sendable {
        var types: Types
        /// Whether it takes an array, and so any other value as an array of one.
        var takesArray = false
        /// The type of an array's elements, and its letter.
        var elements: (types: Types, text: String)?
        var isOptional = false
        var repeats = false
        /// When the argument is missing, the context takes its place.
        var usesContext = false
        var isFunction = false
    }

    private(set) var parameters: [Parameter] = []

    /// `text` begins with `<`; what follows a colon, the type of the result, is not looked at.
    /// - Throws: S0401, S0402, with the place in `text`.
    init(_ text: String) throws(ExpressionError) {
        let letters = Array(text)
        var index = 1
        func closing(_ open: Character, _ close: Character) -> Int {
            var depth = 0
            for position in index..<letters.count {
                if letters[position] == open { depth += 1 }
                if letters[position] == close { depth -= 1 }
                if depth == 0 { return position }
            }
            return letters.count - 1
        }
        scan: while index < letters.count {
            let letter = letters[index]
            switch letter {
            case ":": break scan
            case "-":
                change {
                    $0.usesContext = true; $0.isOptional = true
                }
            case "?": change { $0.isOptional = true }
            case "+": change { $0.repeats = true }
            case "(":
                let end = closing("(", ")")
                let choice = letters[index + 1..<max(end, index + 1)]
                guard !choice.contains("<") else { throw ExpressionError("S0402", at: index) }
                var types = Types.missing
                for letter in choice { types.formUnion(Types(letter: letter) ?? []) }
                parameters.append(Parameter(types: types))
                index = end
            case "<":
                guard let last = parameters.last, last.takesArray || last.isFunction else {
                    throw ExpressionError("S0401", at: index)
                }
                let end = closing("<", ">")
                let inner = String(letters[index + 1..<max(end, index + 1)])
                if last.takesArray, let first = inner.first {
                    change { $0.elements = (Types(letter: first) ?? .any, inner) }
                }
                index = end
            default:
                if let types = Types(letter: letter) {
                    var parameter = Parameter(types: types.union(.missing))
                    if letter == "a" {
                        parameter.types = .any
                        parameter.takesArray = true
                    } else if letter == "f" {
                        parameter.types = .function
                        parameter.isFunction = true
                    }
                    parameters.append(parameter)
                }
            }
            index += 1
        }
    }

    private mutating func change(_ body: (inout Parameter) -> Void) {
        if !parameters.isEmpty { body(&parameters[parameters.count - 1]) }
    }
}

extension Value {
    /// The one type of this value.
    var type: Signature.Types {
        switch self {
        case .undefined, .tuples: .missing
        case .null: .null
        case .boolean: .boolean
        case .number: .number
        case .string: .string
        case .array, .documentArray: .array
        case .object, .documentObject: .object
        case .function: .function
        }
    }
}

extension Signature {
    /// The arguments as the function takes them: one for each parameter (more for the last that repeats), the context in
    /// the place of missing ones, single values as arrays.
    /// - Throws: T0410, T0411, T0412.
    func validate(_ arguments: [Value], context: Value) throws(ExpressionError) -> [Value] {
        var counts = [Int](repeating: 0, count: parameters.count)
        guard fits(arguments, from: 0, parameter: 0, &counts, mustEnd: true) else { throw mismatch(arguments) }
        var valid: [Value] = []
        valid.reserveCapacity(max(parameters.count, arguments.count))
        var next = 0
        for (parameter, count) in zip(parameters, counts) {
            if count == 0 {
                if parameter.usesContext {
                    guard !parameter.types.isDisjoint(with: context.type) else {
                        throw ExpressionError("T0411", value: context, argument: next + 1)
                    }
                    valid.append(context)
                } else {
                    // What stands there is handed over all the same: the official suite has it so.
                    valid.append(next < arguments.count ? arguments[next] : .undefined)
                    next += 1
                }
                continue
            }
            for _ in 0..<count {
                let argument = next < arguments.count ? arguments[next] : .undefined
                valid.append(try parameter.taking(argument, number: next + 1))
                next += 1
            }
        }
        return valid
    }

    /// Whether the arguments from `index` fit the parameters from `parameter`, each taking as many as it can.
    private func fits(
        _ arguments: [Value], from index: Int, parameter: Int, _ counts: inout [Int], mustEnd: Bool
    ) -> Bool {
        guard parameter < parameters.count else { return !mustEnd || index == arguments.count }
        let current = parameters[parameter]
        let most = current.repeats ? arguments.count - index : min(1, arguments.count - index)
        var possible = 0
        while possible < most, !current.types.isDisjoint(with: arguments[index + possible].type) { possible += 1 }
        let least = current.isOptional ? 0 : 1
        while possible >= least {
            counts[parameter] = possible
            if fits(arguments, from: index + possible, parameter: parameter + 1, &counts, mustEnd: mustEnd) {
                return true
            }
            possible -= 1
        }
        return false
    }

    /// Names the first argument that spoils it.
    private func mismatch(_ arguments: [Value]) -> ExpressionError {
        var good = 0
        for count in 1...max(parameters.count, 1) where count <= parameters.count {
            var shorter = self
            shorter.parameters = Array(parameters.prefix(count))
            var counts = [Int](repeating: 0, count: count)
            guard shorter.fits(arguments, from: 0, parameter: 0, &counts, mustEnd: false) else { break }
            good = counts.reduce(0, +)
        }
        let value = good < arguments.count ? arguments[good] : .undefined
        return ExpressionError("T0410", value: value, argument: good + 1)
    }
}

extension Signature.Parameter {
    func taking(_ argument: Value, number: Int) throws(ExpressionError) -> Value {
        guard takesArray, !argument.isUndefined else { return argument }
        if let elements {
            let fits: Bool
            if let items = argument.elements {
                let first = items.first?.type ?? elements.types
                fits = elements.types.contains(first) && items.allSatisfy { $0.type == first }
            } else {
                fits = elements.text.count == 1 && elements.types.contains(argument.type)
            }
            guard fits else {
                throw ExpressionError("T0412", value: .string(Self.plural(elements.text)), argument: number)
            }
        }
        return argument.isArray ? argument : .array(List([argument]))
    }

    private static func plural(_ letters: String) -> String {
        switch letters.first {
        case "a": "arrays"
        case "b": "booleans"
        case "f": "functions"
        case "n": "numbers"
        case "o": "objects"
        case "s": "strings"
        default: letters
        }
    }
}
