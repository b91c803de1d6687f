import Foundation
import SeriesCodec

/// Measures the series codec: `rookery-benchmarks series [SHARED] [DIRECTORY]`.
///
/// `SHARED` holds `data/water-flow.csv`. Into `DIRECTORY` go the numbers of each kind as little-endian float64, so that
/// a peer can be measured on the same points (`deploy/bench-series`). Times are CPU time, the best of five rounds.
enum SeriesBenchmark {
    static let points = 1_440

    static func run(_ arguments: [String]) throws {
        let shared = arguments.first ?? "../shared"
        if arguments.count > 1 { try export(to: arguments[1]) }
        try kinds()
        try clocks()
        try waterFlow(shared)
        try DeviceDayBenchmark.run()
        try SeriesOperationsBenchmark.run()
    }

    /// The best time of one call, in nanoseconds.
    static func nanoseconds(calls: Int, _ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<5 {
            let start = ProcessorTime.ownSeconds()
            for _ in 0..<calls { try body() }
            best = min(best, ProcessorTime.ownSeconds() - start)
        }
        return best * 1e9 / Double(calls)
    }

    static func verdict(_ value: Double, limit: Double?) -> String {
        guard let limit else { return "" }
        return value <= limit ? "ok" : "OVER"
    }

    static func padded(_ name: String, _ width: Int = 28) -> String {
        name.padding(toLength: width, withPad: " ", startingAt: 0)
    }

    private static func kinds() throws {
        print(
            "A day of minutes, values only; five days each. Accept: no more bytes than the sketch, <= 8 ns, <= 100 ns.")
        print(padded("kind") + "  B/point  sketch        decode ns   encode ns: first, then")
        let times = (0..<points).map { SeriesData.start + 60_000 * Int64($0) }
        let clock = try SharedClock(times)
        for kind in SeriesData.kinds {
            let bytes = try (1...5).reduce(0) { sum, seed in
                let series = Series(times: times, values: kind.make(points, UInt64(seed)))
                return sum + (try SeriesChunk(series, clock: clock).valueByteCount)
            }
            let size = Double(bytes) / Double(5 * points)
            let series = Series(times: times, values: kind.make(points, 1))
            let speed = try Speed(series, clock: clock)
            let sketch = kind.sketch.map { String(format: "%7.4f", $0) } ?? "      -"
            let mark = padded(verdict(size, limit: kind.sketch), 4)
            print(padded(kind.name) + String(format: "  %7.4f %@ %@ ", size, sketch, mark) + speed.text)
        }
    }

    private static func clocks() throws {
        print("\nClocks of a day of minutes: B/point, sketch, decode ns, encode ns")
        for clock in SeriesData.clocks {
            let bytes = try (1...5).reduce(0) { sum, seed in
                sum + (try SharedClock(clock.make(points, UInt64(seed))).bytes.count)
            }
            let size = Double(bytes) / Double(5 * points)
            let times = clock.make(points, 1)
            let chunk = try SharedClock(times).bytes
            let decode = try nanoseconds(calls: 200) { _ = try SharedClock(bytes: chunk) } / Double(points)
            let encode = try nanoseconds(calls: 50) { _ = try SharedClock(times) } / Double(points)
            // The sketch's figure is the section without header and checksum, which are nine bytes here.
            let section = size - 9 / Double(points)
            let mark = padded(verdict(section, limit: clock.sketch), 4)
            print(
                padded(clock.name)
                    + String(
                        format: "  %7.4f %7.4f %@ %8.2f %12.1f", section, clock.sketch ?? 0, mark, decode, encode))
        }
    }

    private static func waterFlow(_ shared: String) throws {
        let file = shared + "/data/water-flow.csv"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            print("\nwater-flow.csv is not in \(shared)/data: give that directory as an argument.")
            return
        }
        let rows = text.split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
        let format = ISO8601DateFormatter()
        let times = rows.compactMap { format.date(from: String($0[0])) }.map { Int64($0.timeIntervalSince1970 * 1_000) }
        let series = Series(times: times, values: .float64(rows.compactMap { Double($0[1]) }))
        let chunk = try SeriesChunk(series)
        print(
            "\nwater-flow.csv: \(series.count) points, \(chunk.bytes.count) bytes with times, header and checksum (the sketch"
                + " 1319), of which values \(chunk.valueByteCount) (the sketch 1256)")
        print("  " + (try Speed(series, clock: nil)).text)
    }

    private static func export(to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for kind in SeriesData.kinds {
            let numbers: [Double] = (1...5).flatMap { seed -> [Double] in
                let values = kind.make(points, UInt64(seed))
                return (0..<points).compactMap { values.number(at: $0) }
            }
            guard numbers.count == 5 * points else { continue }
            let name = kind.name.replacingOccurrences(of: "/", with: "-")
            try numbers.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: "\(directory)/\(name).f64"))
        }
    }

    /// Of one series.
    private struct Speed {
        let text: String

        init(_ series: Series, clock: SharedClock?) throws {
            let count = Double(series.count)
            var choice = EncodingChoice()
            let chunk = try SeriesChunk(series, clock: clock, choice: &choice)
            let decode = try nanoseconds(calls: 200) { _ = try chunk.decode(clock: clock) } / count
            let first = try nanoseconds(calls: 50) { _ = try SeriesChunk(series, clock: clock) } / count
            let then = try nanoseconds(calls: 50) {
                var last = choice
                _ = try SeriesChunk(series, clock: clock, choice: &last)
            }
            text =
                String(format: "%8.2f ", decode) + padded(verdict(decode, limit: 8), 4)
                + String(format: " %8.1f ", first) + padded(verdict(first, limit: 100), 4)
                + String(format: "%8.1f", then / count)
        }
    }
}
