/// Writes the fields of one packet into memory of the size that was reckoned before.
struct PacketWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    mutating func byte(_ value: UInt8) {
        memory[count] = value
        count += 1
    }

    mutating func uint16(_ value: UInt16) {
        byte(UInt8(truncatingIfNeeded: value >> 8))
        byte(UInt8(truncatingIfNeeded: value))
    }

    mutating func uint32(_ value: UInt32) {
        uint16(UInt16(truncatingIfNeeded: value >> 16))
        uint16(UInt16(truncatingIfNeeded: value))
    }

    mutating func variableByteInteger(_ value: Int) {
        var rest = value
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            byte(rest > 0 ? low | 0x80 : low)
        } while rest > 0
    }

    mutating func raw(_ bytes: ByteSlice) {
        guard !bytes.isEmpty else { return }
        precondition(bytes.count <= memory.count - count)
        bytes.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: source)
        }
        count += bytes.count
    }

    /// - Precondition: at most 65,535 bytes.
    mutating func binary(_ bytes: ByteSlice) {
        uint16(UInt16(bytes.count))
        raw(bytes)
    }

    mutating func string(_ text: MQTTString) { binary(text.bytes) }

    static func size(ofVariableByteInteger value: Int) -> Int {
        switch value {
        case ..<128: 1
        case ..<16_384: 2
        case ..<2_097_152: 3
        default: 4
        }
    }

    static func size(of text: MQTTString) -> Int { 2 + text.count }
}

/// The largest Remaining Length (§2.1.4).
let largestRemainingLength = 268_435_455
