/// Writes residuals with codes that follow ``AdaptiveModel``. See ``AdaptiveDecoder`` for the way back.
struct AdaptiveEncoder {
    private var bits: BitWriter
    private var model: AdaptiveModel
    private var run: UInt64 = 0

    static func encode(_ residuals: UnsafeBufferPointer<UInt64>) -> [UInt8] {
        let width = startingWidth(residuals)
        var bits = BitWriter(capacity: residuals.count * (width + 2))
        bits.append(UInt64(width), count: 6)
        var encoder = AdaptiveEncoder(bits: bits, model: AdaptiveModel(width: width))
        for residual in residuals { encoder.append(residual) }
        if encoder.run > 0 { encoder.appendRice(encoder.run, parameter: encoder.model.runParameter) }
        return encoder.bits.finish()
    }

    private init(bits: BitWriter, model: AdaptiveModel) {
        self.bits = bits
        self.model = model
    }

    /// From the first residuals.
    private static func startingWidth(_ residuals: UnsafeBufferPointer<UInt64>) -> Int {
        let first = residuals.prefix(24)
        guard !first.isEmpty else { return 0 }
        let mean = first.reduce(0) { $0 &+ min($1, 1 << 52) } / UInt64(first.count)
        return 64 - mean.leadingZeroBitCount
    }

    @inline(__always)
    private mutating func append(_ residual: UInt64) {
        guard model.countsRuns else {
            appendRice(residual, parameter: model.parameter)
            model.see(residual)
            return
        }
        guard residual > 0 else {
            run &+= 1
            return
        }
        appendRice(run, parameter: model.runParameter)
        model.seeRun(run)
        run = 0
        appendRice(residual &- 1, parameter: model.breakParameter)
        model.seeBreak(residual &- 1)
    }

    /// Zeros for the part above the parameter's bits, a one, then those bits. What would need ``AdaptiveModel/escape``
    /// zeros or more is these zeros, seven bits that tell a width, and the whole number.
    @inline(__always)
    private mutating func appendRice(_ value: UInt64, parameter: Int) {
        let quotient = value &>> UInt64(truncatingIfNeeded: parameter)
        if parameter < 64, quotient < AdaptiveModel.escape {
            let zeros = Int(truncatingIfNeeded: quotient)
            bits.append(1 &<< quotient, count: zeros &+ 1)
            bits.append(value & ((1 &<< UInt64(truncatingIfNeeded: parameter)) &- 1), count: parameter)
        } else {
            let width = 64 - value.leadingZeroBitCount
            bits.append(0, count: AdaptiveModel.escape)
            bits.append(UInt64(width), count: 7)
            bits.append(value, count: width)
        }
    }
}
