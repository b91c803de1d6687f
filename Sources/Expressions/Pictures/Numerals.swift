/// Numbers in letters, as columns of a spreadsheet have them, and Roman numerals.
enum Numerals {
    static func letters(_ number: Double, isUpper: Bool) -> String {
        var letters: [UInt8] = []
        let first = isUpper ? UInt8(ascii: "A") : UInt8(ascii: "a")
        var rest = number
        while rest > 0 {
            letters.append(first + UInt8((rest - 1).truncatingRemainder(dividingBy: 26)))
            rest = ((rest - 1) / 26).rounded(.down)
        }
        return String(decoding: letters.reversed(), as: UTF8.self)
    }

    static func number(letters: String, isUpper: Bool) -> Double {
        let first = Double(isUpper ? UInt8(ascii: "A") : UInt8(ascii: "a"))
        return letters.utf8.reduce(0) { $0 * 26 + Double($1) - first + 1 }
    }

    private static let romans: [(Double, String)] = [
        (1_000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
        (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
    ]

    /// Beyond a million the numeral would be thousands of letters: decimal digits then.
    static func roman(_ number: Double) -> String {
        guard number < 1_000_000 else { return NumberText.whole(number) }
        var rest = number
        var text = ""
        for (value, letters) in romans {
            while rest >= value {
                text += letters
                rest -= value
            }
        }
        return text
    }

    static func number(roman: String) -> Double? {
        let values: [Character: Double] = ["M": 1_000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1]
        var number = 0.0
        var largest = 1.0
        for letter in roman.reversed() {
            guard let value = values[letter] else { return nil }
            if value < largest {
                number -= value
            } else {
                largest = value
                number += value
            }
        }
        return number
    }
}

/// Numbers in English words.
enum NumberWords {
    private static let few = [
        "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
        "Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
    ]
    private static let fewOrdinals = [
        "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth",
        "Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth",
        "Nineteenth",
    ]
    private static let tens = ["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"]
    private static let magnitudes: [(value: Double, word: String)] = [
        (1e12, "Trillion"), (1e9, "Billion"), (1e6, "Million"), (1e3, "Thousand"),
    ]

    /// `number` must be whole.
    static func words(_ number: Double, isOrdinal: Bool) -> String {
        if number < 20 { return (isOrdinal ? fewOrdinals : few)[Int(number)] }
        if number < 100 {
            let ten = tens[Int(number / 10) - 2]
            let rest = number.truncatingRemainder(dividingBy: 10)
            if rest > 0 { return ten + "-" + words(rest, isOrdinal: isOrdinal) }
            return isOrdinal ? ten.dropLast() + "ieth" : ten
        }
        if number < 1_000 {
            return join(few[Int(number / 100)] + " Hundred", number.truncatingRemainder(dividingBy: 100), isOrdinal)
        }
        for magnitude in magnitudes where number >= magnitude.value {
            let count = (number / magnitude.value).rounded(.down)
            // Of a large number the rounded product may be more than the whole; the reference computes it so.
            let rest = max(0, number - count * magnitude.value)
            return join(words(count, isOrdinal: false) + " " + magnitude.word, rest, isOrdinal)
        }
        return ""
    }

    private static func join(_ head: String, _ rest: Double, _ isOrdinal: Bool) -> String {
        if rest == 0 { return isOrdinal ? head + "th" : head }
        return head + (rest < 100 ? " and " : ", ") + words(rest, isOrdinal: isOrdinal)
    }

    private static let values: [String: Double] = {
        var values: [String: Double] = ["hundred": 100, "hundredth": 100]
        for (number, word) in few.enumerated() { values[word.lowercased()] = Double(number) }
        for (number, word) in fewOrdinals.enumerated() { values[word.lowercased()] = Double(number) }
        for (index, word) in tens.enumerated() {
            values[word.lowercased()] = Double(index + 2) * 10
            values[word.lowercased().dropLast() + "ieth"] = Double(index + 2) * 10
        }
        for magnitude in magnitudes {
            values[magnitude.word.lowercased()] = magnitude.value
            values[magnitude.word.lowercased() + "th"] = magnitude.value
        }
        return values
    }()

    /// Longer words first, for the first that fits is taken.
    static let pattern: String = {
        let words = values.keys.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
        return "(?:" + words.joined(separator: "|") + "|and|[\\-, ])+"
    }()

    /// The number of lower-case words; nil when one is no number.
    static func number(_ text: String) -> Double? {
        var parts: [Double] = [0]
        for word in text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "-" }) where word != "and" {
            guard let value = values[String(word)] else { return nil }
            let last = parts.count - 1
            if value < 100 {
                if parts[last] >= 1_000 { parts.append(value) } else { parts[last] += value }
            } else {
                parts[last] *= value
            }
        }
        return parts.reduce(0, +)
    }
}
