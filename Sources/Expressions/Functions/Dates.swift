extension Builtin {
    static let dates: [Builtin] = [
        Builtin("now", "<s?s?:s>", arity: 2) { (arguments, run) throws(ExpressionError) in
            .string(try format(run.now(), picture: arguments[0], zone: arguments[1], &run))
        },
        Builtin("millis", "<:n>", arity: 0) { (_, run) throws(ExpressionError) in .number(run.now()) },
        Builtin("fromMillis", "<n-s?s?:s>", arity: 3) { (arguments, run) throws(ExpressionError) in
            guard case .number(let milliseconds) = arguments[0] else { return .undefined }
            return .string(try format(milliseconds, picture: arguments[1], zone: arguments[2], &run))
        },
        Builtin("toMillis", "<s-s?:n>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            guard case .string(let picture) = arguments[1] else {
                guard let moment = ISOTimestamp.milliseconds(text) else {
                    throw ExpressionError("D3110", value: arguments[0])
                }
                return .number(moment)
            }
            try run.spend(bytes: picture.utf8.count + text.utf8.count)
            // A regular expression is compiled.
            try run.step(200)
            try run.mayTake(4_096)
            return try DatePicture(picture).parse(text, &run).map { .number($0) } ?? .undefined
        },
    ]

    private static func format(
        _ milliseconds: Double, picture: Value, zone: Value, _ run: inout Evaluation
    ) throws(ExpressionError) -> String {
        var offset = 0
        if case .string(let text) = zone {
            // "+0530" or "-0800".
            let number = Int(text.prefix(6)) ?? 0
            offset = number / 100 * 60 + number % 100
        }
        var pattern = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"
        if case .string(let given) = picture { pattern = given }
        try run.spend(bytes: pattern.utf8.count * 8)
        let text = try DatePicture(pattern).format(milliseconds, offset: offset)
        try run.spend(bytes: text.utf8.count)
        return text
    }
}

/// Timestamps of ISO 8601 in the forms that the language reads without a picture.
enum ISOTimestamp {
    /// `2018`, `2018-01`, `2018-01-01`, with `T09:30:00`, a fraction and a zone behind it. Without a zone it is UTC.
    static func milliseconds(_ text: String) -> Double? {
        var reader = Reader(text)
        guard let year = reader.digits(4) else { return nil }
        var month = 1.0
        var day = 1.0
        if reader.follows("-") {
            guard let told = reader.digits(2), told >= 1, told <= 12 else { return nil }
            month = told
            if reader.follows("-") {
                guard let told = reader.digits(2), told >= 1, told <= 31 else { return nil }
                day = told
            }
        }
        var time = 0.0
        if reader.follows("T") {
            guard let hour = reader.digits(2), reader.follows(":"), let minute = reader.digits(2), reader.follows(":"),
                let second = reader.digits(2), hour <= 24, minute < 60, second < 60
            else { return nil }
            time = hour * 3_600_000 + minute * 60_000 + second * 1_000
        }
        if reader.follows(".") {
            guard let fraction = reader.fraction() else { return nil }
            time += (fraction * 1_000).rounded(.down)
        }
        if reader.follows("Z") { return reader.isAtEnd ? moment(year, month, day, time) : nil }
        let east = reader.follows("+")
        if east || reader.follows("-") {
            guard let hours = reader.digits(2) else { return nil }
            _ = reader.follows(":")
            guard let minutes = reader.digits(2), minutes < 60 else { return nil }
            time -= (east ? 1 : -1) * (hours * 60 + minutes) * 60_000
        }
        return reader.isAtEnd ? moment(year, month, day, time) : nil
    }

    private static func moment(_ year: Double, _ month: Double, _ day: Double, _ time: Double) -> Double? {
        CivilDate.milliseconds(year: year, month: month, day: day, millisecond: time)
    }

    private struct Reader {
        private let bytes: [UInt8]
        private var index = 0

        init(_ text: String) { bytes = Array(text.utf8) }

        var isAtEnd: Bool { index == bytes.count }

        mutating func follows(_ character: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        private mutating func digit() -> Double? {
            guard index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 else { return nil }
            index += 1
            return Double(bytes[index - 1] - 0x30)
        }

        mutating func digits(_ count: Int) -> Double? {
            var number = 0.0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                number = number * 10 + digit
            }
            return number
        }

        /// The first nine digits behind the point count.
        mutating func fraction() -> Double? {
            var value = 0.0
            var unit = 1.0
            var count = 0
            while let digit = digit() {
                count += 1
                guard count <= 9 else { continue }
                value = value * 10 + digit
                unit *= 10
            }
            return count > 0 ? value / unit : nil
        }
    }
}
