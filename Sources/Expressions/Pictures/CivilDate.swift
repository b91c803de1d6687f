/// A moment of the proleptic Gregorian calendar, in milliseconds since 1970 UTC.
struct CivilDate {
    static let millisecondsPerDay = 86_400_000.0
    /// The span of JavaScript's dates.
    static let farthest = 8.64e15

    let milliseconds: Double
    let year: Int
    /// 1…12.
    let month: Int
    let day: Int
    /// Milliseconds since midnight.
    private let time: Int

    /// Nil beyond 273,790 years before or after 1970.
    init?(milliseconds: Double) {
        guard milliseconds.magnitude <= Self.farthest else { return nil }
        self.milliseconds = milliseconds.rounded(.towardZero)
        let days = (self.milliseconds / Self.millisecondsPerDay).rounded(.down)
        time = Int(self.milliseconds - days * Self.millisecondsPerDay)
        (year, month, day) = Self.date(ofDay: Int(days))
    }

    var hour: Int { time / 3_600_000 }
    var minute: Int { time / 60_000 % 60 }
    var second: Int { time / 1_000 % 60 }
    var millisecond: Int { time % 1_000 }
    var dayNumber: Int { Self.dayNumber(year, month, day) }
    /// 1 is Monday, 7 Sunday.
    var weekday: Int { Self.weekday(dayNumber) }
    var dayOfYear: Int { dayNumber - Self.dayNumber(year, 1, 1) + 1 }

    static func weekday(_ dayNumber: Int) -> Int {
        let sinceMonday = (dayNumber + 3) % 7
        return (sinceMonday + 7) % 7 + 1
    }

    /// Days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date algorithms").
    static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func date(ofDay number: Int) -> (Int, Int, Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// Milliseconds since 1970 for numbers that may lie beyond their usual range, as JavaScript's `Date.UTC`; nil when
    /// that is no moment.
    static func milliseconds(
        year: Double, month: Double, day: Double, hour: Double = 0, minute: Double = 0, second: Double = 0,
        millisecond: Double = 0
    ) -> Double? {
        guard year.magnitude < 400_000, month.magnitude < 4e6, day.magnitude < 1e9 else { return nil }
        let months = (month - 1).rounded(.down)
        let fullYear = Int(year) + Int((months / 12).rounded(.down))
        let monthOfYear = Int(months - (months / 12).rounded(.down) * 12) + 1
        let days = Double(dayNumber(fullYear, monthOfYear, 1)) + day - 1
        let time = hour * 3_600_000 + minute * 60_000 + second * 1_000 + millisecond
        let milliseconds = days * millisecondsPerDay + time
        return milliseconds.magnitude <= farthest ? milliseconds : nil
    }
}

extension CivilDate {
    /// The day on which the first week begins of a year (`month` 1 then) or of a month: the week that has its first
    /// Thursday, from Monday.
    static func firstWeek(_ year: Int, _ month: Int) -> Int {
        let first = dayNumber(year, month, 1)
        let weekday = weekday(first)
        return weekday > 4 ? first + 8 - weekday : first - (weekday - 1)
    }

    private static func following(_ year: Int, _ month: Int) -> (Int, Int) {
        month == 12 ? (year + 1, 1) : (year, month + 1)
    }

    /// The ISO week, and the year to which it belongs.
    var weekOfYear: (week: Int, year: Int) {
        let today = dayNumber
        if today < Self.firstWeek(year, 1) { return ((today - Self.firstWeek(year - 1, 1)) / 7 + 1, year - 1) }
        if today >= Self.firstWeek(year + 1, 1) { return (1, year + 1) }
        return ((today - Self.firstWeek(year, 1)) / 7 + 1, year)
    }

    /// The week of the month, and the month to which it belongs.
    var weekOfMonth: (week: Int, month: Int) {
        let today = dayNumber
        let (previousYear, previousMonth) = month == 1 ? (year - 1, 12) : (year, month - 1)
        let (nextYear, nextMonth) = Self.following(year, month)
        if today < Self.firstWeek(year, month) {
            return ((today - Self.firstWeek(previousYear, previousMonth)) / 7 + 1, previousMonth)
        }
        if today >= Self.firstWeek(nextYear, nextMonth) { return (1, nextMonth) }
        return ((today - Self.firstWeek(year, month)) / 7 + 1, month)
    }

    /// The value of an integer component of a date picture.
    func component(_ component: Character) -> Int? {
        switch component {
        case "Y": year
        case "M": month
        case "D": day
        case "d": dayOfYear
        case "F": weekday
        case "W": weekOfYear.week
        case "w": weekOfMonth.week
        case "X": weekOfYear.year
        case "x": weekOfMonth.month
        case "H": hour
        case "h": hour % 12 == 0 ? 12 : hour % 12
        case "m": minute
        case "s": second
        case "f": millisecond
        default: nil
        }
    }
}
