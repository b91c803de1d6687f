/// Base64url without padding (RFC 4648 §5), strict: one text for one sequence of bytes.
package enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        for (value, symbol) in alphabet.enumerated() { values[Int(symbol)] = UInt8(value) }
        return values
    }()

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count * 4 + 2) / 3)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                output.append(alphabet[Int(buffer >> bits & 63)])
            }
        }
        if bits > 0 { output.append(alphabet[Int(buffer << (6 - bits) & 63)]) }
        return String(decoding: output, as: UTF8.self)
    }

    /// - Returns: nil for padding, foreign symbols, an impossible length or trailing bits that are not zero.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(text.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for symbol in text {
            let value = values[Int(symbol)]
            guard value != 0xff else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        guard buffer & ((1 << bits) - 1) == 0 else { return nil }
        return output
    }
}

/// Lower-case hexadecimal digits.
package enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// - Returns: nil for an odd length or a symbol that is no digit; both cases of letters are read.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let symbols = Array(text.utf8)
        guard symbols.count.isMultiple(of: 2) else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(symbols.count / 2)
        for index in stride(from: 0, to: symbols.count, by: 2) {
            guard let high = value(symbols[index]), let low = value(symbols[index + 1]) else { return nil }
            output.append(high << 4 | low)
        }
        return output
    }

    private static func value(_ symbol: UInt8) -> UInt8? {
        switch symbol {
        case 0x30...0x39: symbol - 0x30
        case 0x61...0x66: symbol - 0x61 + 10
        case 0x41...0x46: symbol - 0x41 + 10
        default: nil
        }
    }
}

/// Digits and letters only, so that a double click selects a whole token.
package enum Base62 {
    static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    static let isSymbol: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for symbol in alphabet { table[Int(symbol)] = true }
        return table
    }()

    /// - Returns: `count` symbols, each evenly distributed: 5.95 bits each.
    package static func randomText(_ count: Int, from source: some RandomSource = SystemRandom()) throws(SecretsError)
        -> String
    {
        String(decoding: try random(count, from: source), as: UTF8.self)
    }

    /// The same as ASCII.
    static func random(_ count: Int, from source: some RandomSource) throws(SecretsError) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(count)
        while output.count < count {
            // Values 62 and 63 are thrown away; folding them in would favour two symbols.
            for byte in try source.bytes(count - output.count + 4) where byte & 63 < 62 && output.count < count {
                output.append(alphabet[Int(byte & 63)])
            }
        }
        return output
    }

    /// Six symbols hold any 32-bit number.
    static func encode(_ number: UInt32) -> [UInt8] {
        var output = [UInt8](repeating: alphabet[0], count: 6)
        var rest = Int(number)
        for index in stride(from: 5, through: 0, by: -1) {
            output[index] = alphabet[rest % 62]
            rest /= 62
        }
        return output
    }
}
