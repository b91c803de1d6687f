import Foundation
import SeriesCodec

/// Data such as devices send, made anew and the same on every run.
enum SeriesData {
    static let start: Int64 = 1_767_225_600_000

    struct Kind: Sendable {
        let name: String
        /// What the sketch of this codec needed on the same points, in bytes a point of values; `nil` where it has no such kind.
        let sketch: Double?
        let make: @Sendable (_ count: Int, _ seed: UInt64) -> SeriesValues
    }

    static func rounded(_ value: Double, _ places: Double) -> Double { (value * places).rounded() / places }

    /// A random walk that is drawn back to its mean, over a daily wave.
    static func temperature(_ count: Int, _ seed: UInt64, noise: Double = 0.02) -> [Double] {
        var random = SeededRandom(seed: seed)
        var drift = 0.0
        return (0..<count).map { place in
            drift += 0.03 * random.normal() - 0.01 * drift
            return 20 + 3 * sin(2 * .pi * Double(place) / 1_440) + drift + noise * random.normal()
        }
    }

    static func counter(_ count: Int, _ seed: UInt64) -> [Double] {
        var random = SeededRandom(seed: seed)
        var total = 15_230.0
        return (0..<count).map { place in
            let day = 0.6 + 0.4 * sin(2 * .pi * Double(place) / 1_440)
            total += max(0, day * 0.05 + 0.02 * random.normal())
            return rounded(total, 100)
        }
    }

    static func switching(_ count: Int, _ seed: UInt64) -> [Bool] {
        var random = SeededRandom(seed: seed)
        var isOn = false
        return (0..<count).map { _ in
            if random.uniform() < 0.01 { isOn.toggle() }
            return isOn
        }
    }

    static func setPoint(_ count: Int, _ seed: UInt64) -> [Double] {
        (0..<count).map { place -> Double in
            let minute = (place + Int(seed % 60)) % 1_440
            return minute >= 360 && minute < 1_320 ? 21.5 : 17
        }
    }

    static func status(_ count: Int, _ seed: UInt64) -> [Int] {
        var random = SeededRandom(seed: seed)
        var state = 0
        return (0..<count).map { _ in
            if random.uniform() < 0.02 { state = Int(random.next() % 5) }
            return state
        }
    }

    static func voltage(_ count: Int, _ seed: UInt64) -> [Double] {
        var random = SeededRandom(seed: seed)
        var drift = 0.0
        return (0..<count).map { _ in
            drift += 0.2 * random.normal() - 0.02 * drift
            return rounded(230 + drift + 0.4 * random.normal(), 10)
        }
    }

    static func latitude(_ count: Int, _ seed: UInt64) -> [Double] {
        var random = SeededRandom(seed: seed)
        var (place, speed) = (52.370216, 0.0)
        return (0..<count).map { _ in
            speed = 0.95 * speed + 0.00002 * random.normal()
            place += speed
            return rounded(place, 1_000_000)
        }
    }

    static func level(_ count: Int, _ seed: UInt64) -> [Int64] {
        var random = SeededRandom(seed: seed)
        return (0..<count).map { place in
            let wave: Double = 900 * sin(2 * .pi * Double(place) / 720)
            return 2_000 + Int64(wave + 6 * random.normal())
        }
    }

    static func means(_ count: Int, _ seed: UInt64) -> [Double] {
        let values = temperature(3 * count, seed).map { rounded($0, 10) }
        return (0..<count).map { place in
            let sum = values[3 * place] + values[3 * place + 1] + values[3 * place + 2]
            return sum / 3
        }
    }

