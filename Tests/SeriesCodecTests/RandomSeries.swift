import SeriesCodec

/// Series of every kind and shape, from plain to nasty.
enum RandomSeries {
    static func make(_ random: inout Random, _ size: Int, kind: ValueKind? = nil) -> Series {
        let kind = kind ?? ValueKind.allCases[random.below(ValueKind.allCases.count)]
        var series = Series(times: times(&random, size), values: values(&random, size, kind))
        if random.chance(3) {
            let share = 1 + random.below(30)
            series.nulls = (0..<size).map { _ in random.chance(share) }
        }
        if random.chance(3) {
            let share = 1 + random.below(30)
            series.quality = (0..<size).map { _ in random.chance(share) ? UInt16(truncatingIfNeeded: random.next()) : 0
            }
        }
        return series
    }

    static func times(_ random: inout Random, _ size: Int) -> [Int64] {
        let form = random.below(8)
        let step = Int64(1 + random.below(100_000))
        var time = form == 7 ? Int64(truncatingIfNeeded: random.next()) >> 2 : 1_767_225_600_000
        let start = time
        return (0..<size).map { place in
            switch form {
            case 0: return start + step * Int64(place)
            case 1: time += random.chance(20) ? step * Int64(random.below(9)) : step
            case 2: time += step + Int64(random.below(7))
            case 3: return start + step * Int64(place) + Int64(random.below(Int(step)))
            case 4: time += Int64(random.below(Int(step)))
            case 5: time += random.chance(2) ? 0 : step
            case 6: break
            default: time += Int64(random.next() >> UInt64(14 + random.below(50)))
            }
            return time
        }.sorted()
    }

    static func values(_ random: inout Random, _ size: Int, _ kind: ValueKind) -> SeriesValues {
        switch kind {
        case .float64: .float64(doubles(&random, size))
        case .float32: .float32(doubles(&random, size).map { oddFloat(&random) ?? Float($0) })
        case .integer: .integer(integers(&random, size))
        case .boolean: .boolean((0..<size).map { _ in random.chance(9) })
        case .text, .json: texts(&random, size, kind)
        }
    }

    private static func doubles(_ random: inout Random, _ size: Int) -> [Double] {
        let form = random.below(12)
        let places = [1, 10, 100, 1_000, 1e6, 1e9, 3, 12, 30, 4_096][random.below(10)]
        let odd = [0, 0, 4, 30, 300][random.below(5)]
        var walk = random.uniform() * 1_000 - 500
        return (0..<size).map { place in
            walk += random.uniform() - 0.5
            if odd > 0 && random.chance(odd) { return oddDouble(&random) }
            switch form {
            case 0: return 21.5
            case 1...4: return (walk * places).rounded() / places
            case 5: return Double(Float(walk))
            case 6: return Double(bitPattern: random.next())
            case 7: return (walk * 10).rounded() * 0.1
            case 8: return Double(Float((walk * 10).rounded()) / 10)
            case 9: return (walk * places).rounded() / places + (random.chance(5) ? 0.01 : 0)
            case 10: return -0.0
            default: return walk
            }
        }
    }

    static func oddDouble(_ random: inout Random) -> Double {
        let odd: [Double] = [
            .nan, -.nan, .signalingNaN, .infinity, -.infinity, -0.0, 0, .leastNonzeroMagnitude,
            -.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            Double(bitPattern: 0x7FF8_0000_DEAD_BEEF), Double(bitPattern: 0xFFF0_0000_0000_0001), 1e300, 1.0e-300,
            9_007_199_254_740_992, -4_503_599_627_370_497, 0.1 + 0.2,
        ]
        return odd[random.below(odd.count)]
    }

    private static func oddFloat(_ random: inout Random) -> Float? {
        guard random.chance(40) else { return nil }
        let odd: [Float] = [
            .nan, .signalingNaN, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
            Float(bitPattern: 0x7FC0_BEEF), Float(bitPattern: 0xFF80_0001),
        ]
        return odd[random.below(odd.count)]
    }

    private static func integers(_ random: inout Random, _ size: Int) -> [Int64] {
        let form = random.below(6)
        let scale = Int64(1 + random.below(1_000))
        var walk: Int64 = 0
        return (0..<size).map { place in
            walk += Int64(random.below(21)) - 10
            switch form {
            case 0: return walk * scale
            case 1: return Int64(truncatingIfNeeded: random.next())
            case 2: return random.chance(2) ? .min : .max
            case 3: return Int64(place) * scale
            case 4: return random.chance(50) ? Int64(truncatingIfNeeded: random.next()) : walk
            default: return [.min, 0, .max, -1, 1][random.below(5)]
            }
        }
    }

    private static func texts(_ random: inout Random, _ size: Int, _ kind: ValueKind) -> SeriesValues {
        // The second and third are equal to Unicode, and must not be made one.
        let words = ["running", "caf\u{E9}", "cafe\u{301}", "", "stopped", "läuft", "🌊", "a", "aa", "aaa"]
        let different = 1 + random.below(words.count)
        if kind == .text {
            return .text(TextColumn((0..<size).map { _ in words[random.below(different)] }))
        }
        return .json(
            TextColumn(
                (0..<size).map { _ in
                    random.chance(2)
                        ? #"{"state":"\#(words[random.below(different)])","n":[1,2,\#(random.below(400))]}"# : "null"
                }))
    }
}
