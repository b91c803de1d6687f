/// About how many bits residuals will take, from how many of them have which width.
struct ResidualCost: PredictorTask {
    let values: UnsafeBufferPointer<Int64>
    let range: IntegerRange

    init(_ values: UnsafeBufferPointer<Int64>, range: IntegerRange) {
        self.values = values
        self.range = range
    }

    mutating func run<P: Predictor>(_ predictor: P.Type) -> Double {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 65) { widths in
            widths.initialize(repeating: 0)
            range.forEachResidual(of: values, predictor) { _, residual in
                widths[64 &- residual.leadingZeroBitCount] &+= 1
            }
            return Self.bits(UnsafeBufferPointer(widths), total: values.count)
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
    private static func logarithm(_ value: UInt32) -> Double {
        let exponent = 31 - value.leadingZeroBitCount
        let fraction = Double(value) / Double(1 << exponent) - 1
        return Double(exponent) + fraction + 0.346 * fraction * (1 - fraction)
    }
}