    static let kinds: [Kind] = [
        Kind(name: "temperature, 1 decimal", sketch: 0.1950) { count, seed in
            .float64(temperature(count, seed).map { rounded($0, 10) })
        },
        Kind(name: "temperature, 2 decimals", sketch: 0.5504) { count, seed in
            .float64(temperature(count, seed).map { rounded($0, 100) })
        },
        Kind(name: "kWh counter", sketch: 0.4101) { .float64(counter($0, $1)) },
        Kind(name: "on/off", sketch: 0.0183) { .boolean(switching($0, $1)) },
        Kind(name: "set-point", sketch: 0.0139) { .float64(setPoint($0, $1)) },
        Kind(name: "status code", sketch: 0.0254) { .integer(status($0, $1).map { Int64($0) }) },
        Kind(name: "status text", sketch: nil) { count, seed in
            let names = ["running", "idle", "fault", "starting", "stopping"]
            return .text(TextColumn(status(count, seed).map { names[$0] }))
        },
        Kind(name: "voltage", sketch: 0.5782) { .float64(voltage($0, $1)) },
        Kind(name: "GPS latitude", sketch: 0.8267) { .float64(latitude($0, $1)) },
        Kind(name: "integer level", sketch: 0.6794) { .integer(level($0, $1)) },
        Kind(name: "float32 noise", sketch: 2.3903) { count, seed in
            .float64(temperature(count, seed, noise: 0.2).map { Double(Float($0)) })
        },
        Kind(name: "float32 kind, noise", sketch: 2.3903) { count, seed in
            .float32(temperature(count, seed, noise: 0.2).map { Float($0) })
        },
        Kind(name: "float32 kind, decimals", sketch: 0.1950) { count, seed in
            .float32(temperature(count, seed).map { Float(rounded($0, 10)) })
        },
        Kind(name: "float64 noise", sketch: 6.0161) { .float64(temperature($0, $1, noise: 0.2)) },
        Kind(name: "thirds", sketch: 5.7929) { count, seed in
            .float64(voltage(count, seed).map { ($0 * 10).rounded() / 3 })
        },
        Kind(name: "twelfths", sketch: 5.3929) { count, seed in
            .float64(temperature(count, seed).map { ($0 * 12).rounded() / 12 })
        },
        Kind(name: "mean of three decimals", sketch: 5.8072) { .float64(means($0, $1)) },
        Kind(name: "converter, k x 3.3 / 4096", sketch: 5.9062) { count, seed in
            .float64(level(count, seed).map { Double($0) * 3.3 / 4_096 })
        },
        Kind(name: "Fahrenheit to Celsius", sketch: 5.7160) { count, seed in
            .float64(temperature(count, seed).map { (rounded($0 * 1.8 + 32, 10) - 32) * 5 / 9 })
        },
    ]

    struct Clock: Sendable {
        let name: String
        /// As of ``Kind``: of the times' section.
        let sketch: Double
        let make: @Sendable (_ count: Int, _ seed: UInt64) -> [Int64]
    }

    static let clocks: [Clock] = [
        Clock(name: "exact minute", sketch: 0.0083) { count, _ in (0..<count).map { start + 60_000 * Int64($0) } },
        Clock(name: "exact minute, 2 % missing", sketch: 0.0321) { count, seed in
            var random = SeededRandom(seed: seed)
            var place: Int64 = 0
            return (0..<count).map { _ in
                place += random.uniform() < 0.02 ? 2 : 1
                return start + 60_000 * place
            }
        },
        Clock(name: "timer drift", sketch: 0.4826) { count, seed in
            var random = SeededRandom(seed: seed)
            var time = Double(start)
            return (0..<count).map { _ in
                time += 60_003.7 + 3 * random.normal()
                return Int64(time)
            }
        },
        Clock(name: "server milliseconds", sketch: 1.0546) { count, seed in
            var random = SeededRandom(seed: seed)
            return (0..<count).map { start + 60_000 * Int64($0) + Int64(random.next() % 200) }
        },
        Clock(name: "random events", sketch: 2.2524) { count, seed in
            var random = SeededRandom(seed: seed)
            var time = Double(start)
            return (0..<count).map { _ in
                time += -60_000 * log(1 - random.uniform())
                return Int64(time)
            }
        },
    ]
}
