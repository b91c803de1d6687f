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
    /// More are refused: they are tried against the arguments one within the other.
    private static let maximumParameters = 32

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
            guard parameters.count <= Self.maximumParameters else {
                throw ExpressionError(
                    "S0402", at: index, message: "A signature has at most \(Self.maximumParameters) parameters")
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
    /// Whether the context may take the place of an argument when so many are given.
    func mayUseContext(given: Int) -> Bool {
        guard given < parameters.count else { return false }
        return parameters.indices.contains { index in
            let parameter = parameters[index]
            guard parameter.usesContext else { return false }
            // What is given may be meant for the parameters behind it: one that must be given, or of another type.
            return given <= index
                || parameters[(index + 1)...].contains { !$0.isOptional || !parameter.types.isSuperset(of: $0.types) }
        }
    }

    /// The arguments as the function takes them: one for each parameter (more for the last that repeats), the context in
    /// the place of missing ones, single values as arrays. How long a look at them may take is announced to `run`.
    /// - Throws: T0410, T0411, T0412.
    func validate(
        _ arguments: [Value], context: Value, _ run: inout Evaluation
    ) throws(ExpressionError) -> [Value] {
        var effort = arguments.count * parameters.count / 4 + context.extent
        for argument in arguments { effort += argument.extent }
        try run.mayTake(effort)
        var fitting = Fitting(parameters, arguments, mustEnd: true)
        guard fitting.fits(from: 0, parameter: 0) else { throw mismatch(arguments) }
        let counts = fitting.counts
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

    /// Names the first argument that spoils it.
    private func mismatch(_ arguments: [Value]) -> ExpressionError {
        var good = 0
        for count in 1...max(parameters.count, 1) where count <= parameters.count {
            var fitting = Fitting(Array(parameters.prefix(count)), arguments, mustEnd: false)
            guard fitting.fits(from: 0, parameter: 0) else { break }
            good = fitting.counts.reduce(0, +)
        }
        let value = good < arguments.count ? arguments[good] : .undefined
        return ExpressionError("T0410", value: value, argument: good + 1)
    }
}

/// The search for how many arguments each parameter takes.
private struct Fitting {
    private let parameters: [Signature.Parameter]
    private let arguments: [Value]
    private let mustEnd: Bool
    /// How many arguments each parameter takes.
    private(set) var counts: [Int]
    /// What was tried in vain, by parameter and argument; it is not tried again. Empty as long as nothing was.
    private var failed: [Bool] = []

    init(_ parameters: [Signature.Parameter], _ arguments: [Value], mustEnd: Bool) {
        self.parameters = parameters
        self.arguments = arguments
        self.mustEnd = mustEnd
        counts = [Int](repeating: 0, count: parameters.count)
    }

    /// Whether the arguments from `index` fit the parameters from `parameter`, each taking as many as it can.
    mutating func fits(from index: Int, parameter: Int) -> Bool {
        guard parameter < parameters.count else { return !mustEnd || index == arguments.count }
        let place = parameter * (arguments.count + 1) + index
        if !failed.isEmpty, failed[place] { return false }
        let current = parameters[parameter]
        let most = current.repeats ? arguments.count - index : min(1, arguments.count - index)
        var possible = 0
        while possible < most, !current.types.isDisjoint(with: arguments[index + possible].type) { possible += 1 }
        let least = current.isOptional ? 0 : 1
        while possible >= least {
            counts[parameter] = possible
            if fits(from: index + possible, parameter: parameter + 1) { return true }
            possible -= 1
        }
        if failed.isEmpty { failed = [Bool](repeating: false, count: parameters.count * (arguments.count + 1)) }
        failed[place] = true
        return false
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
                throw ExpressionError("T0412", words: Self.plural(elements.text), argument: number)
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
