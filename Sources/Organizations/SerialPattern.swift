import Kernel

/// The form of the serial numbers that the platform gives (DEV-1), such as `SD-{TYPE}-{YEAR}-{SEQ}`.
///
/// `{TYPE}` is the code of the device's type, `{YEAR}` and `{MONTH}` are of the day of its registration (UTC), `{SEQ}` is
/// a number of six digits, `{SEQ:n}` of n (3 to 12). The numbers begin anew for each type and year that the pattern names.
package struct SerialPattern: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case literal(String)
        case type, year, month
        case sequence(digits: Int)
    }

    package let text: String
    private let parts: [Part]
    package static let standard = SerialPattern(
        text: "SD-{TYPE}-{YEAR}-{SEQ}",
        parts: [
            .literal("SD-"), .type, .literal("-"), .year, .literal("-"), .sequence(digits: 6),
        ])

    private init(text: String, parts: [Part]) { (self.text, self.parts) = (text, parts) }

    /// Nil unless there is exactly one `{SEQ}`, no unknown name in braces, and at most 60 characters of ASCII.
    package init?(_ text: String) {
        guard (1...60).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var parts: [Part] = []
        var rest = text[...]
        while let first = rest.first {
            guard first == "{" else {
                let literal = rest.prefix { $0 != "{" }
                guard !literal.contains("}") else { return nil }
                parts.append(.literal(String(literal)))
                rest = rest.dropFirst(literal.count)
                continue
            }
            guard let end = rest.firstIndex(of: "}"),
                let part = Self.part(named: rest[rest.index(after: rest.startIndex)..<end])
            else { return nil }
            parts.append(part)
            rest = rest[rest.index(after: end)...]
        }
        let sequences = parts.filter { if case .sequence = $0 { true } else { false } }
        guard sequences.count == 1 else { return nil }
        self.init(text: text, parts: parts)
    }

    private static func part(named name: Substring) -> Part? {
        switch name {
        case "TYPE": return .type
        case "YEAR": return .year
        case "MONTH": return .month
        case "SEQ": return .sequence(digits: 6)
        default:
            guard name.hasPrefix("SEQ:"), let digits = Int(name.dropFirst(4)), (3...12).contains(digits) else {
                return nil
            }
            return .sequence(digits: digits)
        }
    }

    /// Which series numbers come from: its name and its period.
    package func series(typeCode: String, at time: Timestamp) -> (name: String, period: String) {
        let date = time.rfc3339
        let name = parts.contains(.type) ? "device_serial:\(typeCode)" : "device_serial"
        if parts.contains(.month) && parts.contains(.year) { return (name, String(date.prefix(7))) }
        return (name, parts.contains(.year) ? String(date.prefix(4)) : "")
    }

    package func serial(typeCode: String, at time: Timestamp, number: Int64) -> String {
        let date = time.rfc3339
        return parts.map { part in
            switch part {
            case .literal(let text): return text
            case .type: return typeCode
            case .year: return String(date.prefix(4))
            case .month: return String(date.dropFirst(5).prefix(2))
            case .sequence(let digits):
                let text = String(number)
                return String(repeating: "0", count: max(0, digits - text.count)) + text
            }
        }.joined()
    }
}
