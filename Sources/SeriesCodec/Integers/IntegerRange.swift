/// What all integers of a stream have in common: their first and least, and the greatest number that divides their
/// differences.
struct IntegerRange {
    let first: Int64
    let least: Int64
    let greatest: Int64
    var isConstant: Bool { least == greatest }
    /// At least 1.
    let scale: Int64

    /// - Parameter values: not empty.
    init(_ values: UnsafeBufferPointer<Int64>) {
        first = values[0]
        var (least, greatest) = (first, first)
        for value in values {
            least = min(least, value)
            greatest = max(greatest, value)
        }
        (self.least, self.greatest) = (least, greatest)
        // Where a difference is no Int64, quotients would not be whole.
        let isNarrow = !greatest.subtractingReportingOverflow(least).overflow
        var divisor: UInt64 = 0
        if least != greatest && isNarrow {
            for value in values {
                let distance = (value &- first).magnitude
                if distance == 0 || distance == divisor { continue }
                divisor = Self.commonDivisor(distance, divisor)
                if divisor == 1 { break }
            }
        }
        scale = Int64(max(1, divisor))
    }

    private static func commonDivisor(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }

    /// Of the distances above the least value, in scales.
    var width: Int {
        let span = UInt64(bitPattern: greatest &- least) / UInt64(scale)
        return UInt64.bitWidth - span.leadingZeroBitCount
    }

    /// What is taken off every value.
    func origin<P: Predictor>(_ predictor: P.Type) -> Int64 { P.startsWithOrigin ? first : least }

    /// Calls `body` with each residual that is written, in order.
    /// - Parameter values: the stream or, to judge a predictor, a part of it; not empty.
    @inline(__always)
    func forEachResidual<P: Predictor>(
        of values: UnsafeBufferPointer<Int64>, _ predictor: P.Type, _ body: (UInt64) -> Void
    ) {
        let origin = P.startsWithOrigin ? values[0] : least
        var state = PredictorState()
        var index = 0
        if P.startsWithOrigin {
            P.see(0, &state)
            index = 1
        }
        if scale == 1 {
            while index < values.count {
                let value = values[index] &- origin
                body(P.residual(of: value, state))
                P.see(value, &state)
                index &+= 1
            }
        } else {
            while index < values.count {
                let value = (values[index] &- origin) / scale
                body(P.residual(of: value, state))
                P.see(value, &state)
                index &+= 1
            }
        }
    }
}
