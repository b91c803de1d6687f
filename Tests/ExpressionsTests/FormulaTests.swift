import Expressions
import JSON
import Testing

@Suite struct FormulaTests {
    private let variables = Value(
        [
            "energy": [10, 20, 30.5], "devices": ["a", "b"], "a": 2, "b": -3, "site": ["load": 5], "state": "on",
            "nothing": .null,
        ]
            as JSONValue)

    @Test(
        "formulas compute as in a spreadsheet",
        arguments: [
            ("SUM(energy) / COUNT(devices)", 30.25), ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("2 ^ 3 ^ 2", 64),
            ("-2 ^ 2", 4),
            ("10 - 4 - 3", 3), ("sqrt(abs(b * 3))", 3), ("MIN(energy, a; b)", -3), ("Max(energy)", 30.5),
            ("AVG(energy)", 20.166666666666668), ("ROUND(2.5)", 3), ("ROUND(-2.5)", -3), ("ROUND(2.345; 2)", 2.35),
            ("IF(a > b, 1, 2)", 1),
            ("IF(a < b, 1, IF(state = \"on\", 4, 5))", 4), ("site.load * .5", 2.5), ("SUM(energy, missing)", 60.5),
            ("COUNT(missing)", 0), ("+a - -b", -1), ("1e3 / 4", 250), ("a\u{A0}+\u{A0}1", 3),
        ] as [(String, Double)])
    func values(source: String, expected: Double) throws {
        let value = try Expression.compile(formula: source).evaluate(variables)
        guard case .number(let number) = value else {
            Issue.record("\(source) is no number")
            return
        }
        #expect(abs(number - expected) < 1e-12)
    }

    @Test("a missing variable leaves no value, comparisons give truth values")
    func others() throws {
        #expect(try Expression.compile(formula: "missing + 1").evaluate(variables).isUndefined)
        #expect(try Expression.compile(formula: "nothing + 1").evaluate(variables).isUndefined)
        #expect(
            try Expression.compile(formula: "SUM(nothing, a) + COUNT(nothing)").evaluate(variables).json == .number(2))
        #expect(try Expression.compile(formula: "a <> b").evaluate(variables).json == true)
        #expect(try Expression.compile(formula: "a = 2").evaluate(variables).json == true)
    }

    @Test(
        "faults are told with code and place",
        arguments: [
            ("1 +", "S0207"), ("(1", "S0203"), ("(1 2)", "S0202"), ("1 2", "S0201"), ("foo(1)", "T1006"),
            ("SQRT()", "T0410"),
            ("IF(1)", "T0410"), ("a..b", "S0201"), ("#", "S0201"), ("\"x", "S0101"), ("1e999", "S0102"),
        ] as [(String, String)])
    func faults(source: String, code: String) {
        let error = #expect(throws: ExpressionError.self) { try Expression.compile(formula: source) }
        #expect(error?.code == code)
        #expect(error?.position != nil)
    }

    @Test("messages say what is wrong with a formula")
    func messages() throws {
        let division = #expect(throws: ExpressionError.self) {
            try Expression.compile(formula: "1 + a / 0").evaluate(variables)
        }
        #expect(division?.message == "2 is divided by zero")
        #expect(division?.position == 6)
        #expect(division?.token == "/")
        let text = #expect(throws: ExpressionError.self) {
            try Expression.compile(formula: "1 + SUM(\"x\")").evaluate(variables)
        }
        #expect(text?.message == "Argument 1 of SUM has the wrong type")
        #expect(text?.position == 7)
        let long = #expect(throws: ExpressionError.self) {
            try Expression.compile(formula: "Min(1, 2, 3)").evaluate(variables, limits: EvaluationLimits(sequence: 2))
        }
        #expect(long?.code == "D2015")
        #expect(long?.position == 3)
        #expect(long?.token == "Min")
        for (source, message) in [
            ("SUM()", "SUM takes from 1 to 255 arguments, not 0"), ("sqrt(1, 2)", "sqrt takes one argument, not 2"),
            ("IF(1)", "IF takes from 2 to 3 arguments, not 1"),
        ] {
            let error = #expect(throws: ExpressionError.self) { try Expression.compile(formula: source) }
            #expect(error?.message == message)
        }
    }

    @Test(
        "what cannot be computed is told",
        arguments: [
            ("a / 0", "D1001"), ("SQRT(b)", "D3060"), ("state * 2", "T2001"), ("SUM(state)", "T0410"),
            ("0 ^ -1", "D3061"),
            ("a < state", "T2009"), ("IF(a / 0 > 5, 1, 2)", "D1001"), ("IF(0 / 0 = 1, 1, 2)", "D1001"),
            ("1e308 * 10 > 1", "D1001"), ("SUM(1e308, 1e308)", "D1001"), ("a / (1 - 1) < 0", "D1001"),
        ] as [(String, String)])
    func uncomputable(source: String, code: String) throws {
        let formula = try Expression.compile(formula: source)
        let error = #expect(throws: ExpressionError.self) { try formula.evaluate(variables) }
        #expect(error?.code == code)
    }

    @Test("a formula says which variables it reads")
    func reads() throws {
        let reads = try Expression.compile(formula: "SUM(energy) / COUNT(devices) + site.load").reads
        #expect(reads.paths == [["energy"], ["devices"], ["site", "load"]])
        #expect(try Expression.compile(formula: "a.b.c.d.e.f.g.h.i.j").reads.paths.map(\.count) == [8])
    }

    @Test("formulas nested or chained beyond reason are refused")
    func nesting() {
        for part in ["(", "-", "SUM(", "1+", "1^"] {
            let source = String(repeating: part, count: 10_000) + "1"
            #expect(throws: ExpressionError.self) { try Expression.compile(formula: source).evaluate(variables) }
        }
    }
}
