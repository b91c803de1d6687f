/// The narrow JSON in which our own tokens and keys are written: one object whose values are strings and integers.
///
/// Strings are printable ASCII without escapes, names appear once, integers have at most 18 digits, and only spaces
/// stand between the parts. Whatever is accepted here means the same to every JSON parser, so that no second reading of a
/// token can exist.
struct FlatJSON: Sendable {
    enum Value: Sendable, Equatable {
        case string(String)
        case integer(Int64)
    }

    let members: [String: Value]

    func string(_ name: String) -> String? {
        if case .string(let text) = members[name] { text } else { nil }
    }

    func integer(_ name: String) -> Int64? {
        if case .integer(let number) = members[name] { number } else { nil }
    }

    /// - Returns: nil for anything outside the form above.
    init?(parsing text: [UInt8]) {
        var reader = Reader(text: text)
        guard let members = reader.object() else { return nil }
        self.members = members
    }

    /// Whether ``write(_:)`` can hold a text.
    static func canHold(_ text: String) -> Bool { text.utf8.allSatisfy(Reader.isPlain) }

    /// Writes members in the order given. Every text must satisfy ``canHold(_:)``.
    static func write(_ members: [(String, Value)]) -> String {
        let written = members.map { name, value in
            switch value {
            case .string(let text): "\"\(name)\":\"\(text)\""
            case .integer(let number): "\"\(name)\":\(number)"
            }
        }
        return "{\(written.joined(separator: ","))}"
    }
}

private struct Reader {
    let text: [UInt8]
    var position = 0

    static func isPlain(_ symbol: UInt8) -> Bool {
        (0x20...0x7e).contains(symbol) && symbol != UInt8(ascii: "\"") && symbol != UInt8(ascii: "\\")
    }

    init(text: [UInt8]) { self.text = text }

    mutating func object() -> [String: FlatJSON.Value]? {
        var members: [String: FlatJSON.Value] = [:]
        guard take(UInt8(ascii: "{")) else { return nil }
        if !take(UInt8(ascii: "}")) {
            repeat {
                guard let name = string(), take(UInt8(ascii: ":")), let value = value() else { return nil }
                guard members.updateValue(value, forKey: name) == nil else { return nil }
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { return nil }
        }
        skipSpaces()
        return position == text.count ? members : nil
    }

    private mutating func value() -> FlatJSON.Value? {
        skipSpaces()
        guard position < text.count else { return nil }
        if text[position] == UInt8(ascii: "\"") { return string().map { .string($0) } }
        let start = position
        if text[position] == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        while position < text.count, (0x30...0x39).contains(text[position]) { position += 1 }
        let digits = position - firstDigit
        guard (1...18).contains(digits), digits == 1 || text[firstDigit] != 0x30 else { return nil }
        return Int64(String(decoding: text[start..<position], as: UTF8.self)).map { .integer($0) }
    }

    private mutating func string() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = position
        while position < text.count, Self.isPlain(text[position]) { position += 1 }
        guard position < text.count, text[position] == UInt8(ascii: "\"") else { return nil }
        position += 1
        return String(decoding: text[start..<(position - 1)], as: UTF8.self)
    }

    private mutating func take(_ symbol: UInt8) -> Bool {
        skipSpaces()
        guard position < text.count, text[position] == symbol else { return false }
        position += 1
        return true
    }

    private mutating func skipSpaces() {
        while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
    }
}
