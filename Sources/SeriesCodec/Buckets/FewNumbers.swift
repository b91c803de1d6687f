/// Quantiles of so few numbers that nothing has to be sorted. Of fewer than twenty, the 95th percentile is the maximum.
enum FewNumbers {
    static let limit = 12

    /// The number at rank ⌈count / 2⌉.
    /// - Parameter numbers: at least one and at most ``limit``, none of them NaN.
    @inline(__always)
    static func median(_ numbers: UnsafeBufferPointer<Double>) -> Double {
        numbers.count == 5 ? medianOfFive(numbers) : selected(numbers)
    }

    @inline(__always)
    static func greatest(_ numbers: UnsafeBufferPointer<Double>) -> Double {
        numbers.reduce(-.infinity) { greater($0, $1) }
    }

    /// Buckets of five minutes of a series that sends each minute: seven of ten comparisons do not wait for each other,
    /// and none has to be foreseen.
    @inline(__always)
    private static func medianOfFive(_ numbers: UnsafeBufferPointer<Double>) -> Double {
        let (a, b, c, d, e) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
        // Of the four, neither the least nor the greatest can be it.
        let low = greater(lesser(a, b), lesser(c, d))
        let high = lesser(greater(a, b), greater(c, d))
        return greater(lesser(e, low), lesser(greater(e, low), high))
    }

    @inline(__always) private static func lesser(_ a: Double, _ b: Double) -> Double { a < b ? a : b }
    @inline(__always) private static func greater(_ a: Double, _ b: Double) -> Double { a > b ? a : b }

    /// The first number which the rank says is it: so many are below it, and no more are not above it.
    private static func selected(_ numbers: UnsafeBufferPointer<Double>) -> Double {
        let rank = (numbers.count &- 1) / 2
        for candidate in numbers {
            var (below, notAbove) = (0, 0)
            for number in numbers {
                below &+= number < candidate ? 1 : 0
                notAbove &+= number <= candidate ? 1 : 0
            }
            if below <= rank, rank < notAbove { return candidate }
        }
        return numbers[0]
    }
}
