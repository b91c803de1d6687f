import Expressions
import JSON
import Testing

@Suite struct EvaluationTests {
    private let document = """
        {"temperature": 81.5, "humidity": 18, "name": "Pump é", "nothing": null, "readings": [
          {"key": "t", "value": 1, "tags": ["a", "b"]}, {"key": "h", "value": 2, "tags": []},
          {"key": "t", "value": 3.5, "tags": ["c"]}], "site": {"zone": {"id": 7}}}
        """

    private func value(_ source: String, bindings: [String: Value] = [:]) throws -> String {
        let input = Value(try JSONDocument(parsing: document))
        return try Expression.compile(source).evaluate(input, bindings: bindings).json?.text ?? "nothing"
    }

    @Test(
        "the language on a document",
        arguments: [
            ("temperature > 80 and humidity < 20", "true"), ("site.zone.id + 1", "8"), ("missing.path", "nothing"),
            ("readings.value", "[1,2,3.5]"), ("readings[key = 't'].value", "[1,3.5]"), ("readings[1].tags", "[]"),
            ("readings.tags", #"["a","b","c"]"#), ("readings[-1].value", "3.5"), ("readings[1].value[]", "[2]"),
            ("readings{key: $sum(value)}", #"{"t":4.5,"h":2}"#), ("readings^(>value).value", "[3.5,2,1]"),
            ("readings#$i[$i > 0].{\"i\": $i, \"v\": value}", #"[{"i":1,"v":2},{"i":2,"v":3.5}]"#),
            ("readings.tags.{\"of\": %.value, \"tag\": $}[0]", #"{"of":1,"tag":"a"}"#),
            ("readings@$r.site.{\"k\": $r.key, \"z\": zone.id}[0]", #"{"k":"t","z":7}"#),
            ("$length(name)", "6"), ("nothing = null", "true"), ("name ~> $uppercase ~> $substring(0, 4)", #""PUMP""#),
            ("$reduce(readings.value, function($a, $b) { $a * $b })", "7"), ("temperature & ''", #""81.5""#),
            ("$ ~> |readings[key='h']|{'value': 0}, 'tags'| ~> $lookup('readings') ~> $lookup('value')", "[1,0,3.5]"),
            ("$formatNumber(temperature, '000.00') & $formatInteger(humidity, 'w')", #""081.50eighteen""#),
            ("$fromMillis(1700000000000, '[Y]-[M01]-[D01] [FNn]')", #""2023-11-14 Tuesday""#),
            ("$fromMillis(-1.5, '[f001]') & $fromMillis(1.5, '[f001]')", #""999001""#),
            ("readings[0].key & readings[-3].key & readings[2].key", #""ttt""#), ("readings[3]", "nothing"),
            ("readings[-4]", "nothing"), ("readings[1].tags[0]", "nothing"), ("readings.tags[0]", #"["a","c"]"#),
            ("readings[1.9].value", "2"), ("site[0].zone.id", "7"), ("site[-1].zone.id", "7"), ("site[1]", "nothing"),
            ("readings.missing[true]", "nothing"), ("readings.missing[true].$x()", "nothing"),
            ("$count(readings.missing[true][])", "0"), ("$now('[Y]') ~> $length()", "4"), ("0.1 + 0.2 & ''", #""0.3""#),
        ] as [(String, String)])
    func language(source: String, expected: String) throws {
        #expect(try value(source) == expected)
    }

    @Test("numbers that lie beyond all bounds are faults where they are used")
    func infinity() {
        #expect(throws: ExpressionError.self) { try value("1 + 1e308 * 1e308") }
    }

    @Test("bindings are variables, and shadow the library")
    func bindings() throws {
        #expect(try value("$limit < temperature", bindings: ["limit": .number(80)]) == "true")
        #expect(throws: ExpressionError.self) { try value("$sum(readings.value)", bindings: ["sum": .number(1)]) }
    }

    @Test("values built in memory are read like those of a document")
    func builtValues() throws {
        let json = try JSONValue(parsing: document)
        for source in [
            "readings[key = 't'].value", "readings{key: $sum(value)}", "$$.site.zone.id", "**.id", "*.zone.*",
        ] {
            let expression = try Expression.compile(source)
            let fromDocument = try expression.evaluate(Value(try JSONDocument(parsing: document))).json
            #expect(try expression.evaluate(Value(json)).json == fromDocument)
        }
    }

    @Test("one expression is evaluated by many at a time, each with its own variables")
    func concurrency() async throws {
        let expression = try Expression.compile("($x := $n * 2; $f := function($y) { $y + $x }; $f(1))")
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let value = try? expression.evaluate(.undefined, bindings: ["n": .number(Double(number))])
                    return value?.json == .number(Double(number) * 2 + 1)
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test("the moment of an evaluation can be given, and stays the same")
    func moment() throws {
        let expression = try Expression.compile("[$millis(), $now(), $toMillis('12:30', '[H01]:[m01]')]")
        let value = try expression.evaluate(.undefined, moment: 1_700_000_000_000)
        #expect(value.json?.text == #"[1700000000000,"2023-11-14T22:13:20.000Z",1699965000000]"#)
    }

    @Test("texts that Swift takes for equal are told apart by their scalars")
    func scalars() throws {
        #expect(try value("'\\u00e9' = 'e\\u0301'") == "false")
        #expect(try value("{'\\u00e9': 1, 'e\\u0301': 2} ~> $keys() ~> $count()") == "2")
    }

    @Test("what messages say names the fault")
    func messages() throws {
        let error = #expect(throws: ExpressionError.self) { try value("1 + name") }
        #expect(error?.code == "T2002")
        #expect(error?.message == "Right of + must stand a number, not \"Pump é\"")
        #expect(error?.position == 3)
        #expect(error?.token == "+")
        let missing = #expect(throws: ExpressionError.self) { try value("a)") }
        #expect(missing?.message.contains("\"") == false)
        let endless = "($f := function($n) { $f($n + 1) }; $eval('  $f(0)'))"
        let limit = #expect(throws: ExpressionError.self) {
            try Expression.compile(endless).evaluate(.undefined, limits: EvaluationLimits(steps: 1_000))
        }
        #expect(limit?.message == "The evaluation takes too long: over 1000 steps")
        #expect(limit?.position == 25)
        let inner = #expect(throws: ExpressionError.self) { try value("$eval('1 + ')") }
        #expect(inner?.message == "The expression given to $eval is wrong: The expression ends too early")
        let list = #expect(throws: ExpressionError.self) { try value("$sum(['a'])") }
        #expect(list?.message == "Argument 1 of sum must be an array of numbers")
        let infinite = #expect(throws: ExpressionError.self) { try value("1 + -(1 / 0)") }
        #expect(infinite?.message == "The number Infinity is too large")
        #expect(infinite?.position == 5)
    }

    @Test(
        "a fault in what $eval made has the place where it is called, for nobody knows the inner source",
        arguments: [
            ("($f := $eval('   function($x) { $x + true }'); $f(", "1))", "+"),
            ("$map(", "[1], $eval('   function($x) { $x.$uppercase(5) }'))", "uppercase"),
            ("($f := $eval('   function($n) { 1 + $f($n) }'); $f(", "1))", "f"),
        ])
    func innerPlaces(before: String, after: String, token: String) {
        let error = #expect(throws: ExpressionError.self) { try value(before + after) }
        #expect(error?.position == before.utf16.count)
        #expect(error?.token == token)
    }

    @Test("what messages quote is cut")
    func longMessages() throws {
        let long = String(repeating: "x", count: 60_000)
        for source in ["'\(long)' '\(long.prefix(10))'", "$\(long)()", "\(long)()", "1 \(long)", "/(?<=\(long))/"] {
            let error = #expect(throws: ExpressionError.self, "\(source.prefix(20))") { try value(source) }
            #expect(error.map { $0.message.utf8.count + ($0.token?.utf8.count ?? 0) } ?? 0 < 1_000)
        }
        let own = #expect(throws: ExpressionError.self) { try value("$error($pad('', 2000000, 'x'))") }
        #expect(own?.message.utf8.count == 1_000)
    }

    @Test("a transform changes an object again after it changed the one around it")
    func transforms() throws {
        let source = "{'a': {'b': {'n': 0}}} ~> |[a.b, a, a.b]|{'n': $exists(n) ? n + 1 : 5}|"
        #expect(try value(source) == #"{"a":{"b":{"n":2},"n":5}}"#)
    }

    @Test("a transform puts an object within itself as it was")
    func transformsWithin() throws {
        #expect(try value("{'a': {'n': 1}} ~> |a|{'old': $}|") == #"{"a":{"n":1,"old":{"n":1}}}"#)
        let twice = "{'a': {'b': {}}} ~> |[a, a.b]|{'old': $}|"
        #expect(try value(twice) == #"{"a":{"b":{"old":{}},"old":{"b":{}}}}"#)
    }

    @Test(
        "numbers without bounds, and very large ones, have a form in every picture",
        arguments: [
            ("$formatNumber(1 / 0, '0.0%')", "Infinity%"), ("$formatNumber(-1 / 0, '#')", "-Infinity"),
            ("$formatNumber(0 / 0, '0.0')", "NaN"), ("$formatNumber(1.7e308, '0%')", "Infinity%"),
            ("$formatNumber(1 / 0, '0', {'infinity': '∞'})", "∞"), ("$formatInteger(1 / 0, '#,##0')", "Infinity"),
            ("$formatInteger(0 / 0, 'w')", "NaN"), ("$formatInteger(-1 / 0, 'A')", "-Infinity"),
            ("$formatInteger(1e21, '#,##0')", "1,000,000,000,000,000,000,000"),
            ("$formatInteger(1e21, 'I')", "1000000000000000000000"),
            ("$formatInteger(1e17, 'a')", "aafiwckseovfe"), ("$formatInteger(1e15, 'a')", "gbdpxgrzxjl"),
        ])
    func extremes(source: String, expected: String) throws {
        #expect(try value(source) == "\"\(expected)\"")
    }

    @Test(
        "a class of a pattern may hold all but white space",
        arguments: [
            (#"$replace('a\nb c', /[\s\S]/, 'x')"#, "xxxxx"), (#"$replace('ab\u00a0c', /[\S]/, 'x')"#, "xx\u{A0}x"),
            (#"$replace('a\nb c', /[^\S]/, 'x')"#, "axbxc"), (#"$replace('a,b!c', /[\S,]+/, 'x')"#, "x"),
        ])
    func anythingButSpace(source: String, expected: String) throws {
        #expect(try value(source) == "\"\(expected)\"")
    }

    @Test("the patterns of an expression share their memory, and all of them match")
    func patterns() throws {
        let patterns = (0..<300).map { "$contains('a\($0)b', /^a\($0)[a-z]$/)" }.joined(separator: ", ")
        #expect(try value("$count([\(patterns)][$])") == "300")
    }

    @Test("a number is not rounded to more places than it has")
    func places() throws {
        #expect(try value("$round(12345.5, 305)") == "12345.5")
        #expect(try value("$round(12345.5, -305)") == "0")
        #expect(try value("$formatNumber(1.5, '0.' & $pad('', 400, '0'))").hasPrefix("\"1.50"))
    }

    @Test("a letter may stand between the hours and the minutes of a zone, and a picture of too many parts is refused")
    func zones() throws {
        #expect(try value("$toMillis('2020-01-01 +01d30', '[Y]-[M]-[D] [Z01d01]')") == "1577831400000")
        #expect(try value("$toMillis('2020-01-01 +01x30', '[Y]-[M]-[D] [Z01x01]')") == "1577831400000")
        let error = #expect(throws: ExpressionError.self) { try value("$toMillis('1', $pad('', 900, '[Y,9]'))") }
        #expect(error?.code == "D3130")
        #expect(error?.token == "toMillis")
        #expect(error?.message == "The date picture has too many parts")
    }

    @Test(
        "at the command line an expression may begin with a minus sign",
        arguments: [
            (["-a"], ["--", "-a"]), (["-h"], ["-h"]), (["--help"], ["--help"]),
            (["a", "--data", "-"], ["a", "--data", "-"]),
            (["-a + 1", "--data", "-"], ["--data", "-", "--", "-a + 1"]),
            (["--formula", "-2^2"], ["--formula", "--", "-2^2"]),
            (["--", "-a"], ["--", "-a"]),
        ] as [([String], [String])])
    func signs(given: [String], separated: [String]) {
        let command = ["expression", "test"]
        #expect(ExpressionArguments.separated(command + given) == command + separated)
        #expect(ExpressionArguments.separated(["serve"] + given) == ["serve"] + given)
    }

    @Test("a line is answered with its id, whatever is wrong with it")
    func lines() {
        func answer(_ line: String) -> String {
            String(decoding: ExpressionLines.answer(Array(line.utf8)), as: UTF8.self)
        }
        #expect(
            answer(#"{"id": 1, "expr": "a + $b", "data": {"a": 1}, "bindings": {"b": 2}}"#) == #"{"id":1,"result":3}"#)
        #expect(answer(#"{"id": "x", "expr": "a"}"#) == #"{"id":"x","undefined":true}"#)
        #expect(answer(#"{"id": 2, "expr": "1 +"}"#).hasPrefix(#"{"id":2,"error":"S0207","position":3,"#))
        #expect(answer(#"{"id": 3}"#).hasPrefix(#"{"id":3,"error":"S0500""#))
        #expect(answer(#"{"id": 4, "expr": "a", "data": {"a": "\ud800"}}"#) == "{\"id\":4,\"result\":\"\u{FFFD}\"}")
        #expect(answer("nonsense").hasPrefix(#"{"error":"S0500""#))
        let endless = #"{"id": 5, "expr": "($f := function($n) { $n + $f($n) }; $f(1))", "depth": 100}"#
        #expect(answer(endless).hasPrefix(#"{"id":5,"error":"D1011""#))
    }
}
