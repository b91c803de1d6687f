import JSON

extension Value {
    /// The value as a string: strings as they are, nothing as the empty string, all else as JSON with numbers of at most
    /// 15 digits and functions as empty strings.
    /// - Throws: D3001 and D1001 for numbers that JSON cannot hold.
    func text(_ run: inout Evaluation, indented: Bool = false) throws(ExpressionError) -> String {
        switch self {
        case .string(let text): return text
        case .undefined, .function, .tuples: return ""
        case .boolean(let value): return value ? "true" : "false"
        case .null: return "null"
        case .number(let number):
            guard number.isFinite else { throw ExpressionError("D3001", words: NumberText.text(number)) }
            return NumberText.text(NumberText.toFifteenDigits(number))
        default:
            var writer = TextWriter(indented: indented)
            try writer.write(unwrapped, &run)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }
}

/// JSON as JavaScript writes it.
private struct TextWriter {
    var bytes: [UInt8] = []
    let indented: Bool
    private var depth = 0

    init(indented: Bool) { self.indented = indented }

    mutating func write(_ value: Value, _ run: inout Evaluation) throws(ExpressionError) {
        try run.descend()
        switch value {
        case .number(let number):
            guard number.isFinite else {
                if number.isNaN { return try add("null", &run) }
                throw ExpressionError("D1001", words: NumberText.text(number))
            }
            try add(NumberText.text(NumberText.toFifteenDigits(number)), &run)
        case .string(let text): try quote(text, &run)
        case .function: try quote("", &run)
        case .array, .documentArray:
            try list("[", "]", value.items, &run) { (writer, item, run) throws(ExpressionError) in
                try writer.write(item.isUndefined ? .null : item, &run)
            }
        case .object, .documentObject:
            try list("{", "}", value.members, &run) { (writer, member, run) throws(ExpressionError) in
                try writer.quote(member.name, &run)
                try writer.add(writer.indented ? ": " : ":", &run)
                try writer.write(member.value, &run)
            }
        default: try add(value.truthOfScalar == true ? "true" : value.isNull ? "null" : "false", &run)
        }
    }

    private mutating func list<Item>(
        _ open: String, _ close: String, _ items: [Item], _ run: inout Evaluation,
        _ body: (inout TextWriter, Item, inout Evaluation) throws(ExpressionError) -> Void
    ) throws(ExpressionError) {
        try add(open, &run)
        depth += 1
        for (position, item) in items.enumerated() {
            if position > 0 { try add(",", &run) }
            try newLine(&run)
            try body(&self, item, &run)
        }
        depth -= 1
        if !items.isEmpty { try newLine(&run) }
        try add(close, &run)
    }

    private mutating func newLine(_ run: inout Evaluation) throws(ExpressionError) {
        guard indented else { return }
        try add("\n" + String(repeating: "  ", count: depth), &run)
    }

    private mutating func add(_ text: String, _ run: inout Evaluation) throws(ExpressionError) {
        try run.spend(bytes: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func quote(_ text: String, _ run: inout Evaluation) throws(ExpressionError) {
        try run.spend(bytes: text.utf8.count + 2)
        var writer = JSONWriter(reserving: text.utf8.count + 8)
        writer.string(text)
        bytes.append(contentsOf: writer.bytes)
    }
}

extension Value {
    var isNull: Bool { if case .null = self { true } else { false } }
}
