/// Reads bits, the least significant first. Behind the end there are zero bits without end, so a loop over
/// foreign bytes needs one question, ``overran``, when it is done.
///
/// The memory must outlive the reader: every use stands inside a `withUnsafeBytes`.
struct BitReader {
    /// So many bits at least are there in one ``peek()``.
    static let look = 57

    private let base: UnsafeRawBufferPointer
    /// The last place from which eight bytes can be loaded; negative when there are fewer.
    private let lastWord: Int
    /// In bits.
    var position = 0

    init(_ bytes: UnsafeRawBufferPointer, position: Int = 0) {
        base = bytes
        lastWord = bytes.count - 8
        self.position = position
    }

    var overran: Bool { endsBefore(position) }

    func endsBefore(_ position: Int) -> Bool { position > base.count * 8 }

    /// The next bits without moving on: at least 57 of them are there.
    @inline(__always)
    func peek() -> UInt64 {
        let byte = position &>> 3
        if byte <= lastWord {
            return word(at: byte) &>> UInt64(truncatingIfNeeded: position & 7)
        }
        return peekNearEnd(byte)
    }

    /// How many steps of at most `width` bits can be made before ``peek()`` has to care for the end.
    func stepsFarFromEnd(_ width: Int) -> Int { max(0, (lastWord * 8 - position) / max(1, width)) }

    /// As ``peek()``, where ``stepsFarFromEnd(_:)`` has said that the end is far.
    @inline(__always)
    func peekFarFromEnd() -> UInt64 {
        assert(position &>> 3 <= lastWord, "the end is near")
        return word(at: position &>> 3) &>> UInt64(truncatingIfNeeded: position & 7)
    }

    /// Eight bytes from `byte`, which is at most `lastWord`, so that they are there and the base is not nil.
    @inline(__always)
    private func word(at byte: Int) -> UInt64 {
        let start = base.baseAddress.unsafelyUnwrapped
        return UInt64(littleEndian: start.loadUnaligned(fromByteOffset: byte, as: UInt64.self))
    }

    @inline(never)
    private func peekNearEnd(_ byte: Int) -> UInt64 {
        var word: UInt64 = 0
        if lastWord >= 0 {
            let missing = byte - lastWord
            word = missing < 8 ? self.word(at: lastWord) &>> UInt64(8 * missing) : 0
        } else {
            for place in byte..<byte + 8 where place < base.count {
                word |= UInt64(base[place]) << UInt64(8 * (place - byte))
            }
        }
        return word &>> UInt64(truncatingIfNeeded: position & 7)
    }

    /// The next 0 to 64 bits.
    @inline(__always)
    mutating func take(_ count: Int) -> UInt64 {
        if count > 57 {
            let low = take(32)
            return low | (take(count - 32) << 32)
        }
        let value = peek() & ((1 &<< UInt64(truncatingIfNeeded: count)) &- 1)
        position &+= count
        return value
    }
}
