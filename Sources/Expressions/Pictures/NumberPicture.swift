/// A picture of XPath's `fn:format-number`: https://www.w3.org/TR/xpath-functions-31/#formatting-numbers
struct NumberPicture {
    private let symbols: PictureSymbols
    private let positive: SubPicture
    private let negative: SubPicture

    /// `options` is an object of symbols that differ from the usual ones.
    /// - Throws: D3080…D3093.
    init(_ picture: String, options: Value) throws(ExpressionError) {
        guard picture.utf8.count <= IntegerPicture.maximumLength else { throw IntegerPicture.tooLong }
        var symbols = PictureSymbols()
        for member in options.members {
            if case .string(let text) = member.value { symbols.set(member.name, to: text) }
        }
        self.symbols = symbols
        var parts: [[Unicode.Scalar]] = [[]]
        for scalar in picture.unicodeScalars {
            if scalar == symbols.separator { parts.append([]) } else { parts[parts.count - 1].append(scalar) }
        }
        guard parts.count <= 2 else { throw ExpressionError("D3080") }
        positive = try SubPicture(parts[0], symbols)
        if parts.count == 2 {
            negative = try SubPicture(parts[1], symbols)
        } else {
            var signed = positive
            signed.prefix = symbols.minus + signed.prefix
            negative = signed
        }
    }

    func format(_ number: Double) -> String {
        guard !number.isNaN else { return symbols.notANumber }
        let picture = number >= 0 ? positive : negative
        var mantissa = number * picture.factor
        guard mantissa.isFinite else { return picture.prefix + symbols.infinity + picture.suffix }
        var exponent: Int?
        if picture.exponentDigits > 0 {
            let scaled = Self.scaled(mantissa, digits: picture.scale)
            (mantissa, exponent) = scaled
        }
        let places = picture.fraction.most
        let rounded = Rounding.halfEven(mantissa, places: places)
        let fixed = NumberText.fixed(rounded.magnitude, places: places)
        let halves = fixed.split(separator: ".", omittingEmptySubsequences: false)
        var whole = Array(halves[0].utf8.drop { $0 == UInt8(ascii: "0") })
        var fraction = halves.count > 1 ? Array(halves[1].utf8) : []
        while fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        let zero = UInt8(ascii: "0")
        if whole.count < picture.integer.least {
            whole = [UInt8](repeating: zero, count: picture.integer.least - whole.count) + whole
        }
        if fraction.count < picture.fraction.least {
            fraction += [UInt8](repeating: zero, count: picture.fraction.least - fraction.count)
        }
        var text = picture.prefix
        text += grouped(whole, picture)
        if picture.hasPoint, !fraction.isEmpty {
            text.unicodeScalars.append(symbols.decimal)
        }
        for (index, digit) in fraction.enumerated() {
            if picture.fractionGroups.contains(index), index > 0 { text.unicodeScalars.append(symbols.grouping) }
            text.unicodeScalars.append(symbols.digit(digit))
        }
        if let exponent {
            text.unicodeScalars.append(symbols.exponent)
            if exponent < 0 { text += symbols.minus }
            let digits = Array(String(abs(exponent)).utf8)
            let filling = [UInt8](repeating: zero, count: max(0, picture.exponentDigits - digits.count))
            for digit in filling + digits { text.unicodeScalars.append(symbols.digit(digit)) }
        }
        return text + picture.suffix
    }

    private func grouped(_ whole: [UInt8], _ picture: SubPicture) -> String {
        var text = String.UnicodeScalarView()
        for (index, digit) in whole.enumerated() {
            let toTheRight = whole.count - index
            let begins =
                picture.groupInterval > 0
                ? toTheRight % picture.groupInterval == 0 : picture.integerGroups.contains(toTheRight)
            if begins, index > 0 { text.append(symbols.grouping) }
            text.append(symbols.digit(digit))
        }
        return String(text)
    }

    /// Mantissa and exponent such that the mantissa has `digits` digits before the point.
    private static func scaled(_ number: Double, digits: Int) -> (Double, Int) {
        guard number != 0 else { return (number, 0) }
        var mantissa = number
        var exponent = 0
        let upper = NumberText.shifted(1, by: digits)
        let lower = NumberText.shifted(1, by: digits - 1)
        while mantissa.magnitude < lower {
            mantissa *= 10
            exponent -= 1
        }
        while mantissa.magnitude > upper {
            mantissa /= 10
            exponent += 1
        }
        return (mantissa, exponent)
    }
}

/// The characters that mean something in a picture.
struct PictureSymbols {
    private(set) var decimal: Unicode.Scalar = "."
    private(set) var grouping: Unicode.Scalar = ","
    private(set) var exponent: Unicode.Scalar = "e"
    private(set) var percent: Unicode.Scalar = "%"
    private(set) var perMille: Unicode.Scalar = "\u{2030}"
    private(set) var zero: Unicode.Scalar = "0"
    private(set) var optional: Unicode.Scalar = "#"
    private(set) var separator: Unicode.Scalar = ";"
    private(set) var minus = "-"
    private(set) var infinity = "Infinity"
    private(set) var notANumber = "NaN"

    mutating func set(_ name: String, to text: String) {
        guard let scalar = text.unicodeScalars.first else { return }
        switch name {
        case "decimal-separator": decimal = scalar
        case "grouping-separator": grouping = scalar
        case "exponent-separator": exponent = scalar
        case "percent": percent = scalar
        case "per-mille": perMille = scalar
        case "zero-digit": zero = scalar
        case "digit": optional = scalar
        case "pattern-separator": separator = scalar
        case "minus-sign": minus = text
        case "infinity": infinity = text
        case "NaN": notANumber = text
        default: break
        }
    }

