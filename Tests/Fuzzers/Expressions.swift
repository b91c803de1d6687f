// fuzz: CSimdJSON CRE2 JSON Expressions
// link: simdjson re2
import Expressions
import JSON

/// Compiles the input as an expression and as a formula and evaluates both: a byte of 0 separates the source from the
/// JSON that it is evaluated on. Whatever comes, it must end within the limits.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzExpressions(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let source = String(decoding: Array(parts.first ?? input[..<0]), as: UTF8.self)
    var data = sample
    if parts.count > 1, let document = try? JSONDocument(parsing: Array(parts[1])) { data = Value(document) }
    for isFormula in [false, true] {
        do throws(ExpressionError) {
            let expression = try isFormula ? Expression.compile(formula: source) : Expression.compile(source)
            _ = expression.reads.touches("a")
            _ = try expression.holds(for: data, limits: limits, moment: 1_700_000_000_000)
            let value = try expression.evaluate(data, limits: limits, moment: 1_700_000_000_000)
            var writer = JSONWriter()
            writer.value(value)
            // Quoting makes up to six bytes of one; a part of the input is as long as it is.
            precondition(writer.bytes.count < 6 * (limits.bytes + 1_000 + count), "\(writer.bytes.count) bytes")
        } catch {
            precondition((error.position ?? 0) <= source.utf16.count, "\(error)")
            precondition(!error.message.isEmpty)
        }
    }
    return 0
}

private let limits = EvaluationLimits(
    steps: 50_000, depth: 200, sequence: 5_000, bytes: 200_000, time: .milliseconds(500), stack: 400 << 10)

private let sample = Value(
    [
        "a": 1, "b": [1, 2, [3], ["c": "x"], ["c": ["y", "z"]]], "c": ["d": ["e": .null, "f": true]], "s": "text 12",
        "n": -2.5,
        "o": [["k": "p", "v": 1], ["k": "q", "v": 2], ["k": "p", "v": 3]],
    ] as JSONValue)
