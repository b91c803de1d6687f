extension DatePicture {
    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
    static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    /// `offset` is the time zone's, in minutes.
    /// - Throws: D3133, D3134, and D3110 for what is no moment.
    func format(_ milliseconds: Double, offset: Int) throws(ExpressionError) -> String {
        guard let date = CivilDate(milliseconds: milliseconds + Double(offset) * 60_000) else {
            throw ExpressionError("D3110", value: .number(milliseconds))
        }
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .marker(let marker): text += try marker.format(date, offset: offset)
            }
        }
        return text
    }
}

extension DatePicture.Marker {
    func format(_ date: CivilDate, offset: Int) throws(ExpressionError) -> String {
        switch component {
        case "Z", "z": return try zone(offset)
        case "P": return cased(date.hour >= 12 ? "pm" : "am", names == .upper ? .upper : .lower)
        case "C", "E": return "ISO"
        default: break
        }
        guard var value = date.component(component) else { return "" }
        if let names {
            let name: String
            switch component {
            case "M", "x": name = DatePicture.months[value - 1]
            case "F": name = DatePicture.weekdays[value - 1]
            default: throw ExpressionError("D3133", value: .string(String(component)))
            }
            let text = cased(name, names)
            return mostWidth.map { String(text.prefix($0)) } ?? text
        }
        if let yearDigits, yearDigits < 9 {
            var limit = 1
            for _ in 0..<max(yearDigits, 0) { limit *= 10 }
            value %= limit
        }
        return try integer?.format(Double(value)) ?? ""
    }

    private func cased(_ text: String, _ letterCase: IntegerPicture.LetterCase) -> String {
        switch letterCase {
        case .upper: text.uppercased()
        case .lower: text.lowercased()
        case .title: text
        }
    }

    private func zone(_ offset: Int) throws(ExpressionError) -> String {
        guard let integer else { return "" }
        if offset == 0, modifier == "t" { return "Z" }
        let hours = offset / 60
        let minutes = abs(offset % 60)
        let sign = offset < 0 ? "-" : "+"
        let joined = Double(abs(hours) * 100 + minutes)
        let text: String
        if integer.repeats > 0 {
            text = try integer.format(joined)
        } else {
            switch integer.mandatoryDigits {
            case 1, 2:
                let hour = try integer.format(Double(abs(hours)))
                text = minutes == 0 ? hour : hour + ":" + (minutes < 10 ? "0" : "") + String(minutes)
            case 3, 4: text = try integer.format(joined)
            default: throw ExpressionError("D3134", value: .number(Double(integer.mandatoryDigits)))
            }
        }
        return (component == "z" ? "GMT" : "") + sign + text
    }
}
