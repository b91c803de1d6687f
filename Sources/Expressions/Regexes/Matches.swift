/// The matches that a regular expression, or a function that behaves like one, finds in a text, one after the other.
struct Matches {
    struct Found {
        let text: String
        /// In bytes of the subject.
        let range: Range<Int>
        let groups: [String?]
    }

    let subject: MatchSubject
    private var next: Function?
    private var isFirst = true
    /// The byte behind the last match of a regular expression.
    private var position = 0
    private let frame: Frame?
    private let caller: String

    init(_ function: Function, in text: String, frame: Frame?, caller: String) {
        subject = MatchSubject(text)
        next = function
        self.frame = frame
        self.caller = caller
    }

    /// - Throws: T1010 when the function yields something else than a match, D1004 when a further match is empty.
    mutating func next(_ run: inout Evaluation) throws(ExpressionError) -> Found? {
        guard let function = next else { return nil }
        if case .regex(let pattern) = function.kind { return try next(pattern, &run) }
        let value = try function.call(isFirst ? [.string(subject.text)] : [], frame, &run).collapsed
        isFirst = false
        next = nil
        if value.isUndefined { return nil }
        guard case .number(let start)? = value.member("start"), case .number(let end)? = value.member("end"),
            case .string(let text)? = value.member("match")
        else { throw ExpressionError("T1010", token: caller) }
        if case .function(let following)? = value.member("next") { next = following }
        let given = value.member("groups")?.elements ?? []
        try run.spend(sequence: given.count, added: given.count)
        let groups = given.map { group -> String? in
            if case .string(let text) = group { text } else { nil }
        }
        try run.mayTake(subject.bytes.count / 16)
        let from = subject.byte(ofCharacter: Int(max(0, min(start, 1e9))))
        let to = max(from, subject.byte(ofCharacter: Int(max(0, min(end, 1e9)))))
        return Found(text: text, range: from..<to, groups: groups)
    }

    /// The same without a function call for each match.
    private mutating func next(_ pattern: RegexPattern, _ run: inout Evaluation) throws(ExpressionError) -> Found? {
        if !isFirst, position >= subject.bytes.count { return nil }
        guard let match = try pattern.search(subject, from: position, &run) else {
            next = nil
            return nil
        }
        if !isFirst, match.range.isEmpty { throw ExpressionError("D1004", value: .string(pattern.source)) }
        isFirst = false
        position = match.range.upperBound
        return Found(text: match.text, range: match.range, groups: match.groups)
    }

    /// As a function that replaces a match gets it.
    func value(of match: Found, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.step(match.groups.count)
        return .object(
            ObjectValue(uniqueMembers: [
                ("match", .string(match.text)),
                ("start", .number(try subject.characters(before: match.range.lowerBound, &run))),
                ("end", .number(try subject.characters(before: match.range.upperBound, &run))),
                ("groups", .array(List(match.groups.map { $0.map { .string($0) } ?? .undefined }))),
            ]))
    }
}

/// What `$replace` puts in the place of what it finds.
struct Replacement {
    let replacement: Value
    let limit: Double
    let frame: Frame?

    func replace(in text: String, _ pattern: Value, _ run: inout Evaluation) throws(ExpressionError) -> String {
        guard limit > 0 else { return text }
        let subject = MatchSubject(text)
        var result = ""
        var start = 0
        var count = 0.0
        func add(_ text: String, _ run: inout Evaluation) throws(ExpressionError) {
            try run.spend(bytes: text.utf8.count)
            result += text
        }
        switch pattern {
        case .string(let sought):
            guard case .string(let substitute) = replacement else {
                throw ExpressionError("D3012", value: replacement)
            }
            let sought = MatchSubject(sought)
            while count < limit, let found = subject.first(sought, from: start) {
                try add(subject.slice(start..<found.lowerBound), &run)
                try add(substitute, &run)
                start = found.upperBound
                count += 1
            }
        case .function(let function):
            var matches = Matches(function, in: text, frame: frame, caller: "replace")
            while let match = try matches.next(&run), count < limit {
                try add(subject.slice(min(start, match.range.lowerBound)..<match.range.lowerBound), &run)
                try add(try substitute(for: match, of: matches, &run), &run)
                start = match.range.upperBound
                count += 1
            }
        default: return text
        }
        try add(subject.slice(start..<subject.bytes.count), &run)
        return result
    }

    private func substitute(
        for match: Matches.Found, of matches: Matches, _ run: inout Evaluation
    ) throws(ExpressionError) -> String {
        switch replacement {
        case .string(let template): return try expand(template, match, &run)
        case .function(let function):
            let value = try function.call([matches.value(of: match, &run)], frame, &run).collapsed
            guard case .string(let text) = value else { throw ExpressionError("D3012", value: value) }
            return text
        default: throw ExpressionError("D3012", value: replacement)
        }
    }

    /// `$0` stands for the match, `$1` for the first group and so on, `$$` for `$`. Of several digits as many count as the
    /// number of groups has, one less when there is no group of that number.
    private func expand(
        _ template: String, _ match: Matches.Found, _ run: inout Evaluation
    ) throws(ExpressionError) -> String {
        try run.spend(bytes: template.utf8.count)
        var result = ""
        func add(_ text: String, _ run: inout Evaluation) throws(ExpressionError) {
            try run.spend(bytes: text.utf8.count)
            result += text
        }
        let scalars = Array(template.unicodeScalars)
        let mostDigits = String(max(match.groups.count, 1)).count
        var index = 0
        func number(_ digits: Int) -> (value: Int, length: Int)? {
            var end = index
            while end < scalars.count, end < index + digits, ("0"..."9").contains(scalars[end]) { end += 1 }
            guard end > index else { return nil }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars[index..<end])
            return Int(String(text)).map { ($0, end - index) }
        }
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            guard scalar == "$" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            if index < scalars.count, scalars[index] == "$" {
                result += "$"
                index += 1
            } else if index < scalars.count, scalars[index] == "0" {
                try add(match.text, &run)
                index += 1
            } else if var group = number(mostDigits) {
                if mostDigits > 1, group.value > match.groups.count, let shorter = number(mostDigits - 1) {
                    group = shorter
                }
                if group.value >= 1, group.value <= match.groups.count {
                    try add(match.groups[group.value - 1] ?? "", &run)
                }
                index += group.length
            } else {
                result += "$"
            }
        }
        return result
    }
}
