import Foundation
import SeriesCodec

/// The payload of a device that sends a message a minute with ten values of mixed kinds.
enum DeviceDayBenchmark {
    private static let names = [
        "temperature, 1 decimal", "temperature, 2 decimals", "kWh counter", "on/off", "set-point", "status text",
        "voltage",
        "GPS latitude", "integer level", "float32 noise",
    ]

    static func run() throws {
        print(
            "\nA device's day: \(names.count) series of a minute with a shared clock, all bytes counted. Accept: <= 1.2 B/point."
        )
        for clock in SeriesData.clocks where clock.name != "random events" {
            for missing in [0, 100] {
                let size = try bytesPerPoint(clock.make(SeriesBenchmark.points, 9), missing: missing)
                let name = clock.name + (missing > 0 ? ", each series lacks 1 %" : "")
                print(
                    SeriesBenchmark.padded(name, 52)
                        + String(format: "%7.4f ", size) + SeriesBenchmark.verdict(size, limit: 1.2))
            }
        }
    }

    /// - Parameter missing: each series lacks one point of so many; 0: none.
    private static func bytesPerPoint(_ times: [Int64], missing: Int) throws -> Double {
        let clock = try SharedClock(times)
        var (bytes, points) = (clock.bytes.count, 0)
        for (seed, kind) in SeriesData.kinds.filter({ names.contains($0.name) }).enumerated() {
            var random = SeededRandom(seed: UInt64(seed))
            let whole = Series(times: times, values: kind.make(times.count, UInt64(seed)))
            var series = Series(empty: whole.values.kind)
            for place in times.indices where missing == 0 || Int(random.next() % UInt64(missing)) != 0 {
                series.times.append(times[place])
                try series.values.append(whole.values, place..<place + 1)
            }
            bytes += try SeriesChunk(series, clock: clock).bytes.count
            points += series.count
        }
        return Double(bytes) / Double(points)
    }
}
