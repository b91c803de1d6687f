import Expressions
import JSON
import Testing

@Suite struct CompileTests {
    @Test(
        "faults are told with code, place and word",
        arguments: [
            ("1 + ", "S0207", 4), ("[1,2)", "S0202", 5), ("a[", "S0203", 2), ("\"abc", "S0101", 4),
            ("`abc", "S0105", 4),
            ("\"\\q\"", "S0103", 2), ("1e400", "S0102", 0), ("a ! b", "S0204", 3), ("1 := 2", "S0212", 1),
            ("a.1", "S0213", 3), ("$.%", "S0217", 1), ("ä & \"", "S0101", 5), ("function(x){1}", "S0208", 10),
            ("λ($x)<n<n>>{1}", "S0401", 8), ("/*", "S0106", 0), ("$match(\"a\", //)", "S0301", 13),
        ] as [(String, String, Int)])
    func faults(source: String, code: String, position: Int) {
        let error = #expect(throws: ExpressionError.self) { try Expression.compile(source) }
        #expect(error?.code == code)
        #expect(error?.position == position)
        #expect(error?.message.isEmpty == false)
    }

    @Test(
        "regular expressions that take no linear time are refused when compiled",
        arguments: ["a(?=b)", "a(?!b)", "(?<=a)b", "(a)\\1", "a{2000}", "(?<n>a)\\k<n>"])
    func regularExpressions(pattern: String) {
        let error = #expect(throws: ExpressionError.self) { try Expression.compile("$contains(s, /\(pattern)/)") }
        #expect(error?.code == "S0303")
    }

    @Test(
        "sources nested beyond reason are refused, not followed",
        arguments: ["(", "[", "{\"a\":", "a[", "-", "a.(", "$f(", "function(){", "1+", "a.", "a ? "])
    func nesting(part: String) {
        #expect(throws: ExpressionError.self) { try Expression.compile(String(repeating: part, count: 15_000)) }
        let whole = String(repeating: part, count: 3_000) + "1" + String(repeating: ")", count: 3_000)
        #expect(throws: ExpressionError.self) { try Expression.compile(whole) }
    }

    @Test(
        "an expression says which parts of its input it reads",
        arguments: [
            ("temperature > 80 and humidity < 20", [["temperature"], ["humidity"]]),
            ("a.b.c + a.b.d", [["a", "b", "c"], ["a", "b", "d"]]),
            ("readings[quality = 'good'].value", [["readings", "quality"], ["readings", "value"]]),
            ("a.b & a", [["a"]]), ("$sum(readings.value)", [["readings", "value"]]), ("$", [[]]),
            ("$$.a.b", [["a", "b"]]),
            ("a.$string()", [["a"]]), ("$keys()", [[]]), ("a.*", [["a"]]), ("**.x", [[]]),
            ("a.(b; c)", [["a", "b"], ["a", "c"]]),
            ("$map(a, function($x) { $x.y + b })", [["a"], ["b"]]), ("a{k: $sum(v)}", [["a", "k"], ["a", "v"]]),
            ("a^(>w).v", [["a", "w"], ["a", "v"]]), ("($x := a.b; $x.c)", [["a", "b"]]), ("1 + 2", []),
            ("a.b.%.c", [[]]), ("$eval('x')", [[]]), ("a.$eval(b)", [[]]), ("($e := $eval; $e(a))", [[]]),
            ("$map(a, $eval)", [[]]), ("a ~> |b|{'c': $$.d, 'e': f}|", [["a"], ["d"]]),
            ("a ~> |$$.b[c]|{}, g|", [["a"], ["b"]]), ("$round(t)", [["t"]]), ("$round(t, 2)", [["t"]]),
            ("$substring(1)", [[]]), ("a.$substring(1, 2)", [["a"]]), ("$string(t) & $length(u)", [["t"], ["u"]]),
            ("$power(2)", [[]]), ("$count(devices.(1))", [["devices"]]), ("$exists(a.(1))", [["a"]]),
            ("alarms.{'k': 1}", [["alarms"]]), ("a#$i.($i)", [["a"]]), ("a#$i{'k': $i}", [["a"]]),
            ("readings.$round(2.5)", [["readings"]]), ("a.b.(1)", [["a", "b"]]), ("a.(b.(1))", [["a", "b"]]),
            ("a.$$.b", [["a"], ["b"]]), ("a.(b; 1)", [["a", "b"]]), ("(1).(2)", []),
            ("a ~> $map($f)[v > $$.limit]", [["a"], ["limit"]]), ("a ~> $sum(){$$.k: $}", [["a"], ["k"]]),
            ("($sum := function($s)<s-:s>{$s}; name.$sum())", [["name"]]),
            ("function($sum){ name.$sum() }", [["name"]]), ("a@$v[b = $v.c].d", [["a"], ["b"], ["d"]]),
            ("a@$v[b]#$i[c].d", [["a"], ["b"], ["c"], ["d"]]), ("$v{'k': a}@$w.b", [["b"]]),
            ("a.b[c]#$i", [["a", "b"]]), ("a{'k': 1}", [["a"]]), ("b#$i.($$.a){'k': 1}", [["b"], ["a"]]),
            ("a[b]#$i[c].d", [["a"]]),
        ] as [(String, [[String]])])
    func reads(source: String, paths: [[String]]) throws {
        let reads = try Expression.compile(source).reads
        #expect(reads.paths == paths)
    }

    @Test("many paths are the whole input, and long ones their beginning")
    func manyReads() throws {
        let names = (1...300).map { "a\($0)" }
        #expect(try Expression.compile("[\(names.joined(separator: ","))]").reads.isEverything)
        let long = names.prefix(10).joined(separator: ".")
        #expect(try Expression.compile(long).reads.paths == [Array(names.prefix(8))])
    }

    @Test("a path that is read touches the members on its way, and the whole input touches all")
    func touches() throws {
        let reads = try Expression.compile("a.b > 1").reads
        #expect(reads.touches("a"))
        #expect(!reads.touches("b"))
        #expect(try Expression.compile("$count($)").reads.touches("anything"))
    }
}
