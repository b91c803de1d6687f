import Expressions
import Foundation
import JSON

/// How long expressions take: evaluated on a parsed document, from JSON text, and compiled; in CPU time.
enum ExpressionBenchmark {
    /// As a device sends it, 600 bytes with 20 readings.
    static let text: String = {
        let readings = (0..<20).map { "{\"value\": \(Double($0) + 0.5)}" }.joined(separator: ", ")
        return """
            {"device": "pump-17", "time": "2026-11-21T10:00:00.000Z", "temperature": 81.5, "humidity": 18.25, \
            "voltage": 230.4, "current": 4.2, "power_factor": 0.93, "status": "running", "site": "north", \
            "serial": "RK-2026-000017", "firmware": "2.14.3", "uplink": "ethernet", \
            "readings": [\(readings)]}
            """
    }()

    static let expressions = [
        "temperature > 80 and humidity < 20", "(voltage*current*power_factor)/1000",
        "$sum(readings.value)/$count(readings)",
    ]

    /// Prints a line for each: million evaluations a CPU second, and microseconds for one compilation.
    static func run(seconds: Double) throws {
        let bytes = Array(text.utf8)
        let document = Value(try JSONDocument(parsing: bytes))
        print("a document of \(bytes.count) bytes")
        for source in expressions {
            let expression = try Expressions.Expression.compile(source)
            let parsed = try rate(seconds) { _ = try expression.evaluate(document) }
            let fromText = try rate(seconds) { _ = try expression.evaluate(Value(JSONDocument(parsing: bytes))) }
            let compiling = try rate(seconds) { _ = try Expressions.Expression.compile(source) }
            let name = source.padding(toLength: 40, withPad: " ", startingAt: 0)
            let figures = String(
                format: "parsed %6.3f M/s   from text %6.3f M/s   compiled in %5.2f us", parsed / 1e6, fromText / 1e6,
                1e6 / compiling)
            print("rookery   \(name) \(figures)")
        }
    }

    /// The best of five spans, as other programs on the machine only ever slow one down.
    private static func rate(_ seconds: Double, _ body: () throws -> Void) rethrows -> Double {
        var best = 0.0
        for _ in 0..<5 {
            let start = ProcessorTime.ownSeconds()
            var (count, elapsed) = (0, 0.0)
            while elapsed < seconds / 5 {
                for _ in 0..<1_000 { try body() }
                count += 1_000
                elapsed = ProcessorTime.ownSeconds() - start
            }
            best = max(best, Double(count) / elapsed)
        }
        return best
    }
}
