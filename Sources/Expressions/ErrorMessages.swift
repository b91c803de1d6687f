import JSON

/// What the codes mean, in English.
enum ErrorMessages {
    /// A value as JSON, cut when long.
    static func excerpt(_ value: Value) -> String {
        if case .undefined = value { return "nothing" }
        if case .function = value { return "a function" }
        var excerpt = Excerpt()
        excerpt.add(value)
        let text = excerpt.text
        return cut(text, to: Excerpt.length)
    }

    /// The text, or its beginning when it has more characters than that.
    static func cut(_ text: String, to length: Int) -> String {
        guard text.utf8.count > length, text.unicodeScalars.dropFirst(length).first != nil else { return text }
        return "\(String(text.unicodeScalars.prefix(length - 3)))..."
    }

    /// The beginning of a value as JSON: what an expression shares within it may stand there without end.
    private struct Excerpt {
        static let length = 120
        private(set) var text = ""

        private var isFull: Bool { text.utf8.count > 4 * Self.length }

        mutating func add(_ value: Value) {
            switch value {
            case .array, .documentArray:
                text += "["
                add(value.items) { $0.add($1) }
                text += "]"
            case .object, .documentObject:
                text += "{"
                add(value.members) {
                    $0.add(.string($1.name))
                    $0.text += ":"
                    $0.add($1.value)
                }
                text += "}"
            case .string(let string):
                var writer = JSONWriter()
                writer.string(String(string.unicodeScalars.prefix(Self.length + 1)))
                text += String(decoding: writer.bytes, as: UTF8.self)
            default:
                var writer = JSONWriter()
                writer.value(value)
                text += String(decoding: writer.bytes, as: UTF8.self)
            }
        }

        private mutating func add<Part>(_ parts: [Part], _ body: (inout Excerpt, Part) -> Void) {
            for (position, part) in parts.enumerated() where !isFull {
                if position > 0 { text += "," }
                body(&self, part)
            }
        }
    }

