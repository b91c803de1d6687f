import Testing

/// Numbers from a seed, the same on every machine.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
    mutating func chance(_ one: Int) -> Bool { below(one) == 0 }
    mutating func uniform() -> Double { Double.random(in: 0..<1, using: &self) }
}

/// Tries a property with many seeds. A case that fails is tried again with smaller sizes, and the smallest size that
/// fails is reported with its seed; `property(Random(seed: …), size)` is then the case to look at.
/// - Parameter property: says what is wrong, or nothing.
func check(
    cases: Int = 150, sizes: ClosedRange<Int> = 1...2_500, sourceLocation: SourceLocation = #_sourceLocation,
    _ property: (_ random: inout Random, _ size: Int) throws -> String?
) {
    func failure(_ seed: UInt64, _ size: Int) -> String? {
        var random = Random(seed: seed)
        do { return try property(&random, size) } catch { return "throws \(error)" }
    }
    for seed in 1...UInt64(cases) {
        var random = Random(seed: seed)
        // Small sizes are as likely as large ones.
        var size = min(sizes.upperBound, sizes.lowerBound + random.below(1 << random.below(13)))
        guard var complaint = failure(seed, size) else { continue }
        for smaller in [1, 2, 3, 5, 10, 20, 50, 100, 300] where smaller < size && smaller >= sizes.lowerBound {
            if let simpler = failure(seed, smaller) {
                (size, complaint) = (smaller, simpler)
                break
            }
        }
        Issue.record("seed \(seed), size \(size): \(complaint)", sourceLocation: sourceLocation)
        return
    }
}
