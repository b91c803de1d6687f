import CRE2

/// Reads a formula as spreadsheets have them: `SUM(energy) / COUNT(devices)`.
///
/// Operators, from the weakest: `= <> < <= > >=`, `+ -`, `* /`, `^`, and a sign, so that `-2^2` is 4; all are read from
/// the left. A name is a variable, or a path of names with dots; functions are told by their parenthesis, in upper or
/// lower case (``FormulaFunction``).
struct FormulaParser {
    private let source: [UInt8]
    private var position = 0
    private let deepestFrame: UInt
    private static let stack: UInt = 160 << 10
    private var operators = 0
    private static let maximumOperators = 400
    /// The variables, as paths of names.
    private(set) var paths: [[String]] = []

    init(_ source: String) {
        self.source = Array(source.utf8)
        deepestFrame = UInt(cre2_frame_address()) - Self.stack
    }

    mutating func parse() throws(ExpressionError) -> Node {
        let formula = try comparison()
        guard peek() == nil else { throw ExpressionError("S0201", at: position, token: next) }
        return formula
    }

    private mutating func comparison() throws(ExpressionError) -> Node {
        guard UInt(cre2_frame_address()) > deepestFrame else { throw ExpressionError("S0501", at: position) }
        var left = try sum()
        while true {
            let start = position
            if try take("<>", or: "!=") {
                left = EqualityNode(negated: true, left, try sum(), position: start)
            } else if try take("<=") {
                left = ComparisonNode(.lessOrEqual, left, try sum(), position: start)
            } else if try take(">=") {
                left = ComparisonNode(.greaterOrEqual, left, try sum(), position: start)
            } else if try take("<") {
                left = ComparisonNode(.less, left, try sum(), position: start)
            } else if try take(">") {
                left = ComparisonNode(.greater, left, try sum(), position: start)
            } else if try take("=") {
                left = EqualityNode(negated: false, left, try sum(), position: start)
            } else {
                return left
            }
        }
    }

    private mutating func sum() throws(ExpressionError) -> Node {
        var left = try product()
        while true {
            let start = position
            if try take("+") {
                left = FormulaArithmeticNode(.plus, left, try product(), position: start)
            } else if try take("-") {
                left = FormulaArithmeticNode(.minus, left, try product(), position: start)
            } else {
                return left
            }
        }
    }

    private mutating func product() throws(ExpressionError) -> Node {
        var left = try power()
        while true {
            let start = position
            if try take("*") {
                left = FormulaArithmeticNode(.times, left, try power(), position: start)
            } else if try take("/") {
                left = FormulaArithmeticNode(.divide, left, try power(), position: start)
            } else {
                return left
            }
        }
    }

    private mutating func power() throws(ExpressionError) -> Node {
        var left = try signed()
        while true {
            let start = position
            guard try take("^") else { return left }
            left = PowerNode(left, try signed(), position: start)
        }
    }

    private mutating func signed() throws(ExpressionError) -> Node {
        var start = position
        var isNegative = false
        var isSigned = false
        while true {
            start = position
            if try take("-") { isNegative.toggle() } else if try !take("+") { break }
            isSigned = true
        }
        let operand = try operand()
        guard isSigned, isNegative else { return operand }
        return NegationNode(operand, position: start)
    }

