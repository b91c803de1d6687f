/// Appends bits to bytes, the least significant bit of each number first.
struct BitWriter {
    private(set) var bytes: [UInt8]
    private var word: UInt64 = 0
    private var used: UInt64 = 0

    init(appendingTo bytes: [UInt8] = []) { self.bytes = bytes }

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
        appendWord()
        word = used == 0 ? 0 : value &>> (64 &- used)
        used = total &- 64
    }

    private mutating func appendWord() {
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// The bytes; what is left of the last one is zero bits.
    consuming func finish() -> [UInt8] {
        var rest = word
        var bits = used
        while bits > 0 {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
            bits = bits > 8 ? bits - 8 : 0
        }
        return bytes
    }
}
