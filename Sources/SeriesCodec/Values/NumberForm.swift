/// How numbers stand in their stream of integers, with the first byte of the section: bits 0–2 the mode, bit 3 "has
/// exceptions", bit 4 "has corrections". The raw values stand in chunks: never change one.
///
///     u8 form · number divisor, in the quotient modes
///     · section places, section bits of the exceptions, if any · section corrections, if any · stream of integers
struct NumberForm: Equatable, Sendable {
    enum Mode: UInt8, Sendable {
        /// The integers are the values.
        case integer = 0
        /// Double(integer) / Double(divisor), which gives a decimal back to the bit if the divisor is a power of ten.
        case quotient64 = 1
        /// Float(integer) / Float(divisor).
        case quotient32 = 2
        /// The bits below the sign, negated if the sign is set: neighbours are near each other.
        case bits64 = 3
        case bits32 = 4
    }

    var mode: Mode
    /// 1 in the other modes.
    var divisor: UInt64 = 1
    var hasExceptions = false
    /// Each quotient is that many units in the last place beside the value.
    var hasCorrections = false

    init(_ mode: Mode, divisor: UInt64 = 1) { (self.mode, self.divisor) = (mode, divisor) }

    init(from cursor: inout ByteCursor) throws(ChunkError) {
        let first = try cursor.byte()
        guard first < 0x20, let mode = Mode(rawValue: first & 7) else { throw .corrupt }
        self.mode = mode
        hasExceptions = first & 8 != 0
        hasCorrections = first & 16 != 0
        if mode == .quotient64 || mode == .quotient32 { divisor = try cursor.number() }
    }

    func write(to bytes: inout [UInt8]) {
        bytes.append(mode.rawValue | (hasExceptions ? 8 : 0) | (hasCorrections ? 16 : 0))
        if mode == .quotient64 || mode == .quotient32 { bytes.appendNumber(divisor) }
    }
}

/// What a trial found to be the shortest way to write a series' numbers.
struct NumberChoice: Equatable, Sendable {
    var form: NumberForm
    var stream: StreamChoice?
    var corrections: StreamChoice?
    /// What the trial got.
    var bytesPerValue = 0.0
    var age = 0

    init(form: NumberForm) { self.form = form }

    func isStillGood(bytes: Int, count: Int) -> Bool {
        Double(bytes) <= 1.08 * bytesPerValue * Double(count) + 8
    }
}
