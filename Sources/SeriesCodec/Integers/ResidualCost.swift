/// About how many bits residuals will take, from how many of them have which width.
struct ResidualCost: PredictorTask {
    /// Longer streams are judged by their start, middle and end.
    private static let partSize = 256

    private let range: IntegerRange
    private let count: Int
    private let parts: [UnsafeBufferPointer<Int64>]

    init(_ values: UnsafeBufferPointer<Int64>, range: IntegerRange) {
        self.range = range
        count = values.count
        if count <= 4 * Self.partSize {
            parts = [values]
        } else {
            parts = [0, (count - Self.partSize) / 2, count - Self.partSize].map { start in
                UnsafeBufferPointer(rebasing: values[start..<start + Self.partSize])
            }
        }
    }

    mutating func run<P: Predictor>(_ predictor: P.Type) -> Double {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 65) { widths in
            widths.initialize(repeating: 0)
            for part in parts {
                range.forEachResidual(of: part, predictor) { residual in
                    widths[64 &- residual.leadingZeroBitCount] &+= 1
                }
            }
            let looked = parts.reduce(0) { $0 + $1.count }
            let bits = Self.bits(UnsafeBufferPointer(widths), total: looked)
            return bits * Double(count) / Double(looked)
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
