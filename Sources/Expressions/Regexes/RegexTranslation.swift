/// Rewrites a pattern from JavaScript's syntax to RE2's where the two differ.
struct RegexTranslation {
    /// Why a pattern is not possible.
    struct Refusal: Error { let reason: String }

    private let pattern: [Unicode.Scalar]
    private let multiline: Bool
    private var position = 0
    private var output = ""

    static func translate(_ pattern: String, multiline: Bool) throws(Refusal) -> String {
        var translation = RegexTranslation(pattern, multiline: multiline)
        return try translation.run()
    }

    private init(_ pattern: String, multiline: Bool) {
        self.pattern = Array(pattern.unicodeScalars)
        self.multiline = multiline
    }

    private func at(_ offset: Int) -> Unicode.Scalar? {
        position + offset < pattern.count ? pattern[position + offset] : nil
    }

    private mutating func run() throws(Refusal) -> String {
        if multiline { output += "(?m)" }
        while let scalar = at(0) {
            switch scalar {
            case "\\": try escape(inClass: false)
            case "[": try characterClass()
            case "(": try group()
            case ".":
                output += "[^\\n\\r\\x{2028}\\x{2029}]"
                position += 1
            default:
                output.unicodeScalars.append(scalar)
                position += 1
            }
        }
        return output
    }

    private mutating func group() throws(Refusal) {
        guard at(1) == "?" else {
            output += "("
            position += 1
            return
        }
        switch (at(2), at(3)) {
        case (":", _): output += "(?:"
        case ("=", _), ("!", _):
            throw Refusal(reason: "it looks ahead with (?\(at(2) ?? "="), which takes no linear time")
        case ("<", "="), ("<", "!"): throw Refusal(reason: "it looks behind with (?<, which takes no linear time")
        case ("<", _):
            output += "(?P<"
            position += 3
            return
        default: throw Refusal(reason: "it has an unknown group (?\(at(2).map { String($0) } ?? "")")
        }
        position += 3
    }

    private mutating func characterClass() throws(Refusal) {
        position += 1
        let isNegated = at(0) == "^"
        if isNegated { position += 1 }
        if at(0) == "]" {
            // An empty class matches nothing, its opposite everything.
            output += isNegated ? "(?s:.)" : "[^\\x00-\\x{10FFFF}]"
            position += 1
            return
        }
        output += isNegated ? "[^" : "["
        while let scalar = at(0), scalar != "]" {
            if scalar == "\\" {
                try escape(inClass: true)
            } else {
                // RE2 would take `[:` for the beginning of a named class.
                output += scalar == "[" ? "\\[" : String(scalar)
                position += 1
            }
        }
        output += "]"
        position += 1
    }

    private static let space =
        "\\t\\n\\x0B\\f\\r \\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}"

    /// All but ``space``, as ranges: within brackets nothing can be excluded.
    private static let anythingElse = """
        \\x00-\\x08\\x0E-\\x1F!-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{1FFF}\\x{200B}-\\x{2027}\\x{202A}-\\x{202E}\
        \\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}\\x{3001}-\\x{FEFE}\\x{FF00}-\\x{10FFFF}
        """

    private mutating func escape(inClass: Bool) throws(Refusal) {
        guard let letter = at(1) else { throw Refusal(reason: "it ends with \\") }
        position += 2
        switch letter {
        case "d", "D", "w", "W": output += "\\\(letter)"
        case "s": output += inClass ? Self.space : "[\(Self.space)]"
        case "S": output += inClass ? Self.anythingElse : "[^\(Self.space)]"
        case "b": output += inClass ? "\\x08" : "\\b"
        case "B" where !inClass: output += "\\B"
        case "n", "r", "t", "f": output += "\\\(letter)"
        case "v": output += "\\x0B"
        case "0": output += "\\x00"
        case "x": try hexadecimal(digits: 2)
        case "u": try unicode()
        case "c":
            guard let control = at(0), control.isASCII, control.properties.isAlphabetic else {
                throw Refusal(reason: "\\c is not followed by a letter")
            }
            output += "\\x{\(String(control.value % 32, radix: 16))}"
            position += 1
        case "1"..."9", "k":
            throw Refusal(reason: "it refers back to a group with \\\(letter), which takes no linear time")
        default:
            // Anything else means itself.
            if letter.isASCII, !letter.properties.isAlphabetic { output += "\\" }
            output.unicodeScalars.append(letter)
        }
    }

    private mutating func hexadecimal(digits: Int) throws(Refusal) {
        var text = ""
        for offset in 0..<digits {
            guard let digit = at(offset), Character(digit).isHexDigit else {
                throw Refusal(reason: "an escape lacks its \(digits) hexadecimal digits")
            }
            text.unicodeScalars.append(digit)
        }
        position += digits
        output += "\\x{\(text)}"
    }

    private mutating func unicode() throws(Refusal) {
        func unit(_ offset: Int) -> UInt32? {
            var text = ""
            for index in offset..<offset + 4 { text.unicodeScalars.append(at(index) ?? "-") }
            return text.contains("-") ? nil : UInt32(text, radix: 16)
        }
        if let high = unit(0), high >= 0xD800, high < 0xDC00, at(4) == "\\", at(5) == "u",
            let low = unit(6), low >= 0xDC00, low < 0xE000
        {
            let scalar = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
            output += "\\x{\(String(scalar, radix: 16))}"
            position += 10
            return
        }
        try hexadecimal(digits: 4)
    }
}