    /// `{token}`, `{value}`, `{second}` and `{argument}` stand for what the error carries.
    static func message(of error: ExpressionError) -> String {
        let template = templates[error.code] ?? "The expression failed with {value}"
        var message = ""
        var rest = Substring(template)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            message += rest[..<open]
            switch rest[rest.index(after: open)..<close] {
            case "token": message += error.details.token ?? "this"
            case "second": message += error.details.secondValue ?? "nothing"
            case "argument": message += error.details.argument.map { String($0) } ?? "of this"
            default: message += error.details.value ?? "nothing"
            }
            rest = rest[rest.index(after: close)...]
        }
        return message + rest
    }

    private static let templates: [String: String] = [
        "S0101": "The closing quotation mark of a string is missing",
        "S0102": "The number {token} is too large",
        "S0103": "There is no escape sequence \\{token}",
        "S0104": "The escape sequence \\u must be followed by four hexadecimal digits",
        "S0105": "The closing backquote of a name is missing",
        "S0106": "The end */ of a comment is missing",
        "S0201": "{token} is not expected here",
        "S0202": "{value} is expected here, not {token}",
        "S0203": "{value} is expected before the end of the expression",
        "S0204": "There is no operator {token}",
        "S0205": "{token} is not expected here",
        "S0206": "{token} is no expression",
        "S0207": "The expression ends too early",
        "S0208": "Parameter {argument} of a function must be a variable, such as $x",
        "S0209": "A predicate cannot follow a grouping in the same step",
        "S0210": "A step can have one grouping only",
        "S0211": "{token} needs a value on its left",
        "S0212": "Left of := must stand a variable, such as $x",
        "S0213": "{value} cannot be a step of a path",
        "S0214": "Right of {token} must stand a variable, such as $x",
        "S0215": "A variable is bound with @ before the predicates of a step",
        "S0216": "A variable is bound with @ before the order of a step",
        "S0217": "It cannot be told which object % means here",
        "S0301": "A regular expression must not be empty",
        "S0302": "The closing / of a regular expression is missing",
        "S0303": "This regular expression is not possible here: {value}",
        "S0401": "Only functions and arrays can have a type in angle brackets",
        "S0402": "A choice of types cannot contain types in angle brackets",
        "S0501": "The expression is nested too deeply",
        "T0410": "Argument {argument} of {token} has the wrong type",
        "T0411": "The context is of the wrong type for argument {argument} of {token}",
        "T0412": "Argument {argument} of {token} must be an array of {value}",
        "D1001": "The number {value} is too large",
        "D1002": "{value} is no number and cannot be negated",
        "T1003": "The name of a member must be a string, not {value}",
        "D1004": "The regular expression matches the empty text",
        "T1005": "{token} is no function; is ${token} meant?",
        "T1006": "{token} is no function",
        "T1007": "{token} is no function that could be applied in part; is ${token} meant?",
        "T1008": "{token} is no function that could be applied in part",
        "D1009": "Two expressions name the same member {value}",
        "T1010": "The matcher given to {token} does not return a match",
        "D1011": "The evaluation is nested too deeply; does a recursion not end?",
        "D1012": "The evaluation takes too long: over {value}",
        "D1013": "A member cannot be named {value}",
        "T2001": "Left of {token} must stand a number, not {value}",
        "T2002": "Right of {token} must stand a number, not {value}",
        "T2003": "Left of .. must stand an integer, not {value}",
        "T2004": "Right of .. must stand an integer, not {value}",
        "T2006": "Right of ~> must stand a function, not {value}",
        "T2007": "{value} and {second} are of different types and cannot be ordered",
        "T2008": "Only numbers and strings can be ordered, not {value}",
        "T2009": "{value} and {second} are of different types and cannot be compared by {token}",
        "T2010": "Only numbers and strings can be compared by {token}, not {value}",
        "T2011": "The update of a transform must be an object, not {value}",
        "T2012": "What a transform deletes must be a string or an array of strings, not {value}",
        "T2013": "A transform needs $clone, which is no function here",
        "D2014": "A range cannot hold {value} numbers",
        "D2015": "Too many values: over {value}",
        "D3001": "{value} cannot be written as a string",
        "D3010": "$replace cannot replace the empty string",
        "D3011": "The limit of $replace must not be negative",
        "D3012": "What $replace inserts must be a string, not {value}",
        "D3020": "The limit of $split must not be negative",
        "D3030": "{value} cannot be read as a number",
        "D3040": "The limit of $match must not be negative",
        "D3050": "The function given to $reduce must take at least two arguments",
        "D3060": "{value} has no square root",
        "D3061": "The power of {value} to {second} is no number",
        "D3070": "Without a comparing function only numbers or only strings can be sorted",
        "D3080": "A picture has at most two parts",
        "D3081": "A part of a picture can have one decimal separator only",
        "D3082": "A part of a picture can have one percent sign only",
        "D3083": "A part of a picture can have one per-mille sign only",
        "D3084": "A part of a picture cannot have both a percent and a per-mille sign",
        "D3085": "A part of a picture needs at least one digit",
        "D3086": "A part of a picture cannot have other characters between its digits",
        "D3087": "In a picture, grouping and decimal separator must not touch",
        "D3088": "In a picture, the integer part must not end with a grouping separator",
        "D3089": "In a picture, two grouping separators must not touch",
        "D3090": "In a picture's integer part, optional digits stand before the others",
        "D3091": "In a picture's fraction, optional digits stand behind the others",
        "D3092": "A picture with an exponent cannot have a percent or per-mille sign",
        "D3093": "In a picture, the exponent consists of digits only",
        "D3100": "The base must be from 2 to 36, not {value}",
        "D3110": "{value} is no ISO 8601 timestamp",
        "D3120": "The expression given to $eval is wrong: {value}",
        "D3121": "The expression given to $eval failed: {value}",
        "D3130": "Numbers in the form of {value} are not supported",
        "D3131": "In a picture, all digits must be of the same script",
        "D3132": "A date picture knows no component {value}",
        "D3133": "The component {value} of a date picture has no name",
        "D3134": "A time zone in a date picture has at most four digits",
        "D3135": "A date picture lacks a closing bracket",
        "D3136": "The date picture does not tell the moment: a component is missing",
        "D3138": "$single found more than one value",
        "D3139": "$single found no value",
        "D3140": "Malformed URL passed to ${token}(): {value}",
    ]
}
