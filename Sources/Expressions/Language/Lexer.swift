/// Splits the source into words, one at a time, for what a `/` or a `-` means depends on what stands before it.
struct Lexer {
    private let source: [UInt8]
    private(set) var position = 0

    init(_ source: String) { self.source = Array(source.utf8) }

    var length: Int { source.count }

    func peek(_ offset: Int = 0) -> UInt8? { byte(offset) }
    mutating func skip(_ count: Int) { position += count }
    func slice(from start: Int) -> String { text(start..<position) }

    /// The whole character at the position.
    var nextCharacter: String { text(position..<source.count).first.map { String($0) } ?? "" }

    private func byte(_ offset: Int = 0) -> UInt8? {
        let index = position + offset
        return index < source.count ? source[index] : nil
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: source[range], as: UTF8.self) }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D && byte != 0x0C)
    }

    /// The next word. Where `afterOperand`, a `/` divides; elsewhere it begins a regular expression.
    mutating func next(afterOperand: Bool) throws(ExpressionError) -> Token {
        try skipSpaceAndComments()
        guard let first = byte() else { return Token(kind: .end, position: source.count) }
        if first == UInt8(ascii: "/") && !afterOperand { return try regularExpression() }
        if let symbol = try operation(first) {
            return Token(kind: .symbol, position: position, text: symbol.rawValue, symbol: symbol)
        }
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return try string(closedBy: first)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "`"):
            guard let end = source[(position + 1)...].firstIndex(of: UInt8(ascii: "`")) else {
                throw ExpressionError("S0105", at: source.count)
            }
            let name = text(position + 1..<end)
            position = end + 1
            return Token(kind: .name, position: position, text: name)
        default: return name()
        }
    }

    private mutating func skipSpaceAndComments() throws(ExpressionError) {
        while let current = byte() {
            if Self.isSpace(current) {
                position += 1
            } else if current == UInt8(ascii: "/") && byte(1) == UInt8(ascii: "*") {
                let start = position
                position += 2
                while byte() != UInt8(ascii: "*") || byte(1) != UInt8(ascii: "/") {
                    position += 1
                    if position >= source.count { throw ExpressionError("S0106", at: start) }
                }
                position += 2
            } else {
                return
            }
        }
    }

    /// Reads an operator, or leaves the position where it is.
    private mutating func operation(_ first: UInt8) throws(ExpressionError) -> Operator? {
        guard Self.stopsName[Int(first)] else { return nil }
        let second = byte(1)
        func follows(_ character: Unicode.Scalar) -> Bool { second == UInt8(ascii: character) }
        let symbol: Operator
        switch first {
        case UInt8(ascii: "."): symbol = follows(".") ? .range : .dot
        case UInt8(ascii: ":"): symbol = follows("=") ? .assign : .colon
        case UInt8(ascii: ">"): symbol = follows("=") ? .greaterOrEqual : .greater
        case UInt8(ascii: "<"): symbol = follows("=") ? .lessOrEqual : .less
        case UInt8(ascii: "*"): symbol = follows("*") ? .descendants : .times
        case UInt8(ascii: "?"): symbol = follows(":") ? .fallback : follows("?") ? .coalesce : .question
        case UInt8(ascii: "!") where follows("="): symbol = .unequal
        case UInt8(ascii: "~") where follows(">"): symbol = .chain
        case UInt8(ascii: "["): symbol = .openBracket
        case UInt8(ascii: "]"): symbol = .closeBracket
        case UInt8(ascii: "{"): symbol = .openBrace
        case UInt8(ascii: "}"): symbol = .closeBrace
        case UInt8(ascii: "("): symbol = .open
        case UInt8(ascii: ")"): symbol = .close
        case UInt8(ascii: ","): symbol = .comma
        case UInt8(ascii: "@"): symbol = .at
        case UInt8(ascii: "#"): symbol = .hash
        case UInt8(ascii: ";"): symbol = .semicolon
        case UInt8(ascii: "+"): symbol = .plus
        case UInt8(ascii: "-"): symbol = .minus
        case UInt8(ascii: "/"): symbol = .divide
        case UInt8(ascii: "%"): symbol = .percent
        case UInt8(ascii: "|"): symbol = .bar
        case UInt8(ascii: "="): symbol = .equal
        case UInt8(ascii: "^"): symbol = .caret
        case UInt8(ascii: "&"): symbol = .concatenate
        default:
            position += 1
            throw ExpressionError("S0204", at: position, token: text(position - 1..<position))
        }
        position += symbol.rawValue.utf8.count
        return symbol
    }

    /// Whether a byte ends a name that stands before it, by its value.
    private static let stopsName: [Bool] = {
        var stops = [Bool](repeating: false, count: 256)
        for byte in ".[]{}(),@#;:?+-*/%|=<>^&!~".utf8 { stops[Int(byte)] = true }
        return stops
    }()

    private mutating func name() -> Token {
        let start = position
        while let current = byte(), !Self.isSpace(current), !Self.stopsName[Int(current)] { position += 1 }
        if source[start] == UInt8(ascii: "$") {
            return Token(kind: .variable, position: position, text: text(start + 1..<position))
        }
        let name = text(start..<position)
        switch name {
        case "or": return Token(kind: .symbol, position: position, text: name, symbol: .or)
        case "in": return Token(kind: .symbol, position: position, text: name, symbol: .contained)
        case "and": return Token(kind: .symbol, position: position, text: name, symbol: .and)
        case "true", "false", "null": return Token(kind: .literal, position: position, text: name)
        default: return Token(kind: .name, position: position, text: name)
        }
    }

    private mutating func number() throws(ExpressionError) -> Token {
        let start = position
        func digits(from offset: Int) -> Int {
            var end = offset
            while end < source.count, source[end] >= UInt8(ascii: "0"), source[end] <= UInt8(ascii: "9") { end += 1 }
            return end
        }
        var end = source[start] == UInt8(ascii: "0") ? start + 1 : digits(from: start)
        if end + 1 < source.count, source[end] == UInt8(ascii: "."), digits(from: end + 1) > end + 1 {
            end = digits(from: end + 1)
        }
        if end < source.count, source[end] | 0x20 == UInt8(ascii: "e") {
            var exponent = end + 1
            if exponent < source.count, source[exponent] == UInt8(ascii: "-") || source[exponent] == UInt8(ascii: "+") {
                exponent += 1
            }
            if digits(from: exponent) > exponent { end = digits(from: exponent) }
        }
        let written = text(start..<end)
        guard let number = Double(written), number.isFinite else {
            throw ExpressionError("S0102", at: start, token: written)
        }
        position = end
        return Token(kind: .number, position: position, text: written, number: number)
    }
}
