import JSON

extension Timestamp {
    /// Reads RFC 3339 with any offset and up to nine digits of fraction (beyond microseconds: cut); nil for anything else,
    /// also for days that do not exist. A leap second counts as the second after it.
    package init?(rfc3339 text: some StringProtocol) {
        var bytes = Array(text.utf8)[...]

        func digits(_ count: Int) -> Int64? {
            guard bytes.count >= count else { return nil }
            var value: Int64 = 0
            for byte in bytes.prefix(count) {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            bytes = bytes.dropFirst(count)
            return value
        }
        func skip(_ accepted: StaticString) -> Bool {
            guard let first = bytes.first, accepted.withUTF8Buffer({ $0.contains(first) }) else { return false }
            bytes = bytes.dropFirst()
            return true
        }

        guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2), skip("Tt "),
            let hour = digits(2), skip(":"), let minute = digits(2), skip(":"), let second = digits(2),
            (1...12).contains(month), day >= 1, day <= Self.daysInMonth(year: year, month: month), hour < 24,
            minute < 60, second <= 60
        else { return nil }
        var fraction: Int64 = 0
        if skip(".") {
            let run = bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard !run.isEmpty, run.count <= 9 else { return nil }
            for position in 0..<6 {
                let at = run.startIndex + position
                fraction = fraction * 10 + (at < run.endIndex ? Int64(run[at] - UInt8(ascii: "0")) : 0)
            }
            bytes = bytes.dropFirst(run.count)
        }
        var offset: Int64 = 0
        if !skip("Zz") {
            let sign: Int64 = bytes.first == UInt8(ascii: "-") ? -1 : 1
            guard skip("+-"), let hours = digits(2), skip(":"), let minutes = digits(2), hours < 24, minutes < 60
            else { return nil }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard bytes.isEmpty else { return nil }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(microseconds: seconds * 1_000_000 + fraction)
        guard self >= .earliest, self <= .latest else { return nil }
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-11-21T13:39:48.123Z`.
    package var rfc3339: String {
        var bytes: [UInt8] = []
        appendRFC3339(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    package func appendRFC3339(to bytes: inout [UInt8]) {
        let milliseconds = self.milliseconds
        let days = Self.floorDivide(milliseconds, 86_400_000)
        let inDay = milliseconds - days * 86_400_000
        let date = Self.civil(daysSince1970: days)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { text in
            func write(_ value: Int64, digits: Int, at position: Int) {
                var rest = UInt32(truncatingIfNeeded: value)
                for place in stride(from: position + digits - 1, through: position, by: -1) {
                    text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
            }
            write(date.year, digits: 4, at: 0)
            text[4] = UInt8(ascii: "-")
            write(date.month, digits: 2, at: 5)
            text[7] = UInt8(ascii: "-")
            write(date.day, digits: 2, at: 8)
            text[10] = UInt8(ascii: "T")
            write(inDay / 3_600_000, digits: 2, at: 11)
            text[13] = UInt8(ascii: ":")
            write(inDay / 60_000 % 60, digits: 2, at: 14)
            text[16] = UInt8(ascii: ":")
            write(inDay / 1000 % 60, digits: 2, at: 17)
            text[19] = UInt8(ascii: ".")
            write(inDay % 1000, digits: 3, at: 20)
            text[23] = UInt8(ascii: "Z")
            bytes.append(contentsOf: text)
        }
    }

    /// The proleptic Gregorian calendar, counted in eras of 400 years that begin on a 1 March.
    static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    static func daysInMonth(year: Int64, month: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}

extension Timestamp: CustomStringConvertible, JSONWritable {
    package var description: String { rfc3339 }
    package func write(to json: inout JSONWriter) { json.plainString(appendRFC3339(to:)) }
}

/// Writes times of which many are alike, as those of the values of one message: the text of the last one is kept.
package struct TimestampWriter {
    private var last: Timestamp?
    private var text: [UInt8] = []

    package init() {}

    package mutating func write(_ time: Timestamp, to json: inout JSONWriter) {
        if time != last {
            text.removeAll(keepingCapacity: true)
            text.append(UInt8(ascii: "\""))
            time.appendRFC3339(to: &text)
            text.append(UInt8(ascii: "\""))
            last = time
        }
        json.raw(text)
    }
}
