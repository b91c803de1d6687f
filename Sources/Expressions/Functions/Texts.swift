extension Builtin {
    static let texts: [Builtin] = [
        Builtin("string", "<x-b?:s>", arity: 1) { (arguments, run) throws(ExpressionError) in
            if arguments[0].isUndefined { return .undefined }
            return .string(try arguments[0].text(&run, indented: arguments[1].truthOfScalar ?? false))
        },
        Builtin("length", "<s-:n>", arity: 1) { (arguments, _) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            return .number(Double(text.unicodeScalars.count))
        },
        text("lowercase") { $0.lowercased() },
        text("uppercase") { $0.uppercased() },
        text("trim") { trimmed($0) },
        Builtin("substring", "<s-nn?:s>", arity: 3) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0], case .number(let start) = arguments[1] else {
                return .undefined
            }
            try run.spend(bytes: text.utf8.count)
            var length: Double?
            if case .number(let given) = arguments[2] { length = given }
            return .string(substring(text, start, length))
        },
        Builtin("substringBefore", "<s-s:s>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0], case .string(let mark) = arguments[1] else {
                return arguments[0]
            }
            try run.spend(bytes: text.utf8.count)
            let subject = MatchSubject(text)
            guard let found = subject.first(MatchSubject(mark), from: 0) else { return .string(text) }
            return .string(subject.slice(0..<found.lowerBound))
        },
        Builtin("substringAfter", "<s-s:s>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0], case .string(let mark) = arguments[1] else {
                return arguments[0]
            }
            try run.spend(bytes: text.utf8.count)
            let subject = MatchSubject(text)
            guard let found = subject.first(MatchSubject(mark), from: 0) else { return .string(text) }
            return .string(subject.slice(found.upperBound..<subject.bytes.count))
        },
        Builtin("pad", "<s-ns?:s>", arity: 3) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0], case .number(let width) = arguments[1] else {
                return arguments[0]
            }
            var padding = " "
            if case .string(let given) = arguments[2], !given.isEmpty { padding = given }
            let missing = width.magnitude.rounded(.down) - Double(text.unicodeScalars.count)
            guard missing > 0 else { return .string(text) }
            // At most four bytes a character.
            try run.spend(bytes: text.utf8.count + Int(min(missing * 4, 1e15)))
            var filling = String.UnicodeScalarView()
            let scalars = Array(padding.unicodeScalars)
            for position in 0..<Int(missing) { filling.append(scalars[position % scalars.count]) }
            return .string(width > 0 ? text + String(filling) : String(filling) + text)
        },
        Builtin("join", "<a<s>s?:s>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard let parts = arguments[0].elements else { return .undefined }
            var separator = ""
            if case .string(let given) = arguments[1] { separator = given }
            var joined = ""
            for (position, part) in parts.enumerated() {
                guard case .string(let text) = part else { continue }
                try run.spend(bytes: text.utf8.count + separator.utf8.count)
                if position > 0 { joined += separator }
                joined += text
            }
            return .string(joined)
        },
    ]

    private static func text(_ name: String, _ function: @escaping (String) -> String) -> Builtin {
        Builtin(name, "<s-:s>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            try run.spend(bytes: text.utf8.count)
            return .string(function(text))
        }
    }

    /// Runs of white space become one space, and none is left at the ends.
    private static func trimmed(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            let isSpace = byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
            if !isSpace {
                result.append(byte)
            } else if let last = result.last, last != 0x20 {
                result.append(0x20)
            }
        }
        if result.last == 0x20 { result.removeLast() }
        return String(decoding: result, as: UTF8.self)
    }

    /// Counts in characters; a negative start counts from the end.
    private static func substring(_ text: String, _ start: Double, _ length: Double?) -> String {
        let scalars = Array(text.unicodeScalars)
        let count = Double(scalars.count)
        let start = count + start < 0 ? 0 : start
        var end = count
        if let length {
            guard length > 0 else { return "" }
            end = start >= 0 ? start + length : count + start + length
        }
        let from = start < 0 ? count + start.rounded(.towardZero) : start.rounded(.towardZero)
        let to = min(count, end.rounded(.towardZero))
        guard from < to else { return "" }
        return String(String.UnicodeScalarView(scalars[Int(max(0, from))..<Int(to)]))
    }
}
