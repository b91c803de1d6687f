import Foundation

/// Turns settings into typed values and collects the faults; a faulty one becomes a stand-in that is never used.
struct SettingCheck {
    private let values: SettingValues
    private(set) var faults: [String]

    init(_ values: SettingValues) {
        self.values = values
        faults = values.faults
    }

    mutating func text(_ setting: Setting) -> String {
        if let value = values[setting] { return value }
        faults.append("\(setting.name) is not set: \(setting.summary)")
        return ""
    }

    mutating func integer(_ setting: Setting, _ range: ClosedRange<Int>) -> Int {
        let text = text(setting)
        guard let value = Int(text), range.contains(value) else {
            if !text.isEmpty {
                faults.append("\(setting.name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return range.lowerBound
        }
        return value
    }

    mutating func key(_ setting: Setting, bytes count: Int) -> [UInt8] {
        let digits = Array(text(setting).utf8)
        let nibbles = digits.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 * count, nibbles.count == digits.count else {
            if !digits.isEmpty { faults.append("\(setting.name) must be \(2 * count) hexadecimal digits") }
            return []
        }
        return (0..<count).map { (index: Int) -> UInt8 in UInt8(nibbles[2 * index] << 4 | nibbles[2 * index + 1]) }
    }

    mutating func url(_ setting: Setting) -> String {
        let text = text(setting)
        let scheme = URL(string: text)?.scheme
        if !text.isEmpty, scheme != "http" && scheme != "https" || URL(string: text)?.host == nil {
            faults.append("\(setting.name) must be an http or https address")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    mutating func choice<Choice: RawRepresentable<String>>(_ setting: Setting) -> Choice? {
        let text = text(setting)
        if let choice = Choice(rawValue: text) { return choice }
        faults.append("\(setting.name) cannot be \"\(text)\": \(setting.summary)")
        return nil
    }

    mutating func pair(_ first: Setting, _ second: Setting) -> (String, String)? {
        switch (values[first], values[second]) {
        case (let first?, let second?): return (first, second)
        case (nil, nil): return nil
        default:
            faults.append("\(first.name) and \(second.name) go together")
            return nil
        }
    }

    func list(_ setting: Setting) -> [String] {
        (values[setting] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }
}
