import JSON

/// What a member must look like, and how it becomes a value.
package struct InputRule<Value>: Sendable where Value: Sendable {
    /// Stands in after a fault; it is never used, because the reader throws at the end.
    let placeholder: Value
    let read: @Sendable (JSONValue, InputReader.Origin) -> Result<Value, InputRefusal>
    /// A shorter way for long lists in a query: reads UTF-8 text; nil when ``read`` has to say what is wrong with it.
    private let readText: (@Sendable (UnsafeBufferPointer<UInt8>) -> Value?)?

    package init(
        placeholder: Value, readText: (@Sendable (UnsafeBufferPointer<UInt8>) -> Value?)? = nil,
        _ read: @escaping @Sendable (JSONValue, InputReader.Origin) -> Result<Value, InputRefusal>
    ) {
        self.placeholder = placeholder
        self.readText = readText
        self.read = read
    }

    /// Reads a value further; nil refuses it with `expectation`, such as "must be an IANA time zone".
    package func map<Other: Sendable>(
        placeholder: Other, _ expectation: String, _ transform: @escaping @Sendable (Value) -> Other?
    ) -> InputRule<Other> {
        InputRule<Other>(placeholder: placeholder) { value, origin in
            read(value, origin).flatMap { value in
                transform(value).map { .success($0) } ?? .failure(InputRefusal(expectation))
            }
        }
    }
}

/// Why a value was refused.
package struct InputRefusal: Error, Sendable {
    /// `subpath` begins with "/" when the fault is inside the value.
    let details: [(subpath: String, text: String)]

    package init(_ text: String) { details = [(subpath: "", text: text)] }
    package init(_ details: [(subpath: String, text: String)]) { self.details = details }
}

extension InputRule where Value == String {
    /// Text of so many characters, without control characters but line breaks and tabs. NUL is refused: PostgreSQL cannot
    /// keep it.
    package static func text(_ length: ClosedRange<Int>) -> InputRule {
        InputRule(placeholder: "") { value, _ in
            guard let text = value.string else { return .failure(InputRefusal("must be text")) }
            guard length.contains(text.unicodeScalars.count) else {
                return .failure(InputRefusal("must have \(length.lowerBound) to \(length.upperBound) characters"))
            }
            let isClean = text.unicodeScalars.allSatisfy {
                !($0.value < 0x20 || $0.value == 0x7F) || $0 == "\n" || $0 == "\r" || $0 == "\t"
            }
            return isClean ? .success(text) : .failure(InputRefusal("must not have control characters"))
        }
    }

    /// Text of one line, without white space around it: names, keys, labels.
    package static func name(_ length: ClosedRange<Int> = 1...200) -> InputRule {
        text(length).map(placeholder: "", "must be one line without white space around it") { text in
            let edges = [text.first, text.last]
            let isTrimmed = edges.allSatisfy { $0.map { !$0.isWhitespace } ?? true }
            return isTrimmed && !text.contains(where: \.isNewline) ? text : nil
        }
    }

    /// ASCII letters, digits and `-._:`; the first a letter or digit. What identifies things in URLs and topics.
    package static func key(_ length: ClosedRange<Int> = 1...64) -> InputRule {
        text(length).map(
            placeholder: "", "must be letters, digits, '-', '_', '.' or ':' and begin with a letter or digit"
        ) {
            text in
            let isAlphanumeric: (UInt8) -> Bool = { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: false
                }
            }
            let isAllowed = text.utf8.allSatisfy { isAlphanumeric($0) || "-._:".utf8.contains($0) }
            return isAllowed && text.utf8.first.map(isAlphanumeric) == true ? text : nil
        }
    }
}

extension InputRule where Value == Int {
    package static func integer(_ range: ClosedRange<Int>) -> InputRule {
        InputRule(placeholder: range.lowerBound) { value, origin in
            let number = origin == .query ? value.string.flatMap { Int($0) } : value.integer.map { Int($0) }
            guard let number else { return .failure(InputRefusal("must be a whole number")) }
            guard range.contains(number) else {
                return .failure(InputRefusal("must be from \(range.lowerBound) to \(range.upperBound)"))
            }
            return .success(number)
        }
    }
}

extension InputRule where Value == Double {
    package static func number(
        _ range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    )
        -> InputRule
    {
        InputRule(placeholder: range.lowerBound) { value, origin in
            let number = origin == .query ? value.string.flatMap { Double($0) } : value.number
            guard let number, number.isFinite else { return .failure(InputRefusal("must be a number")) }
            guard range.contains(number) else {
                return .failure(InputRefusal("must be from \(range.lowerBound) to \(range.upperBound)"))
            }
            return .success(number)
        }
    }
}

extension InputRule where Value == Bool {
    package static var boolean: InputRule {
        InputRule(placeholder: false) { value, origin in
            let boolean = origin == .query ? value.string.flatMap { Bool($0) } : value.boolean
            return boolean.map { .success($0) } ?? .failure(InputRefusal("must be true or false"))
        }
    }
}

