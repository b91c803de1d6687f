import Kernel

extension Timestamp {
    /// The form that most devices send, `2026-11-21T13:39:48Z` with at most six digits of fraction, read in place. Nil for
    /// every other one, which ``Timestamp/init(rfc3339:)`` then reads or refuses.
    init?(plainUTC text: UnsafeBufferPointer<UInt8>) {
        guard text.count >= 20, text.count <= 27, text[text.count - 1] == UInt8(ascii: "Z"),
            text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), text[10] == UInt8(ascii: "T"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":")
        else { return nil }
        func number(_ start: Int, _ count: Int) -> Int64 {
            var value: Int64 = 0
            for position in start..<start + count {
                let digit = text[position] &- UInt8(ascii: "0")
                guard digit < 10 else { return .min }
                value = value * 10 + Int64(digit)
            }
            return value
        }
        let (year, month, day) = (number(0, 4), number(5, 2), number(8, 2))
        let (hour, minute, second) = (number(11, 2), number(14, 2), number(17, 2))
        // From 1970 on, and days that every month has: the rest takes the thorough way.
        guard year >= 1970, (1...12).contains(month), (1...28).contains(day), (0..<24).contains(hour),
            (0..<60).contains(minute), (0..<60).contains(second)
        else { return nil }
        var fraction: Int64 = 0
        if text.count > 20 {
            guard text[19] == UInt8(ascii: "."), text.count > 21 else { return nil }
            fraction = number(20, text.count - 21)
            guard fraction >= 0 else { return nil }
            for _ in (text.count - 21)..<6 { fraction *= 10 }
        }
        // Days since 1970-03-01 in a calendar whose years begin in March, then shifted back by 59.
        let marchYear = month <= 2 ? year - 1 : year
        let marchMonth = month <= 2 ? month + 9 : month - 3
        let leapDays = marchYear / 4 - marchYear / 100 + marchYear / 400
        let days = marchYear * 365 + leapDays + (153 * marchMonth + 2) / 5 + day - 1 - 719_468
        self.init(microseconds: ((days * 24 + hour) * 3600 + minute * 60 + second) * 1_000_000 + fraction)
    }
}
