/// A few values of a chunk that lie evenly, to find the forms that are worth a trial.
struct NumberSample {
    private static let size = 64
    private static let decimals = 15
    /// Of a divisor that is no power of ten.
    private static let largestDivisor: UInt64 = 10_000_000
    /// A fraction whose parts have more bits together says nothing: any double is near one.
    private static let fractionBits = 40

    private let values: [Double]

    init(_ values: UnsafeBufferPointer<Double>) {
        let every = max(1, values.count / Self.size)
        self.values = stride(from: 0, to: values.count, by: every).map { values[$0] }.filter(\.isFinite)
    }

    init(_ values: UnsafeBufferPointer<Float>) {
        let every = max(1, values.count / Self.size)
        self.values = stride(from: 0, to: values.count, by: every).map { Double(values[$0]) }.filter(\.isFinite)
    }

    /// Whether seven of eight values pass.
    private func mostly(_ test: (Double) -> Bool) -> Bool {
        var failures = 0
        for value in values where !test(value) {
            failures += 1
            if 8 * failures > values.count { return false }
        }
        return true
    }

    /// The least power of ten of which most values are quotients.
    func powerOfTen() -> UInt64? {
        var power: UInt64 = 1
        for _ in 0...Self.decimals {
            let divisor = Double(power)
            if mostly({ (Double(Quotient.nearest($0, divisor: divisor)) / divisor).bitPattern == $0.bitPattern }) {
                return power
            }
            power *= 10
        }
        return nil
    }

    /// Whether most values have 32 bits.
    var isNarrow: Bool { mostly { Quotient.narrow($0) != nil } }

    /// As ``powerOfTen()``, for values of 32 bits.
    func narrowPowerOfTen() -> UInt64? {
        var power: UInt64 = 1
        for _ in 0...7 {
            let divisor = Float(power)
            if mostly({ Quotient.integer(of: $0, divisor: divisor) != nil }) { return power }
            power *= 10
        }
        return nil
    }

    /// A number of which most values are quotients but for some units in the last place: the common denominator of the
    /// fractions that the values are near to. Thirds, twelfths, steps of a converter, averages of decimals.
    func denominator() -> UInt64? {
        var common: UInt64 = 1
        for value in values.prefix(32) {
            guard let denominator = Self.denominator(of: value) else { continue }
            let next = common / Self.commonDivisor(common, denominator) * denominator
            if next <= Self.largestDivisor { common = next }
        }
        let divisor = Double(common)
        let fits = mostly { value in
            let quotient = Double(Quotient.nearest(value, divisor: divisor)) / divisor
            return abs(quotient - value) <= 4 * value.ulp
        }
        return fits ? common : nil
    }

    private static func commonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// Of the simplest fraction within four units in the last place, by continued fractions.
    private static func denominator(of value: Double) -> UInt64? {
        let target = abs(value)
        guard target < 1e12, target > 1e-9 else { return nil }
        var rest = target
        var (numerator, lastNumerator) = (1.0, 0.0)
        var (denominator, lastDenominator) = (0.0, 1.0)
        for _ in 0..<24 {
            let whole = rest.rounded(.down)
            (numerator, lastNumerator) = (whole * numerator + lastNumerator, numerator)
            (denominator, lastDenominator) = (whole * denominator + lastDenominator, denominator)
            guard denominator <= Double(largestDivisor), numerator * denominator < Double(1 << fractionBits) else {
                return nil
            }
            if abs(numerator / denominator - target) <= 4 * target.ulp { return UInt64(denominator) }
            guard rest > whole else { return nil }
            rest = 1 / (rest - whole)
        }
        return nil
    }
}
