import Expressions
import Glibc
import JSON
import Testing

/// Expressions that cost their author nothing and once ended the process, or kept it busy for seconds or for ever.
@Suite struct HostileTests {
    /// Far more than the time that an evaluation may take here, for builds without optimization, and far less than what
    /// happens without a bound.
    private static let mostSeconds = 4.0
    /// As for all, but for the time: there are many of them.
    private static let limits = EvaluationLimits(time: .milliseconds(100))

    /// The seconds of this thread's CPU time that compiling and evaluating take, and the code of the error, if any.
    private func run(_ source: String, on input: Value = .undefined) -> (code: String?, seconds: Double) {
        let start = Self.threadSeconds()
        var code: String?
        do throws(ExpressionError) {
            let value = try Expression.compile(source).evaluate(input, limits: Self.limits)
            var writer = JSONWriter()
            writer.value(value)
        } catch {
            code = error.code
            #expect(error.message.utf8.count < 1_000, "\(source.prefix(200))")
        }
        return (code, Self.threadSeconds() - start)
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func check(_ source: String, on input: Value = .undefined, codes: [String?]) {
        let (code, seconds) = run(source, on: input)
        #expect(codes.contains(code), "\(source.prefix(200)): \(code ?? "no error")")
        #expect(seconds < Self.mostSeconds, "\(source.prefix(200)): \(seconds) s")
    }

    @Test(
        "a value that holds another in two places, and so on, is looked at as often as the limits allow",
        arguments: [
            "$boolean($p)", "$not($p)", "$p ? 1 : 2", "$p and true", "[1][$p]", "$filter([1], function() { $p })",
            "$assert($p)", "$sort([1, 2], function() { $p })", "$p", "$q", "$p + 1", "-$q", "$q = $r", "$p in [$p]",
            "$distinct([$q, $r])", "$e.*", "$e.**", "$e.a", "$e.a.b", "$keys($e)", "$spread($e)", "$lookup($e, 'a')",
            "$string($q)", "$clone($q)", "$q ~> |a|{'x': 1}|", "{$q: 1}", "$error($q)", "[1..$q]", "[$q, $q]^($)",
            "($f := function() { $f }; $f() = $f())",
        ])
    func sharedValues(_ use: String) {
        let build = """
            $double := function($first) { $reduce([1..40], function($v, $i) { [[$v], [$v]] }, $first) };
            $objects := function($first) { $reduce([1..40], function($v, $i) { {"a": $v, "b": $v} }, $first) };
            $p := $double([0]); $e := $double([]); $q := $objects({}); $r := $objects({});
            """
        let codes = ["D1011", "D1012", "D2015", "T0410", "T2001", "T2004", "T2008", "D1002", "T1003", nil]
        check("(\(build) \(use))", codes: codes)
    }

    @Test(
        "values within values are refused before letting go of them takes more stack than there is",
        arguments: [
            "$zip($p)", "$zip($p, $p)", "[1, 2]{'a': $p}", "[1, 2]@$v{'a': $p}", "$each({'a': 1}, function() { [$p] })",
            "$sift({'a': $p}, function() { true })", "$merge([{'a': $p}])", "$spread({'a': $p})", "[1, 2].[$p]",
            "$p.[$][]", "{'b': 1} ~> |$|{'a': $p}|", "$clone({'a': $p})", "$substring(?, $p)", "|a|{'b': $p}|",
        ])
    func height(_ step: String) {
        let codes: [String?] = ["D1011", "D1012", "D2015", "T0410", nil]
        check("$count($reduce([1..100000], function($p, $i) { \(step) }, [1]))", codes: codes)
        check("($f := function($p, $n) { $n = 0 ? 1 : $f(\(step), $n - 1) }; $f(1, 100000))", codes: codes)
        let assignment = "$p:=\(step);"
        let assignments = String(repeating: assignment, count: 60_000 / assignment.utf8.count)
        check("($p := 1; \(assignments) 1)", codes: codes)
    }

    @Test("signatures are tried in vain once, not in all ways, and are of a sensible size")
    func signatures() {
        func call(_ parameter: String, _ count: Int, with arguments: Int) -> String {
            let parameters = String(repeating: parameter, count: count)
            return "(function($a)<\(parameters)n:x>{1})(\(String(repeating: "'a',", count: arguments))'a')"
        }
        check(call("x+", 15, with: 60), codes: ["T0410"])
        check(call("x?", 30, with: 20), codes: ["T0410"])
        check(call("s+", 31, with: 250), codes: ["T0410"])
        check(call("x?", 32, with: 1), codes: ["S0402"])
        check(call("x?", 20_000, with: 1), codes: ["S0402"])
        check(call("x", 1, with: 255), codes: ["S0501"])
    }

    @Test(
        "texts made from templates, matches and pictures count",
        arguments: [
            "$replace($pad('', 100000, 'x'), /x+/, $pad('', 200000, '$0'))",
            "$replace($pad('', 100000, 'x'), /x/, $pad('', 200000, '$9'))",
            "[1..1000].$match($pad('', 1000, 'x'), /((((((((((.*))))))))))/)",
            "($m := function() { {'match': '', 'start': 1e6, 'end': 0, 'groups': [], 'next': $m} }; $split($s, $m))",
            "[1..100000].$formatNumber(-1, '0', {'minus-sign': $s})",
            "[1..100000].$fromMillis(0, $pad('', 994, '[Y,900]'))",
            "[1..100000].($s & '')", "[1..100000].($s)", "$string([1..100000].($s))", "[1..100000].[[$s]]",
        ])
    func texts(_ use: String) { check("($s := $pad('', 1000000, 'x'); \(use))", codes: ["D2015", "D1012"]) }

    @Test(
        "each look at a long text or a long array counts",
        arguments: [
            "$length($s)", "$t = $u", "$t < $u", "$t in [$u, $u]", "$s ? 1 : 2", "{$s: 1}", "$merge([$o, $o])",
            "$keys($o)", "$lookup($o, $s)", "$pad('', 1, $s)", "$parseInteger($s, 'A')", "$formatNumber(1, $s)",
            "$s ~> /y/", "$sum($b)", "$count($b)", "$b[0]", "$b[$b]", "$b.x", "$b.x.y", "$b.(x)", "$b^($)", "$b{x: 1}",
            "$b = $b", "0 in $b", "$boolean($z)", "$keys($b)", "$b ~> $sum", "$f($b)", "$zip($b, $b)", "$b@$v.x",
            "$w^($)", "$sort($w)", "$distinct($w)", "$w{$: 1}", "$w = $w",
        ])
    func loops(_ use: String) {
        let names = """
            $s := $pad('', 1000000, 'x'); $t := $s & 'a'; $u := $s & 'b'; $o := {$s: 1}; $b := [1..200000];
            $z := $b.(0); $w := [1..1000].($s); $f := function($a)<a<n>:n> { 1 };
            """
        let codes: [String?] = ["D2015", "D1012", "D3130", nil]
        check("(\(names) $map([1..200000], function($i) { \(use) }))", codes: codes)
    }

    @Test(
        "what stands in an expression many times counts as often",
        arguments: [
            ("1;", 30_000), ("a;", 20_000), ("1*1*1+1*1*1;", 5_000), ("true and 1 or 0;", 4_000), ("[];", 16_000),
            ("$v := 1;", 8_000), ("$sum;", 10_000), ("-1 = -1;", 8_000), ("'x' & 'y';", 6_000), ("/a/;", 1_000),
            ("function(){1};", 4_000), ("$$.o.x;", 9_000),
        ])
    func wide(part: String, count: Int) {
        check("[1..400000].(\(String(repeating: part, count: count)) 1)", codes: ["D1012", "D2015"])
        check("[1..400000]^(\(String(repeating: "1,", count: count)) 1)", codes: ["D1012", "D2015"])
    }

    @Test("many variables are found in time")
    func variables() {
        let variables = (1...6_000).map { "$v\($0):=1" }.joined(separator: ";")
        check("[1..400000].(\(variables))", codes: ["D1012"])
        check("$map([1..100000].(\"$v\" & $ & \":=1\"), $eval)", codes: ["D1012", "D2015"])
    }

    @Test(
        "a search takes a bounded time, however large pattern and text, and so do all patterns of an expression",
        arguments: [
            "$match($n, /[13579][0-9,]{990}#/)", "$split($n, /[13579][0-9,]{990}#/)",
            "$contains($n, /(([0-9,]{1,30}){1,30})#/)",
            "$match($pad('', 1000000, 'a'), /a((((.*z)?)?)?)?/)", "[1..100000].$eval('/a{900}/')",
            "[1..100000].$toMillis('1', $pad('', 994, '[Y,900]'))",
        ])
    func searches(_ use: String) {
        check("($n := $string([1..300000]); \(use))", codes: ["D1012", "D2015", "D3130", "S0303"])
    }

    @Test("regular expressions that would take long to compile together are refused")
    func manyPatterns() {
        for pattern in ["/a/,", "/.{900}/,", "/(.*a){99}/,"] {
            check("[\(String(repeating: pattern, count: 4_000))1]", codes: ["S0303"])
        }
    }

    @Test(
        "pictures of any shape and size are formatted or refused",
        arguments: [
            "$formatNumber(1, $pad('0', 500000, ',0'))", "$formatInteger(1, $pad('0', 500000, ':0;0'))",
            "$fromMillis(0, $pad('', 1000000, '[Y,9999]'))", "$fromMillis(0, '[Y' & $pad('', 900, '0:') & '0,9999]')",
            "$fromMillis(0, '[MNn,1--5]')", "$fromMillis(0, '[FNn,*--3]')", "$toMillis('x', '[MNn,1--5]')",
            "$fromMillis(0, '[Y#1,9223372036854775807]')", "$fromMillis(0, '[Y#1,*--9223372036854775808]')",
            "$toMillis('1', $pad('', 1000000, '[Y]'))", "$formatNumber(1, $pad('', 1000, '0') & 'e0')",
        ])
    func pictures(_ source: String) { check(source, codes: ["D1012", "D3130", "D3135", "S0303", "D2015", nil]) }

    @Test(
        "the bindings of a path count for each item that goes on with them",
        arguments: ["#$i", "@$w", "#$i{'a': 1}", "#$i.($)", "#$i^($)", "#$i[true]", "[true]#$i"])
    func bindings(rest: String) throws {
        let bindings = (1...12).map { "#$v\($0)" }.joined()
        let expression = try Expression.compile("$count(x[true]\(bindings).([1..100000])\(rest))")
        let error = #expect(throws: ExpressionError.self) {
            let input = Value(try JSONDocument(parsing: #"{"x":1}"#))
            _ = try expression.evaluate(input, limits: EvaluationLimits(steps: 350_000, time: .seconds(60)))
        }
        #expect(error?.code == "D1012")
    }

    @Test("an array that is named for each item is not copied each time")
    func namedArrays() throws {
        let elements = String(repeating: #"{"v":1},"#, count: 20_000)
        let input = Value(try JSONDocument(parsing: "{\"a\":[\(elements)1]}"))
        for use in ["a.{'k': $$.a}", "a.{'k': $$.(a)}", "a.v.($$.a[3])", "a[$$.a[3].v = 1]"] {
            let expression = try Expression.compile("$count(\(use))")
            let start = Self.threadSeconds()
            _ = try expression.evaluate(input, limits: EvaluationLimits(time: .seconds(20)))
            #expect(Self.threadSeconds() - start < Self.mostSeconds, "\(use)")
        }
    }

    @Test("each random number takes its time")
    func randomNumbers() { check("$shuffle([1..490000])", codes: ["D1012"]) }

    @Test("positions that are arrays, joined groups and removed members count")
    func products() {
        check("($a := [0..399999]; $count($a[$a]))", codes: ["D1012"])
        check("($b := [0..399999]; $x := [1..1000].[$b]; $x{'a': $count($)})", codes: ["D2015", "D1012"])
        check("($b := [0..399999]; $x := [1..1000].[$b]; $x@$v{'a': $count($)})", codes: ["D2015", "D1012"])
        check("($m := $merge([1..50000].{$string($): 1}); $m ~> |$|{}, $keys($m)|)", codes: ["D1012", nil])
        check(
            "a^(\(String(repeating: "b,", count: 30_000)) b)", on: Value([1, 2, 3] as JSONValue), codes: ["D1012", nil])
    }

    @Test(
        "arrays that are kept in several copies count once for each",
        arguments: [
            "$x#$i{$string($floor($i / 2)): $}", "$$.($x)@$v{'a': $v}",
            "$$.($x)@$v#$i{$string($floor($i / 2)): $v}",
            "($m := function() { {'match': '', 'start': 0, 'end': 0, 'groups': $g, 'next': $m} }; $match('a', $m))",
            "($m := function() { {'match': '', 'start': 0, 'end': 0, 'groups': $g, 'next': $m} }; $replace('a', $m, $f))",
            "$map([1..1000], function() { /a/($s) })", "$map([1..1000], function() { $s ~> /a/ })",
            "$map([1..200000], function() { $f(\(String(repeating: "1,", count: 200))?) })",
            "$map([1..1000], function() { $$.a[] })", "$map([1..1000], function() { $$.(a)[] })", "$split($s, '')",
        ])
    func copies(_ use: String) throws {
        let elements = String(repeating: "1,", count: 100_000)
        let input = Value(try JSONDocument(parsing: "{\"a\":[\(elements)1]}"))
        let names = """
            $b := [1..249000]; $g := [1..490000]; $x := $map([1..2000], function() { $b });
            $s := $pad('', 1000000, 'a'); $f := function() { '' };
            """
        check("(\(names) \(use))", on: input, codes: ["D1012", "D2015", "D1009"])
    }

    @Test("sources that would take long to compile are compiled in time")
    func compiling() {
        let names = (1...9_000).map { "a\($0)" }.joined(separator: ";")
        check("(\(names))", codes: [nil])
        let seeking = String(repeating: "(", count: 12) + String(repeating: "%;", count: 20_000)
        check("a.\(seeking)%\(String(repeating: ")", count: 12))", codes: [nil, "D1012"])
    }

    @Test("long strings and large objects of a document are not copied for each look at them")
    func documents() throws {
        let long = String(repeating: "w", count: 1_000_000)
        let names = (0..<20_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        let text = "{\"s\":\"\(long)\",\"list\":[\"\(long)1\",\"\(long)2\"],\"named\":{\"\(long)\":1},\"o\":{\(names)}}"
        let input = Value(try JSONDocument(parsing: text))
        for use in [
            "$$.s", "$$.list", "$$.list[0]", "[$$.list]", "$keys($$.named)", "$$.named.*", "$spread($$.named)",
            "$$.o.zzz", "$$.o = $$.o", "$lookup($$.o, 'zzz')", "$string($$.s)", "$clone($$.named)", "$$",
        ] {
            check("[1..100000].(\(use))", on: input, codes: ["D1012", "D2015", nil])
        }
        check("$$ = $$", on: input, codes: [nil, "D1012"])
    }

    @Test("arrays within arrays of a document are gone through in time")
    func innerArrays() throws {
        let inner = String(repeating: "[{\"x\":1}],", count: 60_000)
        let input = Value(try JSONDocument(parsing: "{\"a\":[[\(inner)[]]]}"))
        let start = Self.threadSeconds()
        let count = try Expression.compile("$count(a.x)").evaluate(input, limits: EvaluationLimits(time: .seconds(60)))
        #expect(count.json == .number(60_000))
        #expect(Self.threadSeconds() - start < Self.mostSeconds)
    }

    @Test("a condition is asked without making its value a result")
    func conditions() throws {
        let shared = "$reduce([1..40], function($v, $i) { {'a': $v, 'b': $v} }, {})"
        #expect(throws: ExpressionError.self) { try Expression.compile(shared).evaluate(.undefined) }
        #expect(try Expression.compile(shared).holds(for: .undefined))
        let arrays = "$reduce([1..40], function($v, $i) { [[$v], [$v]] }, [0])"
        #expect(throws: ExpressionError.self) { try Expression.compile(arrays).holds(for: .undefined) }
    }
}
