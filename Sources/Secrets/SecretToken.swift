/// A random secret that a client presents: an API key, a device token, a refresh token.
///
/// Text: `rk_<kind>_` ‖ 30 random base-62 symbols ‖ 6 symbols of checksum. The first eight random symbols are shown in
/// lists; the 22 that stay secret hold 131 bits. The checksum is the first 32 bits of SHA-256 over all before it: a
/// mistyped or invented token is refused without asking the database.
///
/// Only ``lookupHash`` is stored. Printing a token shows its ``displayPrefix``, never the secret.
package struct SecretToken: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    package enum Kind: String, Sendable, CaseIterable {
        case apiKey = "rk_live_"
        case deviceToken = "rk_dev_"
        case refreshToken = "rk_ref_"
    }

    private static let randomSymbols = 30
    private static let checksumSymbols = 6
    private static let shownSymbols = 8

    package let kind: Kind
    private let text: String

    /// Makes a new secret.
    package init(generating kind: Kind, from source: some RandomSource) throws(SecretsError) {
        var symbols = Array(kind.rawValue.utf8)
        symbols += try Base62.random(Self.randomSymbols, from: source)
        symbols += Self.checksum(symbols[...])
        self.kind = kind
        self.text = String(decoding: symbols, as: UTF8.self)
    }

    /// Reads what a client sent.
    /// - Returns: nil unless kind, length, alphabet and checksum are right. That says nothing of whether it was issued.
    package init?(parsing text: some StringProtocol, as kind: Kind) {
        let symbols = Array(text.utf8)
        let prefix = kind.rawValue.utf8
        guard symbols.count == prefix.count + Self.randomSymbols + Self.checksumSymbols, symbols.starts(with: prefix)
        else { return nil }
        guard symbols[prefix.count...].allSatisfy({ Base62.isSymbol[Int($0)] }) else { return nil }
        let body = symbols.dropLast(Self.checksumSymbols)
        guard ConstantTime.areEqual(Self.checksum(body), symbols.suffix(Self.checksumSymbols)) else { return nil }
        self.kind = kind
        self.text = String(text)
    }

    /// The secret itself, for the one answer that shows it.
    package var revealed: String { text }

    /// SHA-256 of the whole text: what tables hold and look up. No salt is needed for 131 random bits.
    package var lookupHash: Digest256 { SHA256.digest(text) }

    /// What people may see to tell their tokens apart, for example `rk_live_4fGh2KqZ`.
    package var displayPrefix: String { String(text.prefix(kind.rawValue.utf8.count + Self.shownSymbols)) }

    package var description: String { "\(displayPrefix)…" }
    package var customMirror: Mirror { Mirror(self, children: ["prefix": displayPrefix]) }

    package static func == (left: SecretToken, right: SecretToken) -> Bool {
        ConstantTime.areEqual(left.text.utf8, right.text.utf8)
    }

    private static func checksum(_ symbols: ArraySlice<UInt8>) -> [UInt8] {
        Base62.encode(SHA256.digest(symbols).bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
    }
}
