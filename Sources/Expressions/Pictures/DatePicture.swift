/// A picture of XPath's `fn:format-dateTime`: https://www.w3.org/TR/xpath-functions-31/#date-picture-string, with `X` and
/// `x` for the year and the month to which an ISO week belongs.
struct DatePicture {
    enum Part {
        case literal(String)
        case marker(Marker)
    }

    struct Marker {
        let component: Character
        var names: IntegerPicture.LetterCase?
        var integer: IntegerPicture?
        /// The second letter behind the form, such as `t` or `o`.
        var modifier: Character?
        var leastWidth: Int?
        var mostWidth: Int?
        /// How many digits of the year count; nil for all.
        var yearDigits: Int?
        /// How many digits are read when another number follows at once.
        var parseWidth: Int?
    }

    private(set) var parts: [Part] = []
    private static let integerComponents = Set("YMDdFWwXxHhmsf")

    /// - Throws: D3132, D3135, and what the numbers' pictures throw.
    init(_ picture: String) throws(ExpressionError) {
        guard picture.utf8.count <= IntegerPicture.maximumLength else { throw IntegerPicture.tooLong }
        var literal = ""
        var rest = Substring(picture)
        while let character = rest.popFirst() {
            if character == "[" {
                if rest.first == "[" {
                    rest.removeFirst()
                    literal.append("[")
                    continue
                }
                guard let end = rest.firstIndex(of: "]") else { throw ExpressionError("D3135") }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                try add(marker: rest[..<end].filter { !$0.isWhitespace })
                rest = rest[rest.index(after: end)...]
            } else {
                if character == "]", rest.first == "]" { rest.removeFirst() }
                literal.append(character)
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
    }

    private static func defaultForm(of component: Character) -> String? {
        switch component {
        case "Y", "M", "D", "d", "W", "w", "X", "x", "H", "h", "f": "1"
        case "m", "s": "01"
        case "F", "P", "C", "E": "n"
        case "Z", "z": "01:01"
        default: nil
        }
    }

    private mutating func add(marker text: String) throws(ExpressionError) {
        guard let component = text.first else { throw ExpressionError("D3132", value: .string("")) }
        var marker = Marker(component: component)
        var form = text.dropFirst()
        if let comma = form.lastIndex(of: ",") {
            let widths = form[form.index(after: comma)...].split(separator: "-", maxSplits: 1)
            marker.leastWidth = widths.first.flatMap { Self.width($0) }
            if widths.count > 1 { marker.mostWidth = Self.width(widths[1]) }
            form = form[..<comma]
        }
        if form.count > 1, let last = form.last, "atco".contains(last) {
            marker.modifier = last
            form = form.dropLast()
        }
        let standard = Self.defaultForm(of: component)
        guard let form = form.isEmpty ? standard : String(form) else {
            throw ExpressionError("D3132", value: .string(String(component)))
        }
        if form.first == "n" {
            marker.names = .lower
        } else if form.first == "N" {
            marker.names = form.dropFirst().first == "n" ? .title : .upper
        } else if Self.integerComponents.contains(component) {
            try setInteger(of: &marker, form)
        } else if component == "Z" || component == "z" {
            marker.integer = try IntegerPicture(form)
        }
        parts.append(.marker(marker))
    }

    /// Wider than any number is as good as endless.
    private static func width(_ text: Substring) -> Int? {
        Int(text).map { min(max($0, 0), IntegerPicture.maximumLength) }
    }

    private mutating func setInteger(of marker: inout Marker, _ form: String) throws(ExpressionError) {
        var integer = try IntegerPicture(marker.modifier.map { "\(form);\($0)" } ?? form)
        if let least = marker.leastWidth, integer.mandatoryDigits < least { integer.mandatoryDigits = least }
        if marker.component == "Y" {
            if let most = marker.mostWidth {
                marker.yearDigits = most
                integer.mandatoryDigits = most
            } else if integer.mandatoryDigits + integer.optionalDigits >= 2 {
                marker.yearDigits = integer.mandatoryDigits + integer.optionalDigits
            }
        }
        marker.integer = integer
        // Numbers that touch can only be told apart when the first has a fixed width.
        if case .marker(var previous)? = parts.last, let digits = previous.integer?.mandatoryDigits {
            previous.parseWidth = digits
            parts[parts.count - 1] = .marker(previous)
        }
    }
}
