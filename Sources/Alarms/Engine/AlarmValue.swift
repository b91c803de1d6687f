import JSON
import Kernel

/// A measured value as rules see it.
package enum AlarmValue: Hashable, Sendable {
    case number(Double)
    case boolean(Bool)
    case text(String)

    /// Nil for what no rule can judge: null, objects, arrays.
    package init?(_ value: JSONValue) {
        switch value {
        case .integer(let integer): self = .number(Double(integer))
        case .number(let number): self = .number(number)
        case .boolean(let boolean): self = .boolean(boolean)
        case .string(let text): self = .text(text)
        case .null, .array, .object: return nil
        }
    }
}

extension AlarmValue: JSONWritable {
    package func write(to json: inout JSONWriter) {
        switch self {
        case .number(let number): json.number(number)
        case .boolean(let boolean): json.value(boolean)
        case .text(let text): json.string(text)
        }
    }
}

extension AlarmValue: CustomStringConvertible {
    /// As a person writes it: whole numbers without a fraction.
    package var description: String {
        switch self {
        case .number(let number):
            if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 {
                String(whole)
            } else {
                number.description
            }
        case .boolean(let boolean): boolean ? "true" : "false"
        case .text(let text): text
        }
    }
}

extension InputRule where Value == AlarmValue {
    /// A finite number, a boolean or text of at most 1,000 characters.
    package static var alarmValue: InputRule {
        InputRule(placeholder: .number(0)) { value, _ in
            guard let value = AlarmValue(value) else {
                return .failure(InputRefusal("must be a number, a boolean or text"))
            }
            if case .number(let number) = value, !number.isFinite { return .failure(InputRefusal("must be finite")) }
            if case .text(let text) = value, text.unicodeScalars.count > 1000 {
                return .failure(InputRefusal("must have at most 1000 characters"))
            }
            return .success(value)
        }
    }
}
