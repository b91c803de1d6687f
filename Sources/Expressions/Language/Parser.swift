import CRE2

/// Reads an expression by operator precedence (V. Pratt, "Top down operator precedence", 1973).
struct Parser {
    private var lexer: Lexer
    private(set) var token = Token(kind: .end, position: 0)
    /// The height of the highest part that was read since the surrounding part began.
    private var tallest = 0
    private let deepestFrame: UInt
    static let maximumHeight = 400
    static let maximumArguments = 255
    private static let stack: UInt = 160 << 10

    private let length: Int
    /// Whether its author knows the source, so that a position in it tells something.
    private let isKnown: Bool

    init(_ source: String, isKnown: Bool = true) {
        lexer = Lexer(source)
        length = source.utf8.count
        self.isKnown = isKnown
        deepestFrame = UInt(cre2_frame_address()) - Self.stack
    }

    /// The whole source as one expression.
    mutating func parse() throws(ExpressionError) -> Syntax {
        guard length <= Expression.maximumLength else {
            throw ExpressionError("S0501", at: Expression.maximumLength, message: "The expression is too long")
        }
        try advance()
        let expression = try expression(0)
        guard token.kind == .end else { throw ExpressionError("S0201", at: token.position, token: token.text) }
        return expression
    }

    var isAtEnd: Bool { token.kind == .end }

    func isAt(_ symbol: Operator) -> Bool { token.kind == .symbol && token.symbol == symbol }

    /// Goes to the next word; `afterOperand` when the one just read ends an operand.
    mutating func advance(afterOperand: Bool = false) throws(ExpressionError) {
        token = try lexer.next(afterOperand: afterOperand)
        if !isKnown { token.position = ExpressionError.nowhere }
    }

    /// Goes on if the current word is `symbol`.
    mutating func expect(_ symbol: Operator, afterOperand: Bool = false) throws(ExpressionError) {
        guard isAt(symbol) else {
            let code = isAtEnd ? "S0203" : "S0202"
            let found = isAtEnd ? "(end)" : token.text
            throw ExpressionError(code, at: token.position, token: found, words: symbol.rawValue)
        }
        try advance(afterOperand: afterOperand)
    }

    /// An expression of operators that hold on more strongly than `power`.
    mutating func expression(_ power: Int) throws(ExpressionError) -> Syntax {
        guard UInt(cre2_frame_address()) > deepestFrame else { throw ExpressionError("S0501", at: token.position) }
        let outerTallest = tallest
        tallest = 0
        let first = token
        try advance(afterOperand: first.kind != .symbol || !first.symbol.expectsOperand)
        var left = try operand(first)
        left.height = tallest + 1
        while power < currentPower {
            let operation = token
            try advance()
            tallest = left.height
            left = try extend(left, by: operation)
            left.height = tallest + 1
            guard left.height <= Self.maximumHeight else { throw ExpressionError("S0501", at: operation.position) }
        }
        tallest = max(outerTallest, left.height)
        return left
    }

    private var currentPower: Int { token.kind == .symbol ? token.symbol.power : 0 }

    /// What `first` is at the beginning of an expression; the words behind it are read as far as they belong to it.
    private mutating func operand(_ first: Token) throws(ExpressionError) -> Syntax {
        switch first.kind {
        case .name: return Syntax(.name, first.position, text: first.text)
        case .variable: return Syntax(.variable, first.position, text: first.text)
        case .string: return Syntax(.string, first.position, text: first.text)
        case .literal: return Syntax(.literal, first.position, text: first.text)
        case .end: return Syntax(.end, first.position)
        case .number:
            let number = Syntax(.number, first.position, text: first.text)
            number.number = first.number
            return number
        case .regex:
            let regex = Syntax(.regex, first.position, text: first.text)
            regex.regexFlags = first.flags
            return regex
        case .symbol: break
        }
        switch first.symbol {
        case .and, .or, .contained: return Syntax(.name, first.position, text: first.text)
        case .times: return Syntax(.wildcard, first.position)
        case .descendants: return Syntax(.descendants, first.position)
        case .percent: return Syntax(.parent, first.position)
        case .minus:
            let negation = Syntax(.negation, first.position, text: "-")
            negation.left = try expression(70)
            return negation
        case .open: return try block(first)
        case .openBracket: return try array(first)
        case .openBrace:
            let object = Syntax(.object, first.position)
            object.pairs = try pairs()
            return object
        case .bar: return try transform(first)
        default: throw ExpressionError("S0211", at: first.position, token: first.text)
        }
    }

    private mutating func block(_ first: Token) throws(ExpressionError) -> Syntax {
        let block = Syntax(.block, first.position, text: "(")
        while !isAt(.close) {
            block.items.append(try expression(0))
            guard isAt(.semicolon) else { break }
            try advance()
        }
        try expect(.close, afterOperand: true)
        return block
    }

    private mutating func array(_ first: Token) throws(ExpressionError) -> Syntax {
        let array = Syntax(.array, first.position)
        if !isAt(.closeBracket) {
            while true {
                var item = try expression(0)
                if isAt(.range) {
                    let range = Syntax(.binary, token.position, text: "..")
                    range.operation = .range
                    range.left = item
                    try advance()
                    range.right = try expression(0)
                    item = range
                }
                array.items.append(item)
                guard isAt(.comma) else { break }
                try advance()
            }
        }
        try expect(.closeBracket, afterOperand: true)
        return array
    }

    /// The members of an object or of a grouping, up to the closing brace.
    mutating func pairs() throws(ExpressionError) -> [(Syntax, Syntax)] {
        var pairs: [(Syntax, Syntax)] = []
        if !isAt(.closeBrace) {
            while true {
                let name = try expression(0)
                try expect(.colon)
                pairs.append((name, try expression(0)))
                guard isAt(.comma) else { break }
                try advance()
            }
        }
        try expect(.closeBrace, afterOperand: true)
        return pairs
    }

    private mutating func transform(_ first: Token) throws(ExpressionError) -> Syntax {
        let transform = Syntax(.transform, first.position, text: "|")
        transform.left = try expression(0)
        try expect(.bar)
        transform.right = try expression(0)
        if isAt(.comma) {
            try advance()
            transform.third = try expression(0)
        }
        try expect(.bar)
        return transform
    }
}
