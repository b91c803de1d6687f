/// Numbers that are an integer divided by a number which a whole chunk has in common.
enum Quotient {
    /// Adding 1.5 × 2^52 and taking it off rounds to the nearest integer, and the sum's low bits are that integer.
    private static let rounder = 6_755_399_441_055_744.0
    private static let roundable = 2_251_799_813_685_248.0

    /// The integer next to value × divisor; 0 where it is too large to tell, or the value is no number.
    @inline(__always)
    static func nearest(_ value: Double, divisor: Double) -> Int64 {
        let product = value * divisor
        guard abs(product) < roundable else { return 0 }
        return Int64(bitPattern: (product + rounder).bitPattern &- rounder.bitPattern)
    }

    /// The integer whose quotient is the value to the bit.
    @inline(__always)
    static func integer(of value: Float, divisor: Float) -> Int64? {
        let product = Double(value * divisor)
        guard abs(product) < 16_777_216 else { return nil }
        let integer = Int64(bitPattern: (product + rounder).bitPattern &- rounder.bitPattern)
        return (Float(integer) / divisor).bitPattern == value.bitPattern ? integer : nil
    }

    @inline(__always)
    static func integer(of value: Double, divisor: Float) -> Int64? {
        guard let value = narrow(value) else { return nil }
        return integer(of: value, divisor: divisor)
    }

    /// The value in 32 bits if it is the same to the bit.
    @inline(__always)
    static func narrow(_ value: Double) -> Float? {
        let narrow = Float(value)
        return Double(narrow).bitPattern == value.bitPattern ? narrow : nil
    }
}

/// The bits of a float as an integer that grows with it; `nil` for −0, whose integer would be that of 0.
enum SignedBits {
    @inline(__always)
    static func integer(of value: Double) -> Int64? {
        let bits = Int64(bitPattern: value.bitPattern)
        guard bits < 0 else { return bits }
        return bits == .min ? nil : 0 &- (bits & .max)
    }

    @inline(__always)
    static func double(_ integer: Int64) -> Double {
        let bits = UInt64(bitPattern: integer)
        return Double(bitPattern: integer < 0 ? (0 &- bits) | 1 << 63 : bits)
    }

    @inline(__always)
    static func integer(of value: Float) -> Int64? {
        let bits = Int32(bitPattern: value.bitPattern)
        guard bits < 0 else { return Int64(bits) }
        return bits == .min ? nil : 0 &- Int64(bits & .max)
    }

    @inline(__always)
    static func float(_ integer: Int64) -> Float {
        let bits = UInt32(truncatingIfNeeded: integer)
        return Float(bitPattern: integer < 0 ? (0 &- bits) | 1 << 31 : bits)
    }
}
