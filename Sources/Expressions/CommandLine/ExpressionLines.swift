import JSON

/// Answers expressions line by line, for tools that drive the language from outside.
///
/// A line is `{"id", "expr", "data", "bindings", "timelimit", "depth"}`, of which only `expr` must be there: no `data` is
/// no input, `timelimit` is in milliseconds. The answer repeats the `id` with `result`, or with `"undefined": true`, or
/// with `error` (the code), `message`, and `position` and `token` where they are known.
package enum ExpressionLines {
    package static func answer(_ line: [UInt8]) -> [UInt8] {
        var answer = JSONWriter()
        let document: Value
        do {
            document = Value(try parse(line))
        } catch {
            answer.object { answer in
                answer.field("error", "S0500")
                answer.field("message", "The line is no JSON: \(error)")
            }
            return answer.bytes
        }
        let id = document.member("id") ?? .null
        do throws(ExpressionError) {
            let result = try evaluate(document)
            answer.object { answer in
                answer.field("id", id)
                if result.isUndefined { answer.field("undefined", true) } else { answer.field("result", result) }
            }
        } catch {
            answer.object { answer in
                answer.field("id", id)
                answer.field("error", error.code)
                if let position = error.position { answer.field("position", position) }
                if let token = error.token { answer.field("token", token) }
                answer.field("message", error.message)
            }
        }
        return answer.bytes
    }

    /// Half a pair of surrogates, which JSON can escape but no text can hold, is read as U+FFFD.
    private static func parse(_ line: [UInt8]) throws -> JSONDocument {
        do {
            return try JSONDocument(parsing: line)
        } catch {
            let replaced = LoneSurrogates.replaced(in: line)
            guard replaced != line else { throw error }
            return try JSONDocument(parsing: replaced)
        }
    }

    private static func evaluate(_ request: Value) throws(ExpressionError) -> Value {
        guard case .string(let source)? = request.member("expr") else {
            throw ExpressionError("S0500", message: "The line has no expr")
        }
        var limits = EvaluationLimits.commandLine
        if case .number(let limit)? = request.member("timelimit") {
            limits.time = .milliseconds(min(max(limit, 0), 3_600_000))
        }
        if case .number(let depth)? = request.member("depth"), let depth = Int(exactly: depth) {
            limits.depth = max(depth, 0)
        }
        var bindings: [String: Value] = [:]
        for member in request.member("bindings")?.members ?? [] { bindings[member.name] = member.value }
        return try Expression.compile(source)
            .evaluate(request.member("data") ?? .undefined, bindings: bindings, limits: limits)
    }
}

/// Escapes such as `\ud800` that are half of a pair whose other half is missing.
private enum LoneSurrogates {
    static func replaced(in json: [UInt8]) -> [UInt8] {
        var result = json
        var index = 0
        while index < json.count {
            guard json[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            switch escape(json, index) {
            case .some(0xD800..<0xDC00):
                if let low = escape(json, index + 6), low >= 0xDC00, low < 0xE000 {
                    index += 12
                } else {
                    result.replaceSubrange(index..<index + 6, with: Array("\\ufffd".utf8))
                    index += 6
                }
            case .some(0xDC00..<0xE000):
                result.replaceSubrange(index..<index + 6, with: Array("\\ufffd".utf8))
                index += 6
            default: index += 2
            }
        }
        return result
    }

    private static func escape(_ json: [UInt8], _ index: Int) -> UInt32? {
        guard index + 6 <= json.count, json[index] == UInt8(ascii: "\\"), json[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        return UInt32(String(decoding: json[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
