import CRE2

/// A regular expression, compiled by RE2: a search takes time linear in the text, whatever the pattern.
///
/// Sendable, unchecked: RE2's patterns may be searched from several threads at a time and never change.
final class RegexPattern: @unchecked Sendable {
    let source: String
    private let pattern: OpaquePointer
    let groups: Int
    /// In instructions: each byte of a text may cost as many.
    let size: Int
    /// Bytes that a pattern and what its searches remember may take, when there are few patterns.
    static let mostMemory = 1 << 20
    private static let maximumLength = 4_096
    private static let maximumGroups = 64
    /// Of one search, in bytes times instructions: about half a second if it goes as badly as it can.
    private static let maximumWork = 256 << 20

    /// `pattern` in JavaScript's syntax.
    /// - Throws: S0303 when it needs what cannot be searched in linear time, or is too large.
    init(
        _ pattern: String, _ flags: RegexFlags, at position: Int, memory: Int = mostMemory
    ) throws(ExpressionError) {
        source = pattern
        let translated: String
        do throws(RegexTranslation.Refusal) {
            translated = try RegexTranslation.translate(pattern, multiline: flags.contains(.multiline))
        } catch {
            throw ExpressionError("S0303", at: position, token: pattern, words: error.reason)
        }
        guard translated.utf8.count <= Self.maximumLength else {
            throw ExpressionError("S0303", at: position, token: pattern, words: "it is too long")
        }
        let ignoresCase: Int32 = flags.contains(.ignoresCase) ? 1 : 0
        var text = translated
        let compiled = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                cre2_new($0.baseAddress, $0.count, ignoresCase, Int64(memory))
            }
        }
        guard let compiled else { preconditionFailure("out of memory") }
        var fault: String?
        if let error = cre2_error(compiled) {
            fault = String(cString: error)
        } else if cre2_groups(compiled) > Self.maximumGroups {
            fault = "it has more than \(Self.maximumGroups) groups"
        }
        if let fault {
            cre2_free(compiled)
            throw ExpressionError("S0303", at: position, token: pattern, words: fault)
        }
        self.pattern = compiled
        groups = Int(cre2_groups(compiled))
        size = Int(cre2_size(compiled))
    }

    deinit { cre2_free(pattern) }

    /// The first match at or behind byte `start`, or nil.
    /// - Throws: D1012 when the text is too long for the pattern, D2015.
    func search(_ subject: MatchSubject, from start: Int, _ run: inout Evaluation) throws(ExpressionError)
        -> RegexMatch?
    {
        let work = (subject.bytes.count - start) * size
        guard work <= Self.maximumWork else {
            throw ExpressionError("D1012", message: "The text is too long for the regular expression")
        }
        try run.mayTake(work / 64)
        let match = find(in: subject, from: start)
        try run.step(1 + ((match?.range.upperBound ?? subject.bytes.count) - start) / 64)
        if let match { try run.spend(bytes: match.ranges.reduce(0) { $0 + ($1?.count ?? 0) }) }
        return match
    }

    private func find(in subject: MatchSubject, from start: Int) -> RegexMatch? {
        let count = groups + 1
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * count) { offsets in
            let found = subject.bytes.withUnsafeBytes { bytes in
                cre2_search(
                    pattern, bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? Self.empty, bytes.count, start,
                    offsets.baseAddress, Int32(count))
            }
            guard found != 0 else { return nil }
            var ranges: [Range<Int>?] = []
            for group in 0..<count {
                let (from, to) = (offsets[2 * group], offsets[2 * group + 1])
                ranges.append(from >= 0 && to >= from ? from..<to : nil)
            }
            return RegexMatch(subject: subject, ranges: ranges)
        }
    }

    /// What stands for the bytes of an empty text, which have no address. Unsafe only by its type: it is written once, here,
    /// and read by everybody.
    nonisolated(unsafe) private static let empty: UnsafePointer<CChar> = {
        let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()
}

/// A text that is searched.
final class MatchSubject: Sendable {
    let text: String
    let bytes: [UInt8]
    private let isASCII: Bool

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
        isASCII = bytes.allSatisfy { $0 < 0x80 }
    }

    func slice(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// How many characters stand before byte `offset`.
    func characters(before offset: Int, _ run: inout Evaluation) throws(ExpressionError) -> Double {
        if isASCII { return Double(offset) }
        try run.step(offset / 64)
        return Double(bytes[..<offset].count { $0 & 0xC0 != 0x80 })
    }
}

/// Where a pattern was found.
struct RegexMatch {
    let subject: MatchSubject
    /// The whole match, then the groups; nil for a group that took no part.
    let ranges: [Range<Int>?]

    var range: Range<Int> { ranges[0] ?? 0..<0 }
    var text: String { subject.slice(range) }

    /// The groups' texts; nil for those that took no part.
    var groups: [String?] { ranges.dropFirst().map { $0.map { subject.slice($0) } } }
}

extension RegexPattern {
    /// What a regular expression yields when it is called as a function: an object with `next`, a function for the match
    /// behind this one; nothing when there is none.
    /// - Throws: D1004 when a further match is empty, for then they would never end.
    func matchObject(
        in subject: MatchSubject, from start: Int, isFirst: Bool, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        if !isFirst, start >= subject.bytes.count { return .undefined }
        guard let match = try search(subject, from: start, &run) else { return .undefined }
        if !isFirst, match.range.isEmpty { throw ExpressionError("D1004", value: .string(source)) }
        let next = Function(.nextMatch(self, subject: subject, from: match.range.upperBound))
        return .object(
            ObjectValue(uniqueMembers: [
                ("match", .string(match.text)),
                ("start", .number(try subject.characters(before: match.range.lowerBound, &run))),
                ("end", .number(try subject.characters(before: match.range.upperBound, &run))),
                ("groups", .array(List(match.groups.map { $0.map { .string($0) } ?? .undefined }))),
                ("next", .function(next)),
            ]))
    }
}
