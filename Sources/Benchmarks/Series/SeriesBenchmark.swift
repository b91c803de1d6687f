import Foundation
import SeriesCodec

/// Measures the series codec: `rookery-benchmarks series [SHARED] [DIRECTORY]`.
///
/// `SHARED` holds `data/water-flow.csv`. Into `DIRECTORY` go the numbers of each kind as little-endian float64, and this
/// codec's figures for them, so that a peer can be put beside them (`deploy/bench-series`). Times are CPU time, the best of
/// five rounds. Behind each figure that has a limit stands `ok` or `OVER`.
enum SeriesBenchmark {
    static let points = 1_440
    /// Nanoseconds a point.
    static let decodeLimit = 8.0
    static let encodeLimit = 100.0

    static func run(_ arguments: [String]) throws {
        let shared = arguments.first ?? "../shared"
        let directory = arguments.count > 1 ? arguments[1] : nil
        if let directory { try export(to: directory) }
        try kinds(directory)
        try clocks()
        try ownTimes()
        try waterFlow(shared)
        try DeviceDayBenchmark.run()
        try BucketBenchmark.run()
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

    /// A figure and, if it has a limit, what to think of it.
    static func judged(_ value: Double, _ format: String, limit: Double?) -> String {
        String(format: format, value) + " " + padded(verdict(value, limit: limit), 5)
    }

    /// - Parameter directory: gets the figures, one line a kind.
    private static func kinds(_ directory: String?) throws {
        print(
            """
            A day of minutes with a shared clock; sizes are of five days. "sketch" is the draft of this codec in
            design/sketches/series-codec of the shared material, its code run on these same points (the figures in its README are
            of other points). It counts the bytes of the values alone, as "values" does; "all" has the header, the reference to
            the clock and the checksum, too. Decoding begins with the bytes and checks them. "encode" tries everything, "then" begins
            with the choice of the series' last chunk. Accept: values <= sketch, decode <= 8 ns, encode <= 100 ns a point.
            """)
        print(padded("kind") + " values B/point   sketch     all   decode ns      encode ns      then")
        let times = (0..<points).map { SeriesData.start + 60_000 * Int64($0) }
        let clock = try SharedClock(times)
        var lines: [String] = []
        for kind in SeriesData.kinds {
            let chunks = try (1...5).map { seed in
                try SeriesChunk(Series(times: times, values: kind.make(points, UInt64(seed))), clock: clock)
            }
            let count = Double(chunks.count * points)
            let values = Double(chunks.reduce(0) { $0 + $1.valueByteCount }) / count
            let all = Double(chunks.reduce(0) { $0 + $1.bytes.count }) / count
            let speed = try Speed(Series(times: times, values: kind.make(points, 1)), clock: clock)
            let sketch = kind.sketch.map { String(format: "%7.4f", $0) } ?? "      -"
            print(
                padded(kind.name) + judged(values, "%9.4f", limit: kind.sketch) + "  \(sketch) "
                    + String(format: "%7.4f", all) + "   " + speed.text)
            lines.append("\(kind.name)\t\(all)\t\(speed.decode)\t\(speed.first)")
        }
        guard let directory else { return }
        try lines.joined(separator: "\n").write(toFile: directory + "/ours.tsv", atomically: true, encoding: .utf8)
    }

    private static func clocks() throws {
        print(
            """

            Clocks of a day of minutes: the section of times, which is what the sketch counts, and the whole clock chunk. Accept as above.
            The sketch's README has .95 for server milliseconds; these here are spread evenly over 200 ms, which is .955 at least.
            """)
        print(padded("clock") + "  times B/point   sketch     all   decode ns      encode ns")
        for clock in SeriesData.clocks {
            let bytes = try (1...5).reduce(0) { sum, seed in
                sum + (try SharedClock(clock.make(points, UInt64(seed))).bytes.count)
            }
            let size = Double(bytes) / Double(5 * points)
            let times = clock.make(points, 1)
            let chunk = try SharedClock(times).bytes
            let decode = try nanoseconds(calls: 200) { _ = try SharedClock(bytes: chunk) } / Double(points)
            let encode = try nanoseconds(calls: 50) { _ = try SharedClock(times) } / Double(points)
            // Header and checksum are nine bytes.
            let section = size - 9 / Double(points)
            print(
                padded(clock.name) + judged(section, "%9.4f", limit: clock.sketch)
                    + String(format: "  %7.4f %7.4f   ", clock.sketch, size)
                    + judged(decode, "%8.2f", limit: decodeLimit) + judged(encode, "%9.1f", limit: encodeLimit))
        }
    }

    private static func ownTimes() throws {
        print(
            "\nWith times of their own in the chunk: all bytes, times and values decoded and encoded. Accept as above.")
        print(padded("kind, clock", 52) + "all B/point   decode ns      encode ns      then")
        for name in ["temperature, 1 decimal", "voltage", "float64 noise", "status code"] {
            guard let kind = SeriesData.kinds.first(where: { $0.name == name }) else { continue }
            for clock in SeriesData.clocks {
                let series = Series(times: clock.make(points, 1), values: kind.make(points, 1))
                let size = Double(try SeriesChunk(series).bytes.count) / Double(points)
                print(
                    padded("\(name), \(clock.name)", 52) + String(format: "%11.4f   ", size)
                        + (try Speed(series, clock: nil).text))
            }
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
            "\nwater-flow.csv, \(series.count) points with times of their own. Accept: no more bytes than the sketch; times as above."
        )
        for (name, size, sketch) in [
            ("bytes with times, header and checksum", chunk.bytes.count, 1_319),
            ("values", chunk.valueByteCount, 1_256),
        ] {
            print(padded(name, 52) + judged(Double(size), "%8.0f", limit: Double(sketch)) + " sketch \(sketch)")
        }
        print(padded("decode, encode, then: ns a point", 52) + (try Speed(series, clock: nil).text))
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

    /// Of one series, in nanoseconds a point.
    private struct Speed {
        /// From the bytes to the columns.
        let decode: Double
        /// With everything tried.
        let first: Double
        let text: String

        init(_ series: Series, clock: SharedClock?) throws {
            let count = Double(series.count)
            var choice = EncodingChoice()
            let bytes = try SeriesChunk(series, clock: clock, choice: &choice).bytes
            decode = try nanoseconds(calls: 200) { _ = try SeriesChunk(bytes: bytes).decode(clock: clock) } / count
            first = try nanoseconds(calls: 50) { _ = try SeriesChunk(series, clock: clock) } / count
            let then = try nanoseconds(calls: 50) {
                var last = choice
                _ = try SeriesChunk(series, clock: clock, choice: &last)
            }
            text =
                judged(decode, "%8.2f", limit: decodeLimit) + judged(first, "%9.1f", limit: encodeLimit)
                + judged(then / count, "%8.1f", limit: encodeLimit)
        }
    }
}
