import Foundation
import SeriesCodec

/// Times of what the platform does with chunks.
enum SeriesOperationsBenchmark {
    static func run() throws {
        try changes()
        try differentTexts()
    }

    private static func report(_ name: String, _ nanoseconds: Double, limit: Double?) {
        let milliseconds = nanoseconds / 1e6
        print(
            SeriesBenchmark.padded(name, 72)
                + SeriesBenchmark.judged(milliseconds, "%7.4f ms", limit: limit))
    }

    private static func changes() throws {
        print(
            "\nChanges of a chunk of 1,440 points with times of its own. Accept: late points in <= 0.2 ms; the rest has no limit."
        )
        for name in ["temperature, 1 decimal", "voltage", "float32 noise", "status text"] {
            guard let kind = SeriesData.kinds.first(where: { $0.name == name }) else { continue }
            for isOnGrid in [true, false] { try latePoints(name, kind, isOnGrid: isOnGrid) }
            let chunk = try SeriesChunk(Series(times: minutes(1_440), values: kind.make(1_440, 1)))
            let (from, until) = (SeriesData.start + 600 * 60_000, SeriesData.start + 660 * 60_000)
            let removed = try SeriesBenchmark.nanoseconds(calls: 50) {
                var choice = EncodingChoice()
                _ = try chunk.removing(from: from, until: until, choice: &choice)
            }
            report("\(name): an hour deleted, everything tried", removed, limit: nil)
            let range = try SeriesBenchmark.nanoseconds(calls: 200) { _ = try chunk.decode(from: from, until: until) }
            report("\(name): an hour in the middle decoded", range, limit: nil)
        }
    }

    private static func minutes(_ count: Int) -> [Int64] { (0..<count).map { SeriesData.start + 60_000 * Int64($0) } }

    /// Ten points of a series are held back and come late.
    /// - Parameter isOnGrid: whether the late points lie on the grid of the others, or at any milliseconds.
    private static func latePoints(_ name: String, _ kind: SeriesData.Kind, isOnGrid: Bool) throws {
        let count = SeriesBenchmark.points
        var random = SeededRandom(seed: 5)
        var late: Set<Int> = []
        while late.count < 10 { late.insert(1 + Int(random.next() % UInt64(count))) }
        var times = minutes(count + 10)
        if !isOnGrid { for place in late { times[place] += Int64(random.next() % 60_000) } }
        let values = kind.make(count + 10, 1)
        var (early, batch) = (Series(empty: values.kind), Series(empty: values.kind))
        for place in times.indices {
            if late.contains(place) {
                batch.times.append(times[place])
                try batch.values.append(values, place..<place + 1)
            } else {
                early.times.append(times[place])
                try early.values.append(values, place..<place + 1)
            }
        }
        var choice = EncodingChoice()
        let chunk = try SeriesChunk(early, choice: &choice)
        let first = try SeriesBenchmark.nanoseconds(calls: 50) {
            var choice = EncodingChoice()
            _ = try chunk.merging(batch, choice: &choice)
        }
        let text = "\(name): 10 late points \(isOnGrid ? "on the grid" : "at any time")"
        report(text + ", everything tried", first, limit: 0.2)
        let then = try SeriesBenchmark.nanoseconds(calls: 50) {
            var last = choice
            _ = try chunk.merging(batch, choice: &last)
        }
        report(text + ", last choice", then, limit: 0.2)
    }

    /// A chunk whose dictionary is as long as it may be: nothing may be done for each entry that takes longer with more.
    private static func differentTexts() throws {
        let count = 10_000
        print("\nA chunk of \(count) different JSON texts, which nothing limits: time for all of them.")
        let texts = (0..<count).map { place in
            #"{"serial":"\#(1_000_003 * place % 999_983)","firmware":"4.\#(place % 7)","online":true}"#
        }
        let series = Series(times: minutes(count), values: .json(TextColumn(texts)))
        let chunk = try SeriesChunk(series)
        let late = Series(
            times: (0..<10).map { SeriesData.start + 59_999_937 * Int64($0) },
            values: .json(TextColumn(texts.prefix(10))))
        let decode = try SeriesBenchmark.nanoseconds(calls: 5) { _ = try chunk.decode() }
        report("decoded", decode, limit: nil)
        let encode = try SeriesBenchmark.nanoseconds(calls: 5) { _ = try SeriesChunk(series) }
        report("encoded", encode, limit: nil)
        let merge = try SeriesBenchmark.nanoseconds(calls: 5) {
            var choice = EncodingChoice()
            _ = try chunk.merging(late, choice: &choice)
        }
        report("10 late texts merged", merge, limit: nil)
    }
}
