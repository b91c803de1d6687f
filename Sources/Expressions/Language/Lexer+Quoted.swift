extension Lexer {
    /// A string in quotation marks with JSON's escape sequences.
    mutating func string(closedBy quote: UInt8) throws(ExpressionError) -> Token {
        skip(1)
        var bytes: [UInt8] = []
        while let current = peek() {
            if current == quote {
                skip(1)
                return Token(kind: .string, position: position, text: String(decoding: bytes, as: UTF8.self))
            }
            skip(1)
            guard current == UInt8(ascii: "\\") else {
                bytes.append(current)
                continue
            }
            switch peek() {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(peek() ?? 0)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try unicodeEscape()
                bytes.append(contentsOf: String(Character(scalar)).utf8)
                continue
            default: throw ExpressionError("S0103", at: position, token: nextCharacter)
            }
            skip(1)
        }
        throw ExpressionError("S0101", at: length)
    }

    /// Reads `uXXXX`, and the second half of a pair of surrogates. Half a pair alone cannot be held by a string: it
    /// becomes U+FFFD.
    private mutating func unicodeEscape() throws(ExpressionError) -> Unicode.Scalar {
        guard let first = hexadecimal(at: 1) else { throw ExpressionError("S0104", at: position) }
        skip(5)
        if first >= 0xD800, first < 0xDC00, peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u"),
            let second = hexadecimal(at: 2), second >= 0xDC00, second < 0xE000
        {
            skip(6)
            return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) ?? "\u{FFFD}"
        }
        return Unicode.Scalar(first) ?? "\u{FFFD}"
    }

    private func hexadecimal(at offset: Int) -> UInt32? {
        var value: UInt32 = 0
        for index in offset..<offset + 4 {
            guard let byte = peek(index), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// `/pattern/flags`. A slash within brackets does not end it, nor one behind a reverse solidus.
    mutating func regularExpression() throws(ExpressionError) -> Token {
        skip(1)
        let start = position
        var depth = 0
        var isEscaped = false
        while let current = peek() {
            if current == UInt8(ascii: "/"), depth == 0, !isEscaped {
                guard position > start else { throw ExpressionError("S0301", at: position) }
                let pattern = slice(from: start)
                skip(1)
                var flags = RegexFlags()
                while let flag = peek(), flag == UInt8(ascii: "i") || flag == UInt8(ascii: "m") {
                    flags.insert(flag == UInt8(ascii: "i") ? .ignoresCase : .multiline)
                    skip(1)
                }
                return Token(kind: .regex, position: position, text: pattern, flags: flags)
            }
            if !isEscaped {
                switch current {
                case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                default: break
                }
            }
            isEscaped = current == UInt8(ascii: "\\") && !isEscaped
            skip(1)
        }
        throw ExpressionError("S0302", at: length)
    }
}
