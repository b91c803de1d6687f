/// A picture of XPath's `fn:format-integer`: https://www.w3.org/TR/xpath-functions-31/#formatting-integers
struct IntegerPicture {
    enum Form { case decimal, letters, roman, words }
    enum LetterCase { case lower, upper, title }

    struct Separator {
        /// How many digits stand to its right.
        let position: Int
        let character: Unicode.Scalar
    }

    private(set) var form = Form.decimal
    private(set) var letterCase = LetterCase.lower
    private(set) var isOrdinal = false
    var mandatoryDigits = 0
    private(set) var optionalDigits = 0
    /// The zero of the script in which the digits are.
    private(set) var zero: UInt32 = 0x30
    private(set) var separators: [Separator] = []
    /// The distance of separators that repeat without end; 0 when each stands for itself.
    private(set) var repeats = 0

    /// In bytes; longer pictures are refused.
    static let maximumLength = 1_024
    static var tooLong: ExpressionError { ExpressionError("D3130", message: "The picture is too long") }

    /// - Throws: D3130 for a numbering that is not supported, D3131 for digits of two scripts.
    init(_ picture: String) throws(ExpressionError) {
        guard picture.utf8.count <= Self.maximumLength else { throw Self.tooLong }
        var primary = Substring(picture)
        if let semicolon = picture.lastIndex(of: ";") {
            primary = picture[..<semicolon]
            isOrdinal = picture[picture.index(after: semicolon)...].first == "o"
        }
        switch primary {
        case "A", "a": form = .letters
        case "I", "i": form = .roman
        case "W", "w", "Ww": form = .words
        default:
            try readDigits(primary)
            return
        }
        letterCase = primary == "Ww" ? .title : primary.first?.isUppercase == true ? .upper : .lower
    }

    private mutating func readDigits(_ primary: Substring) throws(ExpressionError) {
        var script: UInt32?
        var position = 0
        for scalar in primary.unicodeScalars.reversed() {
            if let zero = Self.zero(of: scalar) {
                if let script, script != zero { throw ExpressionError("D3131") }
                script = zero
                mandatoryDigits += 1
                position += 1
            } else if scalar == "#" {
                optionalDigits += 1
                position += 1
            } else {
                separators.append(Separator(position: position, character: scalar))
            }
        }
        guard let script else { throw ExpressionError("D3130", value: .string(String(primary))) }
        zero = script
        repeats = Self.interval(separators)
    }

    /// The distance between separators that are alike and evenly spaced, 0 for all others.
    private static func interval(_ separators: [Separator]) -> Int {
        guard let first = separators.first, separators.allSatisfy({ $0.character == first.character }) else { return 0 }
        return evenInterval(separators.map(\.position))
    }

    /// The greatest common divisor of the positions, if each of its multiples up to their number is among them.
    static func evenInterval(_ positions: [Int]) -> Int {
        guard var divisor = positions.first else { return 0 }
        for position in positions.dropFirst() {
            var (one, two) = (divisor, position)
            while two != 0 { (one, two) = (two, one % two) }
            divisor = one
        }
        return divisor > 0 && (1...positions.count).allSatisfy { positions.contains($0 * divisor) } ? divisor : 0
    }

    static func zero(of scalar: Unicode.Scalar) -> UInt32? {
        guard scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue else { return nil }
        return scalar.value - UInt32(value)
    }

    /// `number` must be whole.
    func format(_ number: Double) throws(ExpressionError) -> String {
        guard number.isFinite else { return NumberText.text(number) }
        let magnitude = number.magnitude
        let text: String
        switch form {
        case .letters: text = Numerals.letters(magnitude, isUpper: letterCase == .upper)
        case .roman:
            let roman = Numerals.roman(magnitude)
            text = letterCase == .upper ? roman.uppercased() : roman
        case .words:
            let words = NumberWords.words(magnitude, isOrdinal: isOrdinal)
            text = letterCase == .upper ? words.uppercased() : letterCase == .lower ? words.lowercased() : words
        case .decimal: text = decimal(magnitude)
        }
        return number < 0 ? "-" + text : text
    }

    private func decimal(_ magnitude: Double) -> String {
        var digits = Array(NumberText.whole(magnitude).unicodeScalars)
        if digits.count < mandatoryDigits {
            digits = Array(repeating: "0", count: mandatoryDigits - digits.count) + digits
        }
        let plain = digits
        if zero != 0x30 {
            digits = digits.map {
                $0.properties.numericType == .decimal ? Unicode.Scalar($0.value - 0x30 + zero) ?? $0 : $0
            }
        }
        var grouped: [Unicode.Scalar] = []
        var left = separators[...]
        for (index, digit) in digits.enumerated() {
            let toTheRight = digits.count - index
            if repeats > 0 {
                if index > 0, toTheRight % repeats == 0 { grouped.append(separators[0].character) }
            } else {
                while let separator = left.last, separator.position >= toTheRight {
                    left.removeLast()
                    if separator.position == toTheRight, index > 0 { grouped.append(separator.character) }
                }
            }
            grouped.append(digit)
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: grouped)
        return String(text) + (isOrdinal ? Self.suffix(plain) : "")
    }

    private static func suffix(_ digits: [Unicode.Scalar]) -> String {
        if digits.count > 1, digits[digits.count - 2] == "1" { return "th" }
        switch digits.last {
        case "1": return "st"
        case "2": return "nd"
        case "3": return "rd"
        default: return "th"
        }
    }
}

extension IntegerPicture {
    /// The number that the text stands for; nil when it stands for none.
    func parse(_ text: String) throws(ExpressionError) -> Double? {
        switch form {
        case .letters: return Numerals.number(letters: text, isUpper: letterCase == .upper)
        case .roman: return Numerals.number(roman: text.uppercased())
        case .words: return NumberWords.number(text.lowercased())
        case .decimal:
            let marks = Set(separators.map(\.character))
            var digits = String.UnicodeScalarView()
            let plain = isOrdinal ? text.unicodeScalars.dropLast(2) : text.unicodeScalars[...]
            for scalar in plain where !marks.contains(scalar) {
                digits.append(zero == 0x30 ? scalar : Unicode.Scalar(scalar.value &- zero &+ 0x30) ?? scalar)
            }
            let leading = String(digits).prefix { $0.isASCII && $0.isNumber || $0 == "-" }
            return Double(leading)
        }
    }

    /// What matches a text of this form, in RE2's syntax.
    func pattern(width: Int?) -> String {
        switch form {
        case .letters: return letterCase == .upper ? "[A-Z]+" : "[a-z]+"
        case .roman: return letterCase == .upper ? "[MDCLXVI]+" : "[mdclxvi]+"
        case .words: return NumberWords.pattern
        case .decimal:
            let digits = width.map { "[0-9]{\(min($0, 900))}" } ?? "[0-9]+"
            return isOrdinal ? digits + "(?:th|st|nd|rd)" : digits
        }
    }
}
