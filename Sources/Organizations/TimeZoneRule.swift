import Foundation
import Kernel

extension InputRule where Value == String {
    /// The name of a time zone in the IANA database, such as `Europe/Berlin` or `UTC`. Abbreviations and fixed offsets are
    /// refused: they have no daylight saving time.
    package static var timeZone: InputRule {
        name(1...64).map(placeholder: "UTC", "must be an IANA time zone such as Europe/Berlin") { name in
            guard name == "UTC" || name.contains("/"), !name.hasPrefix("/") else { return nil }
            return TimeZone(identifier: name) == nil ? nil : name
        }
    }

    /// An ISO 4217 currency code.
    package static var currency: InputRule {
        text(3...3).map(placeholder: "EUR", "must be an ISO 4217 code such as EUR") { code in
            code.utf8.allSatisfy { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") } ? code : nil
        }
    }

    /// A language tag (BCP 47) of letters, digits and hyphens, such as `en` or `de-AT`.
    package static var locale: InputRule {
        key(2...35).map(placeholder: "en", "must be a language tag such as en or de-AT") { tag in
            tag.utf8.contains { "_.:".utf8.contains($0) } ? nil : tag
        }
    }
}
