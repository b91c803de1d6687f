import Glibc

/// Numbers as text, as JavaScript writes and reads them.
enum NumberText {
    /// The shortest digits that read back as the same number, without sign; the decimal point stands `exponent` digits
    /// behind the first one's left side.
    static func digits(_ number: Double) -> (digits: [UInt8], exponent: Int) {
        var digits: [UInt8] = []
        var exponent = 0
        var point: Int?
        var text = number.magnitude.description
        text.withUTF8 { bytes in
            var index = 0
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: "."): point = digits.count
                case UInt8(ascii: "e"):
                    exponent = Int(String(decoding: bytes[(index + 1)...], as: UTF8.self)) ?? 0
                    index = bytes.count
                default: digits.append(bytes[index])
                }
                index += 1
            }
        }
        exponent += point ?? digits.count
        while let last = digits.last, last == UInt8(ascii: "0"), digits.count > 1 { digits.removeLast() }
        let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
        if zeros == digits.count { return ([UInt8(ascii: "0")], 1) }
        digits.removeFirst(zeros)
        return (digits, exponent - zeros)
    }

    static func text(_ number: Double) -> String {
        if number.magnitude < 9_007_199_254_740_992, let whole = Int64(exactly: number) { return String(whole) }
        guard number.isFinite else { return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity" }
        let (digits, exponent) = digits(number)
        var text: [UInt8] = number < 0 ? [UInt8(ascii: "-")] : []
        let zero = UInt8(ascii: "0")
        let point = UInt8(ascii: ".")
        if exponent > 21 || exponent < -5 {
            text.append(digits[0])
            if digits.count > 1 {
                text.append(point)
                text.append(contentsOf: digits[1...])
            }
            text.append(contentsOf: "e\(exponent > 0 ? "+" : "-")\(abs(exponent - 1))".utf8)
        } else if exponent <= 0 {
            text.append(contentsOf: [zero, point])
            text.append(contentsOf: [UInt8](repeating: zero, count: -exponent))
            text.append(contentsOf: digits)
        } else if digits.count <= exponent {
            text.append(contentsOf: digits)
            text.append(contentsOf: [UInt8](repeating: zero, count: exponent - digits.count))
        } else {
            text.append(contentsOf: digits[..<exponent])
            text.append(point)
            text.append(contentsOf: digits[exponent...])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The nearest number of 15 decimal digits: strings show no more, so that `0.1 + 0.2` is `0.3`.
    static func toFifteenDigits(_ number: Double) -> Double {
        guard number.isFinite, number != number.rounded(), digits(number).digits.count > 15 else { return number }
        return Double(formatted("%.14e", number)) ?? number
    }

    /// `number` times ten to the power of `places`, by its decimal digits.
    static func shifted(_ number: Double, by places: Int) -> Double {
        let (digits, exponent) = digits(number)
        let text = "\(number < 0 ? "-" : "")0.\(String(decoding: digits, as: UTF8.self))e\(exponent + places)"
        return Double(text) ?? number
    }

    /// An integer with all its digits, however many they are.
    static func whole(_ number: Double) -> String { number.magnitude < 1e21 ? text(number) : fixed(number, places: 0) }

    /// With exactly that many places, at most 400.
    static func fixed(_ number: Double, places: Int) -> String { formatted("%.\(min(max(places, 0), 400))f", number) }

    private static func formatted(_ format: String, _ number: Double) -> String {
        withVaList([number]) { list in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 800) { buffer in
                let count = vsnprintf(buffer.baseAddress, buffer.count, format, list)
                return String(
                    decoding: buffer.prefix(Int(max(0, min(count, 799)))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
    }

    /// An integer in any base from 2 to 36.
    static func whole(_ number: Double, radix: Int) -> String {
        if let integer = Int64(exactly: number) { return String(integer, radix: radix) }
        guard number.isFinite else { return text(number) }
        var digits: [UInt8] = []
        var rest = number.magnitude
        let letters = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
        while rest >= 1 {
            digits.append(letters[Int(fmod(rest, Double(radix)))])
            rest = (rest / Double(radix)).rounded(.down)
        }
        return (number < 0 ? "-" : "") + String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// Reads `-12.5e3`, and hexadecimal, octal and binary numbers after `0x`, `0o`, `0b`; nil for anything else.
    static func parse(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count < 400 else { return nil }
        if bytes.count > 2, first == UInt8(ascii: "0") {
            let bases: [UInt8: Int] = [UInt8(ascii: "x"): 16, UInt8(ascii: "o"): 8, UInt8(ascii: "b"): 2]
            if let radix = bases[bytes[1] | 0x20] {
                var number = 0.0
                for byte in bytes[2...] {
                    guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else { return nil }
                    number = number * Double(radix) + Double(digit)
                }
                return number.isFinite ? number : nil
            }
        }
        var index = first == UInt8(ascii: "-") ? 1 : 0
        func digits() -> Bool {
            let start = index
            while index < bytes.count, bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") {
                index += 1
            }
            return index > start
        }
        guard digits() else { return nil }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard digits() else { return nil }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            guard digits() else { return nil }
        }
        guard index == bytes.count, let number = Double(text), number.isFinite else { return nil }
        return number
    }
}
