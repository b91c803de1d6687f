/// Splits a script into its statements, for those that cannot stand in a transaction.
enum SQLScript {
    /// The statements without the semicolons between them; comments stay with the statement that follows. Knows strings,
    /// quoted identifiers, dollar quotes and (nested) comments (PostgreSQL manual, "Lexical Structure").
    static func statements(in script: String) -> [String] {
        var scanner = Scanner(bytes: Array(script.utf8))
        return scanner.split()
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        private static let quote = UInt8(ascii: "'"), doubleQuote = UInt8(ascii: "\""), dollar = UInt8(ascii: "$")
        private static let semicolon = UInt8(ascii: ";"), dash = UInt8(ascii: "-"), slash = UInt8(ascii: "/")
        private static let star = UInt8(ascii: "*"), newline = UInt8(ascii: "\n"), backslash = UInt8(ascii: "\\")

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func split() -> [String] {
            var statements: [String] = []
            var start = 0
            var hasCode = false
            func finish(at end: Int) {
                if hasCode { statements.append(String(decoding: bytes[start..<end], as: UTF8.self)) }
            }
            while position < bytes.count {
                let byte = bytes[position]
                switch byte {
                case Self.semicolon:
                    finish(at: position)
                    position += 1
                    start = position
                    hasCode = false
                    continue
                case Self.quote: skipQuoted(by: byte, hasEscapes: followsEscapeMark)
                case Self.doubleQuote: skipQuoted(by: byte, hasEscapes: false)
                case Self.dash where peek(1) == Self.dash:
                    skip { $0 == Self.newline }
                    continue
                case Self.slash where peek(1) == Self.star:
                    skipComment()
                    continue
                case Self.dollar: if !skipDollarQuoted() { position += 1 }
                default: position += 1
                }
                if byte > UInt8(ascii: " ") { hasCode = true }
            }
            finish(at: bytes.count)
            return statements
        }

        private func peek(_ distance: Int) -> UInt8? {
            position + distance < bytes.count ? bytes[position + distance] : nil
        }

        private mutating func skip(until isEnd: (UInt8) -> Bool) {
            while position < bytes.count, !isEnd(bytes[position]) { position += 1 }
        }

        private var followsEscapeMark: Bool {
            guard position > 0, bytes[position - 1] | 0x20 == UInt8(ascii: "e") else { return false }
            return position < 2 || !Self.isWord(bytes[position - 2])
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            byte >= 0x80 || byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }

        /// A doubled quote reads as the end of one string and the start of the next, which comes to the same.
        private mutating func skipQuoted(by quote: UInt8, hasEscapes: Bool) {
            position += 1
            while position < bytes.count, bytes[position] != quote {
                position += hasEscapes && bytes[position] == Self.backslash ? 2 : 1
            }
            position += 1
        }

        private mutating func skipComment() {
            var depth = 0
            repeat {
                if bytes[position] == Self.slash, peek(1) == Self.star {
                    depth += 1
                    position += 2
                } else if bytes[position] == Self.star, peek(1) == Self.slash {
                    depth -= 1
                    position += 2
                } else {
                    position += 1
                }
            } while depth > 0 && position < bytes.count
        }

        /// False: the dollar begins no quote (a parameter, or part of a name).
        private mutating func skipDollarQuoted() -> Bool {
            if position > 0, Self.isWord(bytes[position - 1]) { return false }
            var end = position + 1
            while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
            guard end < bytes.count, bytes[end] == Self.dollar else { return false }
            if end > position + 1, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position + 1]) {
                return false
            }
            let tag = bytes[position...end]
            position = end + 1
            while position + tag.count <= bytes.count {
                if bytes[position..<position + tag.count].elementsEqual(tag) {
                    position += tag.count
                    return true
                }
                position += 1
            }
            position = bytes.count
            return true
        }
    }
}
