import CRE2

extension MatchSubject {
    /// Where `needle` stands first at or behind byte `start`.
    func first(_ needle: MatchSubject, from start: Int) -> Range<Int>? {
        guard start <= bytes.count else { return nil }
        if needle.bytes.isEmpty { return start..<start }
        let found = bytes.withUnsafeBytes { text in
            needle.bytes.withUnsafeBytes { sought in
                cre2_find(text.baseAddress, text.count, sought.baseAddress, sought.count, start)
            }
        }
        return found < 0 ? nil : found..<found + needle.bytes.count
    }

    /// The byte at which character `index` begins; the end beyond the last.
    func byte(ofCharacter index: Int) -> Int {
        var characters = 0
        for (offset, byte) in bytes.enumerated() where byte & 0xC0 != 0x80 {
            if characters == index { return offset }
            characters += 1
        }
        return bytes.count
    }
}

extension Builtin {
    static let textSearches: [Builtin] = [
        Builtin("contains", "<s-(sf):b>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            try run.spend(bytes: text.utf8.count)
            switch arguments[1] {
            case .string(let token): return .boolean(MatchSubject(text).first(MatchSubject(token), from: 0) != nil)
            case .function(let function):
                var matches = Matches(function, in: text, frame: arguments.frame, caller: "contains")
                return .boolean(try matches.next(&run) != nil)
            default: return .undefined
            }
        },
        Builtin("match", "<s-f<s:o>n?:a<o>>", arity: 3) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0], case .function(let function) = arguments[1] else {
                return .undefined
            }
            let limit = try limit(arguments[2], orThrow: "D3040", argument: 3)
            var matches = Matches(function, in: text, frame: arguments.frame, caller: "match")
            var found = List(flags: .sequence)
            while let match = try matches.next(&run), Double(found.count) < limit {
                let groups = match.groups.map { $0.map { Value.string($0) } ?? .null }
                let start = try matches.subject.characters(before: match.range.lowerBound, &run)
                found.append(
                    .object(
                        ObjectValue(uniqueMembers: [
                            ("match", .string(match.text)), ("index", .number(start)),
                            ("groups", .array(List(groups))),
                        ])))
                try run.spend(sequence: found.count, added: 1 + groups.count)
            }
            return .array(found)
        },
        Builtin("split", "<s-(sf)n?:a<s>>", arity: 3) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            let limit = try limit(arguments[2], orThrow: "D3020", argument: 3)
            try run.spend(bytes: text.utf8.count)
            let parts: [String]
            switch arguments[1] {
            case .string(let separator): parts = try split(text, separator, limit, &run)
            case .function(let function):
                var matches = Matches(function, in: text, frame: arguments.frame, caller: "split")
                parts = try split(&matches, limit, &run)
            default: return .undefined
            }
            return .array(List(scalars: parts.map { .string($0) }))
        },
        Builtin("replace", "<s-(sf)(sf)n?:s>", arity: 4) { (arguments, run) throws(ExpressionError) in
            guard case .string(let text) = arguments[0] else { return .undefined }
            if case .string("") = arguments[1] { throw ExpressionError("D3010", value: arguments[1], argument: 2) }
            let limit = try limit(arguments[3], orThrow: "D3011", argument: 4)
            return .string(
                try Replacement(replacement: arguments[2], limit: limit, frame: arguments.frame)
                    .replace(in: text, arguments[1], &run))
        },
    ]

    private static func limit(
        _ value: Value, orThrow code: String, argument: Int
    ) throws(ExpressionError) -> Double {
        guard case .number(let limit) = value else { return .infinity }
        guard limit >= 0 else { throw ExpressionError(code, value: value, argument: argument) }
        return limit
    }

    private static func split(
        _ text: String, _ separator: String, _ limit: Double, _ run: inout Evaluation
    ) throws(ExpressionError) -> [String] {
        let most = limit.isFinite ? Int(min(limit, 1e9)) : Int.max
        if separator.isEmpty {
            let count = min(most, text.unicodeScalars.count)
            try run.spend(sequence: count, added: count)
            return text.unicodeScalars.prefix(count).map { String($0) }
        }
        let subject = MatchSubject(text)
        let mark = MatchSubject(separator)
        var parts: [String] = []
        var start = 0
        while parts.count < most, let found = subject.first(mark, from: start) {
            parts.append(subject.slice(start..<found.lowerBound))
            start = found.upperBound
            try run.spend(sequence: parts.count)
        }
        parts.append(subject.slice(start..<subject.bytes.count))
        return Array(parts.prefix(most))
    }

    private static func split(
        _ matches: inout Matches, _ limit: Double, _ run: inout Evaluation
    ) throws(ExpressionError) -> [String] {
        var parts: [String] = []
        var start = 0
        while let match = try matches.next(&run), Double(parts.count) < limit {
            let range = min(start, match.range.lowerBound)..<match.range.lowerBound
            try run.spend(bytes: range.count)
            parts.append(matches.subject.slice(range))
            start = match.range.upperBound
            try run.spend(sequence: parts.count)
        }
        if Double(parts.count) < limit { parts.append(matches.subject.slice(start..<matches.subject.bytes.count)) }
        return parts
    }
}
