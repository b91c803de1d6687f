/// Collects bits, the least significant bit of each number first.
struct BitWriter {
    private var words: [UInt64] = []
    private var word: UInt64 = 0
    private var used: UInt64 = 0

    /// - Parameter bits: about how many there will be.
    init(capacity bits: Int) { words.reserveCapacity(bits / 64 + 8) }

    /// - Parameters:
    ///   - value: less than 2^count.
    ///   - count: 0 to 64.
    @inline(__always)
    mutating func append(_ value: UInt64, count: Int) {
        word |= value &<< used
        let total = used &+ UInt64(truncatingIfNeeded: count)
        guard total >= 64 else {
            used = total
            return
        }
        words.append(word.littleEndian)
        word = used == 0 ? 0 : value &>> (64 &- used)
        used = total &- 64
    }

    /// The bytes; what is left of the last one is zero bits.
    consuming func finish() -> [UInt8] {
        words.append(word.littleEndian)
        let count = 8 * (words.count - 1) + Int(used + 7) / 8
        return words.withUnsafeBytes { Array($0[..<count]) }
    }
}
