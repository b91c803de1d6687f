/// Reads what ``AdaptiveEncoder`` wrote, a block at a time.
struct AdaptiveDecoder {
    private var bits: BitReader
    private var model: AdaptiveModel
    /// Zeros that are still to be handed out.
    private var run = 0
    /// Behind the run comes a residual that is not zero.
    private var breakFollows = false

    init(_ bytes: UnsafeRawBufferPointer) {
        bits = BitReader(bytes)
        model = AdaptiveModel(width: Int(bits.take(6)))
    }

    var overran: Bool { bits.overran }

    /// The next residuals. Any bytes give some numbers.
    mutating func decode(into target: UnsafeMutableBufferPointer<UInt64>) {
        guard let values = target.baseAddress else { return }
        let count = target.count
        var (bits, model) = (bits, model)
        var index = 0
        while index < count {
            if !model.countsRuns && !breakFollows && run == 0 {
                let residual = Self.rice(&bits, parameter: model.parameter)
                model.see(residual)
                values[index] = residual
                index &+= 1
            } else if run > 0 {
                let zeros = min(run, count &- index)
                for place in index..<index &+ zeros { values[place] = 0 }
                run &-= zeros
                index &+= zeros
            } else if breakFollows {
                breakFollows = false
                let residual = Self.rice(&bits, parameter: model.breakParameter)
                model.seeBreak(residual)
                values[index] = residual &+ 1
                index &+= 1
            } else {
                let length = Self.rice(&bits, parameter: model.runParameter)
                model.seeRun(length)
                run = Int(truncatingIfNeeded: min(length, 1 << 32))
                breakFollows = true
            }
        }
        (self.bits, self.model) = (bits, model)
    }

    @inline(__always)
    private static func rice(_ bits: inout BitReader, parameter: Int) -> UInt64 {
        let word = bits.peek()
        let zeros = word.trailingZeroBitCount
        guard zeros < AdaptiveModel.escape, zeros &+ parameter < 57 else {
            return wideRice(&bits, parameter: parameter, zeros: zeros)
        }
        bits.position &+= zeros &+ 1 &+ parameter
        let shift = UInt64(truncatingIfNeeded: parameter)
        let low = (word &>> UInt64(truncatingIfNeeded: zeros &+ 1)) & ((1 &<< shift) &- 1)
        return (UInt64(truncatingIfNeeded: zeros) &<< shift) | low
    }

    @inline(never)
    private static func wideRice(_ bits: inout BitReader, parameter: Int, zeros: Int) -> UInt64 {
        guard zeros < AdaptiveModel.escape else {
            bits.position += AdaptiveModel.escape
            return bits.take(min(Int(bits.take(7)), 64))
        }
        bits.position += zeros + 1
        let low = bits.take(parameter)
        return (UInt64(zeros) << UInt64(parameter)) | low
    }
}
