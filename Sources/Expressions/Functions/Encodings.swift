extension Builtin {
    static let encodings: [Builtin] = [
        Builtin("base64encode", "<s-:s>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            try run.spend(bytes: text.utf8.count * 2)
            return .string(Base64.encode(text))
        },
        Builtin("base64decode", "<s-:s>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            try run.spend(bytes: text.utf8.count * 2)
            return .string(Base64.decode(text))
        },
        encoding("encodeUrlComponent", keeping: PercentEncoding.unreserved),
        encoding("encodeUrl", keeping: PercentEncoding.unreserved + PercentEncoding.reserved),
        decoding("decodeUrlComponent", keeping: ""),
        decoding("decodeUrl", keeping: PercentEncoding.reserved),
    ]

    private static func encoding(_ name: String, keeping kept: String) -> Builtin {
        let kept = Set(kept.utf8)
        return Builtin(name, "<s-:s>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            try run.spend(bytes: text.utf8.count * 3)
            return .string(PercentEncoding.encode(text, keeping: kept))
        }
    }

    private static func decoding(_ name: String, keeping kept: String) -> Builtin {
        let kept = Set(kept.utf8)
        return Builtin(name, "<s-:s>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            try run.spend(bytes: text.utf8.count)
            guard let decoded = PercentEncoding.decode(text, keeping: kept) else {
                throw ExpressionError("D3140", token: name, value: arguments[0])
            }
            return .string(decoded)
        }
    }
}

/// Percent-encoding as in ECMA-262, section 19.2.6.
enum PercentEncoding {
    static let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"
    static let reserved = ";/?:@&=+$,#"

    static func encode(_ text: String, keeping kept: Set<UInt8>) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            if kept.contains(byte) {
                result.append(byte)
            } else {
                result.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Escapes of `kept` characters stay; nil when what comes out is no UTF-8.
    static func decode(_ text: String, keeping kept: Set<UInt8>) -> String? {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            guard index + 2 < bytes.count, let high = Character(Unicode.Scalar(bytes[index + 1])).hexDigitValue,
                let low = Character(Unicode.Scalar(bytes[index + 2])).hexDigitValue
            else { return nil }
            let byte = UInt8(high << 4 | low)
            if kept.contains(byte) {
                result.append(contentsOf: bytes[index..<index + 3])
            } else {
                result.append(byte)
            }
            index += 3
        }
        return String(validating: result, as: UTF8.self)
    }
}

/// Base64 of texts whose characters each stand for one byte, as `btoa` and `atob` have it.
enum Base64 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ text: String) -> String {
        let bytes = text.utf16.map { UInt8(truncatingIfNeeded: $0) }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let rest = bytes.count - index
            var group = UInt32(bytes[index]) << 16
            if rest > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if rest > 2 { group |= UInt32(bytes[index + 2]) }
            for place in 0..<4 {
                let isPadding = place > rest
                result.append(isPadding ? UInt8(ascii: "=") : letters[Int(group >> UInt32(18 - 6 * place) & 63)])
            }
            index += 3
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What is no letter of the alphabet is skipped; `-` and `_` count as `+` and `/`.
    static func decode(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var group: UInt32 = 0
        var bits: UInt32 = 0
        for byte in text.utf8 {
            if byte == UInt8(ascii: "=") { break }
            let letter =
                byte == UInt8(ascii: "-") ? UInt8(ascii: "+") : byte == UInt8(ascii: "_") ? UInt8(ascii: "/") : byte
            guard let value = letters.firstIndex(of: letter) else { continue }
            group = group << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(Unicode.Scalar(UInt8(truncatingIfNeeded: group >> bits)))
            }
        }
        return String(result)
    }
}
