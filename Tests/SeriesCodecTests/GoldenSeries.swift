import SeriesCodec

/// Series whose chunks of version 1 are kept in ``GoldenChunks``. Plain arithmetic, so that they are the same everywhere.
enum GoldenSeries {
    static let start: Int64 = 1_767_225_600_000
    static let minutes = (0..<120).map { start + 60_000 * Int64($0) }

    static func named(_ name: String) -> Series? {
        switch name {
        case "decimals on a grid": Series(times: minutes, values: .float64(wave.map { Double($0) / 10 }))
        case "thirds, drifting": Series(times: drifting, values: .float64(wave.map { Double($0) / 3 }))
        case "corrected quotients, waits": Series(times: waits, values: .float64(wave.map { Double($0) / 10 * 3 }))
        case "numbers without a shape, jittering":
            Series(times: jittering, values: .integer(bits.map { Int64($0 % 251) }))
        case "odd numbers": Series(times: minutes, values: .float64(odd))
        case "bits of 32": Series(times: minutes, values: .float32(bits.map { Float(bitPattern: $0) }))
        case "integers, some null, some bad":
            Series(
                times: minutes, values: .integer(wave.map { Int64($0 * 7) }), nulls: (0..<120).map { $0 % 13 == 4 },
                quality: (0..<120).map { $0 % 50 == 9 ? 192 : 0 })
        case "switch on a clock": Series(times: every(3), values: .boolean((0..<40).map { $0 / 9 % 2 == 1 }))
        case "texts on a clock":
            Series(
                times: every(1),
                values: .text(TextColumn((0..<120).map { ["idle", "running", "caf\u{E9}"][$0 / 7 % 3] })))
        case "JSON": Series(times: waits, values: .json(TextColumn((0..<120).map { #"{"n":\#($0 % 5),"s":"x"}"# })))
        case "many numbers, tables of 2,048 and 1,024 states":
            Series(times: irregular, values: .float64(rareSteps.map { Double($0) / 10 }))
        default: nil
        }
    }

    /// Numbers without a pattern.
    private static func mixed(_ place: Int) -> UInt64 {
        var mixed = UInt64(place) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        return mixed ^ (mixed >> 27)
    }

    /// As many as need the largest table.
    private static let rareSteps = (0..<9_000).map { place in 215 + mixed(place).trailingZeroBitCount / 2 }
    private static let irregular = (0..<9_000).map { (place: Int) -> Int64 in
        let late = mixed(20_000 + place).trailingZeroBitCount / 3 * 100
        return start + Int64(1_000 * place + late)
    }

    private static let wave = (0..<120).map { (place: Int) -> Int in
        let (up, down) = (place * place * 31 % 17, place * 7 % 23)
        return 215 + up - down
    }
    private static let drifting = (0..<120).map { (place: Int) -> Int64 in
        let milliseconds = 60_003 * place + place * 37 % 11
        return start + Int64(milliseconds)
    }
    private static let jittering = (0..<120).map { (place: Int) -> Int64 in
        let milliseconds = 60_000 * place + place * place * 7_919 % 199
        return start + Int64(milliseconds)
    }
    private static let waits = (0..<120).map { (place: Int) -> Int64 in
        let milliseconds = place * place * 977 + place * 37 % 11
        return start + Int64(milliseconds)
    }
    private static let bits = (0..<120).map { (place: Int) -> UInt32 in
        let step = place * place * 7_919 % 100_003
        return 0x41A0_0000 + UInt32(step)
    }

    private static let odd = (0..<120).map { place -> Double in
        switch place {
        case 0: -0.0
        case 20: Double(bitPattern: 0x7FF8_0000_DEAD_BEEF)
        case 40: -.infinity
        case 60: .leastNonzeroMagnitude
        default: Double(bitPattern: 0x4034_0000_0000_0000 + UInt64(place * place) * 0x1F3_5791_3579)
        }
    }

    private static func every(_ step: Int) -> [Int64] { stride(from: 0, to: 120, by: step).map { minutes[$0] } }
}