    private mutating func operand() throws(ExpressionError) -> Node {
        guard let first = peek() else { throw ExpressionError("S0207", at: source.count, token: "(end)") }
        let start = position
        switch first {
        case UInt8(ascii: "("):
            position += 1
            let inner = try comparison()
            try expect(")")
            return inner
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): return try number()
        case UInt8(ascii: "\""):
            guard let end = source[(start + 1)...].firstIndex(of: first) else {
                throw ExpressionError("S0101", at: source.count)
            }
            position = end + 1
            return LiteralNode(.string(text(start + 1..<end)), position: position)
        default: break
        }
        while position < source.count, Self.isNamePart(source[position]), !isAtNoBreakSpace { position += 1 }
        guard position > start else { throw ExpressionError("S0201", at: start, token: next) }
        let name = text(start..<position)
        if peek() == UInt8(ascii: "(") { return try call(name, at: position) }
        switch name.lowercased() {
        case "true": return LiteralNode(.boolean(true), position: position)
        case "false": return LiteralNode(.boolean(false), position: position)
        default: break
        }
        let names = name.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
        guard !names.contains("") else { throw ExpressionError("S0201", at: start, token: name) }
        paths.append(names)
        return FormulaVariableNode(names, position: position)
    }

    private mutating func call(_ name: String, at end: Int) throws(ExpressionError) -> Node {
        guard let function = FormulaFunction(name: name.lowercased()) else {
            throw ExpressionError("T1006", at: end, token: name)
        }
        try expect("(")
        var arguments: [Node] = []
        if peek() != UInt8(ascii: ")") {
            repeat { arguments.append(try comparison()) } while try take(",", or: ";")
        }
        try expect(")")
        guard function.argumentCounts.contains(arguments.count) else {
            throw ExpressionError(
                "T0410", at: end, token: name,
                message: "\(name) takes \(function.arguments), not \(arguments.count)")
        }
        if function == .if {
            return ConditionNode(arguments[0], arguments[1], arguments.count > 2 ? arguments[2] : nil, position: end)
        }
        return FormulaCallNode(function, name: name, arguments, position: end)
    }

    private mutating func number() throws(ExpressionError) -> Node {
        let start = position
        func isDigit() -> Bool { position < source.count && source[position] >= 0x30 && source[position] <= 0x39 }
        while isDigit() { position += 1 }
        if position < source.count, source[position] == UInt8(ascii: ".") {
            position += 1
            while isDigit() { position += 1 }
        }
        if position < source.count, source[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < source.count, source[position] == UInt8(ascii: "-") || source[position] == UInt8(ascii: "+") {
                position += 1
            }
            while isDigit() { position += 1 }
        }
        let written = text(start..<position)
        guard let number = Double(written.hasPrefix(".") ? "0" + written : written), number.isFinite else {
            throw ExpressionError("S0102", at: start, token: written)
        }
        return LiteralNode(.number(number), position: position)
    }
}

extension FormulaParser {
    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), 0x80...:
            true
        default: false
        }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: source[range], as: UTF8.self) }

    /// The next character, for messages.
    private var next: String { text(position..<source.count).first.map { String($0) } ?? "(end)" }

    /// Spreadsheets and web pages put it between numbers and words.
    private var isAtNoBreakSpace: Bool {
        position + 1 < source.count && source[position] == 0xC2 && source[position + 1] == 0xA0
    }

    /// The next byte behind white space.
    private mutating func peek() -> UInt8? {
        while position < source.count, [0x20, 0x09, 0x0A, 0x0D].contains(source[position]) || isAtNoBreakSpace {
            position += isAtNoBreakSpace ? 2 : 1
        }
        return position < source.count ? source[position] : nil
    }

    /// Reads `symbol` if it comes next.
    private mutating func take(_ symbol: StaticString) throws(ExpressionError) -> Bool {
        guard peek() != nil, source.count - position >= symbol.utf8CodeUnitCount else { return false }
        let fits = symbol.withUTF8Buffer { $0.elementsEqual(source[position..<position + symbol.utf8CodeUnitCount]) }
        guard fits else { return false }
        position += symbol.utf8CodeUnitCount
        operators += 1
        guard operators <= Self.maximumOperators else { throw ExpressionError("S0501", at: position) }
        return true
    }

    private mutating func take(_ symbol: StaticString, or other: StaticString) throws(ExpressionError) -> Bool {
        if try take(symbol) { return true }
        return try take(other)
    }

    private mutating func expect(_ symbol: StaticString) throws(ExpressionError) {
        if try take(symbol) { return }
        let code = position == source.count ? "S0203" : "S0202"
        throw ExpressionError(code, at: position, token: next, words: "\(symbol)")
    }
}

extension Expression {
    /// Compiles a formula over named variables, such as `SUM(energy) / COUNT(devices)`; see ``FormulaFunction`` for its
    /// functions. A variable that is missing, or null, leaves arithmetic without a value; a division by zero is a fault.
    /// - Throws: ``ExpressionError``.
    package static func compile(formula source: String) throws(ExpressionError) -> Expression {
        do throws(ExpressionError) {
            guard source.utf8.count <= maximumLength else {
                throw ExpressionError("S0501", at: maximumLength, message: "The formula is too long")
            }
            var parser = FormulaParser(source)
            let root = try parser.parse()
            return Expression(
                source: source, root: root, symbols: SymbolTable(), binds: false, reads: ReadPaths(paths: parser.paths))
        } catch {
            throw error.located(in: source)
        }
    }
}
