import Expressions
import JSON
import Testing

@Suite struct LimitTests {
    private func code(
        of source: String, on input: Value = .undefined, limits: EvaluationLimits = .standard
    ) -> String? {
        do throws(ExpressionError) {
            _ = try Expression.compile(source).evaluate(input, limits: limits)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "what would never end is ended",
        arguments: [
            "($f := function() { $f() }; $f())", "($f := function($n) { $n + $f($n + 1) }; $f(1))",
            "($f := function($n) { [$n, $f($n + 1)] }; $f(1))", "($f := function($x) { $f([$x]) }; $f(1))",
            "($f := function($x) { $f({\"a\": $x}) }; $f(1))", "($f := function($x) { $f($append($x, $x)) }; $f(1))",
            "($f := function($s) { $f($s & $s) }; $f(\"ab\"))", "$eval($s)", "($e := \"$eval($e)\"; $eval($e))",
            "($f := function($g) { $f(function($x) { $g($x) }) }; $f($sum))",
            "($f := function($g) { $f($g ~> $g) }; $f($sum))",
            "($f := function($g) { $f($substring(?, $g)) }; $f(1))", "[1..100000].([1..100000])",
            "[1..400000].([1..400000].([1..400000]))", "$map([1..100000], function($x) { [[1..100000]] })",
            "$pad(\"x\", 1e12)", "$pad(\"x\", -1e300, \"ab\")",
            "$join([1..400000].(\"0123456789012345678901234567890\"))",
            "$reduce([1..400000], function($a, $b) { $a & \"0123456789\" })",
            "$zip([1..400000], [1..400000]) ~> $map($string)",
            "$sort([1..400000], function($a, $b) { $random() > 0.5 })", "$formatInteger(1e300, \"w\") ~> $pad(1e9)",
            "[0..499999] ~> $distinct() ~> $map(function($x) { $string([0..499999]) })",
            "$replace($pad(\"\", 1000000, \"a\"), /a/, \"0123456789012345678901234567890\")",
        ])
    func endless(source: String) {
        let code = code(of: source)
        #expect(["D1011", "D1012", "D2015", nil].contains(code), "\(source): \(code ?? "")")
    }

    @Test("a pattern that makes others think for ever is searched in no time")
    func evilPattern() throws {
        let text = String(repeating: "a", count: 100_000) + "!"
        let clock = ContinuousClock()
        let elapsed = try clock.measure {
            let value = try Expression.compile("$contains($, /^(a+)+$/)").evaluate(.string(text))
            #expect(value.json == false)
        }
        #expect(elapsed < .seconds(1))
    }

    @Test("words are found for every number, however large and odd")
    func numberWords() throws {
        var numbers = [4.7325052316936546e+27, 1.3220141688064306e+262, 1e30, .greatestFiniteMagnitude]
        for _ in 0..<2_000 {
            numbers.append(Double(sign: .plus, exponent: .random(in: 0...1_000), significand: .random(in: 1..<2)))
        }
        for picture in ["w", "w;o"] {
            let expression = try Expression.compile("$formatInteger($, \"\(picture)\")")
            for number in numbers {
                guard case .string(let words) = try expression.evaluate(.number(number)) else {
                    Issue.record("\(number) has no words")
                    continue
                }
                #expect(!words.isEmpty, "\(number)")
            }
        }
    }

    @Test("what $eval is given may be as long as an expression, and no longer")
    func longEvaluation() {
        let source = "$eval(\"(function($a)<\" & $pad(\"\", 70000, \"x?\") & \":x>{1})(1)\")"
        #expect(code(of: source) == "D3120")
    }

    @Test("a line's limits are taken within bounds", arguments: ["1e300", "-1e19", "0.001"])
    func lineLimits(_ limit: String) {
        let line = "{\"id\":1,\"expr\":\"1\",\"timelimit\":\(limit),\"depth\":-5}"
        #expect(!ExpressionLines.answer(Array(line.utf8)).isEmpty)
    }

    @Test("each limit has its code")
    func codes() {
        #expect(code(of: "$sum([1..1000])", limits: EvaluationLimits(steps: 100)) == "D1012")
        #expect(code(of: "[1..1000]", limits: EvaluationLimits(sequence: 999)) == "D2015")
        #expect(code(of: "[1..1000]", limits: EvaluationLimits(sequence: 1_000)) == nil)
        #expect(code(of: "\"abc\" & \"def\"", limits: EvaluationLimits(bytes: 5)) == "D2015")
        let recursion = "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(50))"
        #expect(code(of: recursion, limits: EvaluationLimits(depth: 100, stack: 4 << 20)) == "D1011")
        #expect(code(of: "[1..100000000]") == "D2014")
        let loop = "($f := function($n) { $f($n + 1) }; $f(0))"
        #expect(code(of: loop, limits: EvaluationLimits(steps: .max, time: .milliseconds(50))) == "D1012")
    }

    @Test("calls in tail position wait for nothing: a loop of 20,000 needs no depth")
    func tailCalls() throws {
        let loop = "($f := function($n, $sum) { $n = 0 ? $sum : $f($n - 1, $sum + $n) }; $f(20000, 0))"
        let value = try Expression.compile(loop).evaluate(
            .undefined, limits: EvaluationLimits(depth: 20, time: .seconds(60)))
        #expect(value.json == .number(200_010_000))
    }

    @Test(
        "expressions as deep as they may be are compiled or refused on the small stack of a pool's thread",
        arguments: ["1+", "a.", "$f(", "(", "[", "{\"a\":", "-", "a ? b : ", "a & ", "function($x){", "a[b ", "1^"])
    func deepSources(part: String) async {
        let closing = ["(": ")", "$f(": ")", "[": "]", "{\"a\":": "}", "function($x){": "}", "a[b ": "]"][part] ?? ""
        await withTaskGroup(of: Void.self) { group in
            for count in [50, 100, 200, 300, 390, 400, 1_000] {
                group.addTask {
                    let source = String(repeating: part, count: count) + "1" + String(repeating: closing, count: count)
                    _ = try? Expression.compile(source).evaluate(.number(1))
                    _ = try? Expression.compile(formula: source).evaluate(.number(1))
                }
            }
        }
    }

    @Test("the highest results are read and let go of on the small stack of a pool's thread")
    func highestResults() async throws {
        let sources = [
            "$reduce([1..254], function($v, $i) { {'a': $v} }, 1)", "$reduce([1..254], function($v, $i) { [[$v]] }, 1)",
            "$reduce([1..120], function($v, $i) { [{'a': $v}, 1] }, $$)",
        ]
        let document = Value(
            try JSONDocument(parsing: String(repeating: "[", count: 60) + String(repeating: "]", count: 60)))
        await withTaskGroup(of: Void.self) { group in
            for source in sources {
                group.addTask {
                    guard let value = try? Expression.compile(source).evaluate(document) else { return }
                    var writer = JSONWriter()
                    writer.value(value)
                    #expect(value.json?.bytes == writer.bytes)
                }
            }
        }
    }

    @Test("deep recursion on the small stack of a pool's thread ends with a code, on many threads at a time")
    func poolThreads() async throws {
        let recursion = try Expression.compile("($f := function($n) { $n + $f($n + 1) }; $f(1))")
        let nested = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        let document = Value(try JSONDocument(parsing: nested))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<32 {
                group.addTask {
                    do throws(ExpressionError) {
                        _ = try recursion.evaluate(document, limits: EvaluationLimits(depth: 1_000_000))
                        return false
                    } catch {
                        return error.code == "D1011"
                    }
                }
            }
            for await ended in group { #expect(ended) }
        }
    }
}
