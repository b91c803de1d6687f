/// What the adaptive coder has learnt from the residuals so far; encoder and decoder keep the same.
///
/// Golomb-Rice codes whose parameter follows the mean, with a run mode for series that mostly stand still (the family
/// of RLGR and of JPEG-LS's runs). Nothing is stored beside the codes, so it suits short and restless streams.
struct AdaptiveModel {
    /// From this many zero bits before the one on, a code is an escape.
    static let escape = 24
    /// Below this share (of 256) of residuals that are not zero, runs of zeros are counted.
    private static let runThreshold: UInt64 = 77
    private static let largest: UInt64 = 1 << 56

    /// 16 × the running mean of residuals outside of runs.
    private var mean: UInt64
    /// 256 × the running share of residuals that are not zero.
    private var density: UInt64
    /// 16 × the running mean of the lengths of runs.
    private var runMean: UInt64 = 16 * 8
    /// 16 × the running mean of (residual − 1) behind runs.
    private var breakMean: UInt64

    /// - Parameter width: bits of a typical residual, 0 to 63.
    init(width: Int) {
        mean = width == 0 ? 0 : 16 << UInt64(min(width, 52) - 1)
        density = width == 0 ? 0 : 256
        breakMean = max(16, mean)
    }

    @inline(__always) var countsRuns: Bool { density < Self.runThreshold }
    @inline(__always) var parameter: Int { Self.parameter(mean) }
    @inline(__always) var runParameter: Int { Self.parameter(runMean) }
    @inline(__always) var breakParameter: Int { Self.parameter(breakMean) }

    /// The bits of 0.69 × the mean: where a Rice code of geometric residuals is shortest.
    @inline(__always)
    private static func parameter(_ mean: UInt64) -> Int { 64 &- ((mean &* 11) &>> 8).leadingZeroBitCount }

    /// One outlier about doubles the mean at most.
    @inline(__always)
    private static func update(_ mean: inout UInt64, _ value: UInt64) {
        mean = mean &+ min(min(value, largest), mean &+ 64) &- (mean &>> 4)
    }

    @inline(__always)
    mutating func see(_ residual: UInt64) {
        Self.update(&mean, residual)
        density = density &- (density &>> 4) &+ (residual == 0 ? 0 : 16)
    }

    @inline(__always)
    mutating func seeRun(_ length: UInt64) {
        Self.update(&runMean, length)
        density = length >= 16 ? 0 : density &- ((density &* length) &>> 4)
    }

    /// - Parameter residual: of the value that ended a run, minus one.
    @inline(__always)
    mutating func seeBreak(_ residual: UInt64) {
        Self.update(&breakMean, residual)
        density = density &- (density &>> 4) &+ 16
        if !countsRuns { mean = breakMean }
    }
}
