/// A residual as one of 256 tokens and some plain bits: below 16 the token is the number; above, four tokens share each
/// power of two, so the token tells the three leading bits and the plain bits are those below.
enum ResidualToken {
    static let count = 256

    @inline(__always)
    static func token(of residual: UInt64) -> Int {
        guard residual >= 16 else { return Int(truncatingIfNeeded: residual) }
        let width = 64 &- residual.leadingZeroBitCount
        let leading = Int(truncatingIfNeeded: residual &>> UInt64(truncatingIfNeeded: width &- 3)) & 3
        return 16 &+ (width &- 5) &* 4 &+ leading
    }

    /// How many plain bits follow a token, 0 to 61.
    @inline(__always)
    static func extraBits(_ token: Int) -> Int { token < 16 ? 0 : (token &- 16) &>> 2 &+ 2 }

    /// What stands above the plain bits.
    @inline(__always)
    static func lead(_ token: Int) -> Int { token < 16 ? token : 4 | (token & 3) }
}
