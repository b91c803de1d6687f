import Kernel

/// An e-mail address as an account's name: lower case, one spelling for one account.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// Accepts the plain form `local@domain` (RFC 5321 §4.1.2 without quotes and address literals), at most 254 bytes.
    package init?(_ text: some StringProtocol) {
        let lowered = text.lowercased()
        let parts = lowered.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, lowered.utf8.count <= 254, (1...64).contains(parts[0].utf8.count) else { return nil }
        let isLocal = parts[0].utf8.allSatisfy { (0x21...0x7E).contains($0) && !"\"(),:;<>[]\\".utf8.contains($0) }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        let isDomain =
            labels.count >= 1
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
            }
        let hasDots = parts[0].hasPrefix(".") || parts[0].hasSuffix(".") || parts[0].contains("..")
        guard isLocal, isDomain, !hasDots else { return nil }
        self.text = lowered
    }

    package var description: String { text }
}

extension InputRule where Value == EmailAddress? {
    /// An e-mail address.
    package static var email: InputRule {
        InputRule<String>.text(3...254).map(placeholder: nil, "must be an e-mail address") { text in
            // Two levels: the outer nil refuses.
            EmailAddress(text).map { .some($0) }
        }
    }
}
