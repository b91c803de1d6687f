/// About how many bits residuals will take, from how many of them have which width.
struct ResidualCost: PredictorTask {
    /// Longer streams are judged by three parts of this size.
    private static let partSize = 256

    /// The start, the middle and the end, the middle first; or all at once.
    static func parts(of values: UnsafeBufferPointer<Int64>) -> [UnsafeBufferPointer<Int64>] {
        let count = values.count
        guard count > 4 * partSize else { return [values] }
        return [(count - partSize) / 2, 0, count - partSize].map { start in
            UnsafeBufferPointer(rebasing: values[start..<start + partSize])
        }
    }

    let range: IntegerRange
    let parts: ArraySlice<UnsafeBufferPointer<Int64>>

    /// Bits a value.
    mutating func run<P: Predictor>(_ predictor: P.Type) -> Double {
        // Residuals count in two places by turns, because counting up in one place time and again is slow.
        let turn = 72
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * turn) { widths in
            widths.initialize(repeating: 0)
            var place = 0
            for part in parts {
                range.forEachResidual(of: part, predictor) { residual in
                    let width = 63 &- (residual &<< 1 | 1).leadingZeroBitCount
                    widths[place &+ width] &+= 1
                    place = turn &- place
                }
            }
            for width in 0..<turn { widths[width] += widths[turn + width] }
            let looked = parts.reduce(0) { $0 + $1.count }
            return Self.bits(UnsafeBufferPointer(rebasing: widths[..<turn]), total: looked) / Double(looked)
        }
    }

    /// The entropy of the widths, and the bits below the leading ones.
    private static func bits(_ widths: UnsafeBufferPointer<UInt32>, total: Int) -> Double {
        let whole = logarithm(UInt32(total))
        var bits = 0.0
        for (width, count) in widths.enumerated() where count > 0 {
            bits += Double(count) * (whole - logarithm(count) + Double(max(0, width - 1)))
        }
        return bits
    }

    /// log2 to about 0.01.
    static func logarithm(_ value: UInt32) -> Double {
        let exponent = 31 - value.leadingZeroBitCount
        let fraction = Double(value) / Double(1 << exponent) - 1
        return Double(exponent) + fraction + 0.346 * fraction * (1 - fraction)
    }
}
