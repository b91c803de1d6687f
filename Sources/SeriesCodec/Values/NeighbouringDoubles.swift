/// The doubles beside an integer. Integers of more than 53 bits are mostly no doubles; all others are both themselves.
extension Double {
    /// The greatest double that is not above an integer.
    init(notAbove integer: Int64) {
        let nearest = Double(integer)
        // 2^63, to which the largest integers are rounded, is no Int64.
        self = nearest >= 0x1p63 || Int64(nearest) > integer ? nearest.nextDown : nearest
    }

    /// The least double that is not below an integer.
    init(notBelow integer: Int64) {
        let nearest = Double(integer)
        self = nearest < 0x1p63 && Int64(nearest) < integer ? nearest.nextUp : nearest
    }

    /// Whether none of the integers has more than 53 bits.
    static func holdsAll(_ integers: UnsafeBufferPointer<Int64>) -> Bool {
        var bits: Int64 = 0
        for integer in integers { bits |= integer ^ (integer &>> 63) }
        return bits < 1 << 53
    }
}