extension InputRule where Value == Timestamp {
    /// RFC 3339 text; in bodies also epoch milliseconds.
    package static var time: InputRule {
        InputRule(placeholder: Timestamp(microseconds: 0)) { value, _ in
            let time =
                value.string.flatMap { Timestamp(rfc3339: $0) }
                ?? value.integer.flatMap(Timestamp.init(epochMilliseconds:))
            return time.map { .success($0) }
                ?? .failure(InputRefusal("must be a time such as 2026-11-21T13:39:48.123Z"))
        }
    }
}

extension Timestamp {
    /// Nil outside of the years 0 to 9999.
    package init?(epochMilliseconds: Int64) {
        let bounds = Self.earliest.milliseconds...Self.latest.milliseconds
        guard bounds.contains(epochMilliseconds) else { return nil }
        self.init(milliseconds: epochMilliseconds)
    }
}

extension InputRule where Value == JSONValue {
    /// Any value whose text has at most `limit` bytes.
    package static func json(limit: Int = 65_536) -> InputRule {
        InputRule(placeholder: .null) { value, _ in
            value.bytes.count <= limit
                ? .success(value) : .failure(InputRefusal("must have at most \(limit) bytes as JSON"))
        }
    }

    /// An object whose text has at most `limit` bytes: settings, metadata.
    package static func document(limit: Int = 65_536) -> InputRule {
        json(limit: limit).map(placeholder: .object([:]), "must be an object") { $0.object == nil ? nil : $0 }
    }
}

extension InputRule {
    package static func id<Subject>(_: TypedID<Subject>.Type) -> InputRule where Value == TypedID<Subject> {
        let zero = TypedID<Subject>("00000000-0000-0000-0000-000000000000")
        guard let zero else { preconditionFailure("the nil UUID parses") }
        return InputRule(placeholder: zero, readText: { TypedID<Subject>(ascii: $0) }) { value, _ in
            value.string.flatMap { TypedID<Subject>($0) }.map { .success($0) }
                ?? .failure(InputRefusal("must be an id (UUID)"))
        }
    }

    /// One of an enumeration's raw values; the fault lists them.
    package static func oneOf(_: Value.Type) -> InputRule
    where Value: RawRepresentable<String> & CaseIterable & Sendable {
        let cases = Value.allCases.map(\.rawValue)
        guard let first = Value.allCases.first else { preconditionFailure("an enumeration without cases") }
        return InputRule(placeholder: first) { value, _ in
            value.string.flatMap { Value(rawValue: $0) }.map { .success($0) }
                ?? .failure(InputRefusal("must be one of \(cases.joined(separator: ", "))"))
        }
    }

    /// What stands between the commas of a text, as bytes: a search for whole characters takes many times as long.
    private static func separated(_ text: String) -> [JSONValue] {
        var text = text
        return text.withUTF8 { bytes in
            bytes.split(separator: UInt8(ascii: ",")).map { JSONValue.string(String(decoding: $0, as: UTF8.self)) }
        }
    }

    /// The values between the commas of a text by the rule's short way; nil without one, or when it does not read all of them.
    private static func values<Element>(_ text: String?, by rule: InputRule<Element>) -> [Element]?
    where Value == [Element] {
        guard let readText = rule.readText, var text else { return nil }
        return text.withUTF8 { bytes in
            var values: [Element] = []
            for part in bytes.split(separator: UInt8(ascii: ",")) {
                guard let value = readText(UnsafeBufferPointer(rebasing: part)) else { return nil }
                values.append(value)
            }
            return values
        }
    }

    /// A list of values; in a query, separated by commas.
    package static func list<Element: Sendable>(_ rule: InputRule<Element>, count: ClosedRange<Int>) -> InputRule
    where Value == [Element] {
        InputRule(placeholder: []) { value, origin in
            if origin == .query, let values = Self.values(value.string, by: rule), count.contains(values.count) {
                return .success(values)
            }
            guard let elements = origin == .query ? value.string.map(Self.separated) : value.array else {
                return .failure(InputRefusal("must be a list"))
            }
            guard count.contains(elements.count) else {
                return .failure(InputRefusal("must have \(count.lowerBound) to \(count.upperBound) entries"))
            }
            var (values, faults): ([Element], [(subpath: String, text: String)]) = ([], [])
            for (index, element) in elements.enumerated() {
                switch rule.read(element, origin) {
                case .success(let value): values.append(value)
                case .failure(let refusal):
                    let place = origin == .query ? "" : "/\(index)"
                    faults += refusal.details.map { (subpath: place + $0.subpath, text: $0.text) }
                }
            }
            return faults.isEmpty ? .success(values) : .failure(InputRefusal(faults))
        }
    }
}
