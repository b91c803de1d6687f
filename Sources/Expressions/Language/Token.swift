/// One word of the source.
struct Token {
    enum Kind {
        case name, variable, string, number, literal, symbol, regex, end
    }

    var kind: Kind
    /// The byte just behind it.
    var position: Int
    /// The name or the string, unescaped; of an operator, its spelling; of a regular expression, the pattern.
    var text = ""
    var number = 0.0
    /// Meaningful for ``Kind/symbol``.
    var symbol = Operator.end
    var flags = RegexFlags()
}

struct RegexFlags: OptionSet {
    let rawValue: UInt8
    static let ignoresCase = RegexFlags(rawValue: 1)
    static let multiline = RegexFlags(rawValue: 2)
}

/// The operators and brackets, and the end of the source.
enum Operator: String {
    case dot = "."
    case openBracket = "["
    case closeBracket = "]"
    case openBrace = "{"
    case closeBrace = "}"
    case open = "("
    case close = ")"
    case comma = ","
    case at = "@"
    case hash = "#"
    case semicolon = ";"
    case colon = ":"
    case question = "?"
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divide = "/"
    case percent = "%"
    case bar = "|"
    case equal = "="
    case less = "<"
    case greater = ">"
    case caret = "^"
    case descendants = "**"
    case range = ".."
    case assign = ":="
    case unequal = "!="
    case lessOrEqual = "<="
    case greaterOrEqual = ">="
    case chain = "~>"
    case fallback = "?:"
    case coalesce = "??"
    case and
    case or
    case contained = "in"
    case concatenate = "&"
    case end = "(end)"

    /// How strongly it holds on to what is left of it; 0 when it ends an expression.
    var power: Int {
        switch self {
        case .openBracket, .open, .at, .hash: 80
        case .dot: 75
        case .openBrace: 70
        case .times, .divide, .percent: 60
        case .plus, .minus, .concatenate: 50
        case .equal, .less, .greater, .unequal, .lessOrEqual, .greaterOrEqual, .caret, .chain, .fallback, .coalesce,
            .contained:
            40
        case .and: 30
        case .or: 25
        case .question: 20
        case .assign: 10
        default: 0
        }
    }

    /// The next word after it is an operand, so that `/` begins a regular expression.
    var expectsOperand: Bool {
        switch self {
        case .open, .openBracket, .openBrace, .minus, .bar: true
        default: false
        }
    }
}