    func isMandatory(_ scalar: Unicode.Scalar) -> Bool { scalar.value >= zero.value && scalar.value < zero.value + 10 }
    func isDigit(_ scalar: Unicode.Scalar) -> Bool { isMandatory(scalar) || scalar == optional }

    /// Whether it stands for a part of the number rather than for itself.
    func isActive(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || scalar == decimal || scalar == grouping || scalar == exponent || scalar == separator
    }

    /// An ASCII digit in the picture's script.
    func digit(_ ascii: UInt8) -> Unicode.Scalar { Unicode.Scalar(zero.value + UInt32(ascii) - 0x30) ?? zero }
}

/// The part of a picture for positive or for negative numbers.
struct SubPicture {
    var prefix: String
    private(set) var suffix: String
    /// 100 with a percent sign, 1,000 with per mille.
    private(set) var factor = 1.0
    private(set) var integer = (least: 0, most: 0)
    private(set) var fraction = (least: 0, most: 0)
    /// How many digits an exponent has at least; 0 without exponent.
    private(set) var exponentDigits = 0
    /// How many digits the mantissa has before its point.
    private(set) var scale = 0
    /// How many digits stand to the right of each separator.
    private(set) var integerGroups: [Int] = []
    private(set) var groupInterval = 0
    /// How many digits of the fraction stand to the left of each separator.
    private(set) var fractionGroups: [Int] = []
    private(set) var hasPoint = false

    init(_ picture: [Unicode.Scalar], _ symbols: PictureSymbols) throws(ExpressionError) {
        func isEdge(_ scalar: Unicode.Scalar) -> Bool { symbols.isActive(scalar) && scalar != symbols.exponent }
        let first = picture.firstIndex(where: isEdge) ?? picture.startIndex
        let last = picture.lastIndex(where: isEdge) ?? picture.endIndex - 1
        prefix = Self.text(picture[..<first])
        suffix = first <= last ? Self.text(picture[(last + 1)...]) : ""
        let active = first <= last ? Array(picture[first...last]) : []
        let exponentAt = active.firstIndex(of: symbols.exponent)
        let mantissa = active[..<(exponentAt ?? active.endIndex)]
        let exponent = exponentAt.map { active[($0 + 1)...] }
        let pointAt = mantissa.firstIndex(of: symbols.decimal)
        let whole = Array(mantissa[..<(pointAt ?? mantissa.endIndex)])
        let places = pointAt.map { Array(mantissa[($0 + 1)...]) } ?? []
        hasPoint = pointAt != nil
        try Self.check(picture, active, whole, places, exponent, symbols)

        if picture.contains(symbols.percent) { factor = 100 }
        if picture.contains(symbols.perMille) { factor = 1_000 }
        for (index, scalar) in whole.enumerated() where scalar == symbols.grouping {
            integerGroups.append(whole[index...].count(where: symbols.isDigit))
        }
        groupInterval = IntegerPicture.evenInterval(integerGroups)
        for (index, scalar) in places.enumerated() where scalar == symbols.grouping {
            fractionGroups.append(places[..<index].count(where: symbols.isDigit))
        }
        integer = (whole.count(where: symbols.isMandatory), whole.count(where: symbols.isDigit))
        fraction = (places.count(where: symbols.isMandatory), places.count(where: symbols.isDigit))
        scale = integer.least
        if integer.least == 0, fraction.most == 0 {
            if exponent != nil { fraction = (1, 1) } else { integer.least = 1 }
        }
        if exponent != nil, integer.least == 0, whole.contains(symbols.optional) { integer.least = 1 }
        if integer.least == 0, fraction.least == 0 { fraction.least = 1 }
        exponentDigits = exponent?.count(where: symbols.isMandatory) ?? 0
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// The rules of section 4.7.3.
    private static func check(
        _ picture: [Unicode.Scalar], _ active: [Unicode.Scalar], _ whole: [Unicode.Scalar], _ places: [Unicode.Scalar],
        _ exponent: ArraySlice<Unicode.Scalar>?, _ symbols: PictureSymbols
    ) throws(ExpressionError) {
        func count(_ scalar: Unicode.Scalar) -> Int { picture.count { $0 == scalar } }
        let percents = count(symbols.percent)
        let perMilles = count(symbols.perMille)
        var code: String?
        if count(symbols.decimal) > 1 { code = "D3081" }
        if percents > 1 { code = "D3082" }
        if perMilles > 1 { code = "D3083" }
        if percents > 0, perMilles > 0 { code = "D3084" }
        if !(whole + places).contains(where: symbols.isDigit) { code = "D3085" }
        if !active.allSatisfy(symbols.isActive) { code = "D3086" }
        if let point = picture.firstIndex(of: symbols.decimal) {
            let neighbours = [point - 1, point + 1].filter(picture.indices.contains)
            if neighbours.contains(where: { picture[$0] == symbols.grouping }) { code = "D3087" }
        } else if whole.last == symbols.grouping {
            code = "D3088"
        }
        if zip(picture, picture.dropFirst()).contains(where: { $0 == symbols.grouping && $1 == symbols.grouping }) {
            code = "D3089"
        }
        if let optional = whole.firstIndex(of: symbols.optional),
            whole[..<optional].contains(where: symbols.isMandatory)
        {
            code = "D3090"
        }
        if let optional = places.lastIndex(of: symbols.optional),
            places[optional...].contains(where: symbols.isMandatory)
        {
            code = "D3091"
        }
        if let exponent {
            if !exponent.isEmpty, percents + perMilles > 0 { code = "D3092" }
            if exponent.isEmpty || !exponent.allSatisfy(symbols.isMandatory) { code = "D3093" }
        }
        if let code { throw ExpressionError(code) }
    }
}
