import Kernel
import Secrets

extension InputRule where Value == String {
    /// A new password: 10 to 256 characters of any kind, not one repeated (NIST SP 800-63B §5.1.1: length, no composition
    /// rules). Its hash, never itself, is kept.
    package static var newPassword: InputRule {
        text(10...256).map(placeholder: "", "must not repeat a single character") { Set($0).count > 1 ? $0 : nil }
    }

    /// A password as it is presented: anything that could have been accepted.
    package static var presentedPassword: InputRule { text(1...256) }
}

/// A password made for somebody who will be told once.
package enum GeneratedPassword {
    /// - Returns: four groups of five letters and digits: 119 bits.
    package static func make() throws -> String {
        let symbols = Array(try Base62.randomText(20))
        return stride(from: 0, to: 20, by: 5).map { String(symbols[$0..<$0 + 5]) }.joined(separator: "-")
    }
}
