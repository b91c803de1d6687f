import Foundation
import Secrets

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

    mutating func keyring(_ setting: Setting) -> SealingKeyring {
        let text = text(setting)
        if let keyring = try? SealingKeyring(parsing: text) { return keyring }
        if !text.isEmpty { faults.append("\(setting.name) cannot be read: \(setting.summary)") }
        return .standIn
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

extension SealingKeyring {
    /// Of a configuration that is refused.
    fileprivate static let standIn: SealingKeyring = {
        guard let key = try? SealingKey(version: 1, bytes: Array(repeating: 0, count: 32)) else {
            preconditionFailure("32 bytes make a key")
        }
        return SealingKeyring(current: key)
    }()
}
