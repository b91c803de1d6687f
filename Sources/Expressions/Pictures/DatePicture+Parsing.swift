extension DatePicture {
    /// The moment that the text tells, in milliseconds since 1970; nil when it does not fit the picture. Components that
    /// are greater than the greatest told are today's, those smaller than the smallest are the first.
    /// - Throws: D3133, D3136.
    func parse(_ text: String, _ run: inout Evaluation) throws(ExpressionError) -> Double? {
        var pattern = "^"
        for part in parts { pattern += "(" + (try part.pattern()) + ")" }
        let regex: RegexPattern
        do throws(ExpressionError) {
            regex = try RegexPattern(pattern + "$", .ignoresCase, at: 0)
        } catch {
            // The pattern is none that its author wrote.
            throw ExpressionError("D3130", message: "The date picture has too many parts")
        }
        guard let match = try regex.search(MatchSubject(text), from: 0, &run) else { return nil }
        var found: [Character: Double] = [:]
        // Groups within the parts are not captured, so the groups are the parts.
        for (part, group) in zip(parts, match.groups) {
            guard case .marker(let marker) = part, let group else { continue }
            if let value = try marker.value(of: group) { found[marker.component] = value }
        }
        return try found.isEmpty ? nil : Self.moment(found, now: run.now())
    }

    private static func moment(_ told: [Character: Double], now: Double) throws(ExpressionError) -> Double? {
        func isTold(_ components: String) -> Bool { components.contains { told[$0] != nil } }
        // Weeks do not tell a day here.
        if isTold("XxWw"), !isTold("MDd") { throw ExpressionError("D3136") }
        let byDayOfYear = isTold("d") && !isTold("MD")
        let halves = isTold("Ph") && !isTold("H")
        let order = Array((byDayOfYear ? "Yd" : "YMD") + (halves ? "Phmsf" : "Hmsf"))
        var values: [Character: Double] = [:]
        var hasBegun = false
        var hasEnded = false
        let today = CivilDate(milliseconds: now)
        for component in order {
            if let value = told[component] {
                guard !hasEnded else { throw ExpressionError("D3136") }
                hasBegun = true
                values[component] = value
            } else if hasBegun {
                hasEnded = true
                values[component] = "MDd".contains(component) ? 1 : 0
            } else if component == "P" {
                // Without a word the hours are those of the morning.
                values[component] = 0
            } else {
                values[component] = Double(today?.component(component) ?? 0)
            }
        }
        func value(_ component: Character) -> Double { values[component] ?? 0 }
        var hour = value("H")
        if halves { hour = (value("h") == 12 ? 0 : value("h")) + (value("P") == 1 ? 12 : 0) }
        // Two digits of a year are the last century's.
        let year = (0..<100).contains(value("Y")) ? value("Y") + 1_900 : value("Y")
        let moment = CivilDate.milliseconds(
            year: year, month: byDayOfYear ? 1 : max(1, value("M")), day: byDayOfYear ? value("d") : value("D"),
            hour: hour, minute: value("m"), second: value("s"), millisecond: value("f"))
        return moment.map { $0 - (told["Z"] ?? told["z"] ?? 0) * 60_000 }
    }
}

extension DatePicture.Part {
    /// What matches this part, in JavaScript's syntax.
    func pattern() throws(ExpressionError) -> String {
        switch self {
        case .literal(let text):
            return text.unicodeScalars.map(\.escaped).joined()
        case .marker(let marker): return try marker.pattern()
        }
    }
}

extension Unicode.Scalar {
    /// As it stands in a regular expression for itself.
    fileprivate var escaped: String {
        let isPlain = !isASCII || properties.isAlphabetic || ("0"..."9").contains(self) || value <= 0x20
        return isPlain ? String(self) : "\\\(self)"
    }
}

extension DatePicture.Marker {
    private var zoneSeparator: Unicode.Scalar? {
        guard let integer, integer.repeats > 0 else { return nil }
        return integer.separators.first?.character
    }

    func pattern() throws(ExpressionError) -> String {
        switch component {
        case "Z", "z":
            let separator = zoneSeparator.map { "\($0.escaped)[0-9]+" } ?? ""
            let zone = "[-+][0-9]+\(separator)"
            let whole = component == "z" ? "GMT\(zone)" : zone
            return modifier == "t" ? "(?:Z|\(whole))" : whole
        case "f": return "[0-9]+"
        default: break
        }
        if let integer { return integer.pattern(width: parseWidth) }
        guard "MxFP".contains(component) else { throw ExpressionError("D3133", value: .string(String(component))) }
        return "[a-zA-Z]+"
    }

    func value(of text: String) throws(ExpressionError) -> Double? {
        switch component {
        case "Z", "z": return zone(component == "z" ? String(text.dropFirst(3)) : text)
        case "f": return Double("0." + text.prefix(3)).map { ($0 * 1_000).rounded() }
        default: break
        }
        if let integer { return try integer.parse(text) }
        if component == "P" { return text.lowercased() == "am" ? 0 : text.lowercased() == "pm" ? 1 : nil }
        let names = component == "F" ? DatePicture.weekdays : DatePicture.months
        let position = names.firstIndex { name in
            let shown = mostWidth.map { String(name.prefix($0)) } ?? name
            return shown.lowercased() == text.lowercased()
        }
        return position.map { Double($0 + 1) }
    }

    /// Minutes east of UTC.
    private func zone(_ text: String) -> Double? {
        if text.lowercased() == "z" { return 0 }
        let sign = text.first == "-" ? -1.0 : 1.0
        let digits = text.dropFirst()
        let halves: (Substring, Substring)
        if let zoneSeparator, let at = digits.firstIndex(of: Character(zoneSeparator)) {
            halves = (digits[..<at], digits[digits.index(after: at)...])
        } else if digits.count <= 2 {
            halves = (digits, "0")
        } else {
            halves = (digits.prefix(2), digits.dropFirst(2))
        }
        guard let hours = Double(halves.0), let minutes = Double(halves.1) else { return nil }
        return sign * (hours * 60 + minutes)
    }
}
