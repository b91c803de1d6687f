/// Reads the fields of one packet, never beyond its end (MQTT 5.0 §1.5).
struct PacketReader {
    private let bytes: ByteSlice
    private var position = 0

    init(_ bytes: ByteSlice) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }
    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() throws(MQTTFault) -> UInt8 {
        try require(1)
        defer { position += 1 }
        return bytes[position]
    }

    mutating func uint16() throws(MQTTFault) -> UInt16 {
        try require(2)
        defer { position += 2 }
        return bytes.withUnsafeBytes {
            UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt16.self))
        }
    }

    mutating func uint32() throws(MQTTFault) -> UInt32 {
        try require(4)
        defer { position += 4 }
        return bytes.withUnsafeBytes {
            UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt32.self))
        }
    }

    /// A Variable Byte Integer: at most four bytes, and no more than its value needs ([MQTT-1.5.5-1]).
    mutating func variableByteInteger() throws(MQTTFault) -> Int {
        var value = 0
        for place in 0..<4 {
            let next = try byte()
            value |= Int(next & 0x7F) << (7 * place)
            guard next & 0x80 == 0 else { continue }
            if place > 0, next == 0 { throw .malformed("a variable byte integer is longer than it needs to be") }
            return value
        }
        throw .malformed("a variable byte integer is longer than four bytes")
    }

    mutating func binary() throws(MQTTFault) -> ByteSlice { try take(Int(uint16())) }

    mutating func string() throws(MQTTFault) -> MQTTString { try MQTTString(validating: binary()) }

    mutating func take(_ count: Int) throws(MQTTFault) -> ByteSlice {
        try require(count)
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    mutating func rest() -> ByteSlice {
        defer { position = bytes.count }
        return bytes.dropFirst(position)
    }

    /// A Packet Identifier, which is never 0 ([MQTT-2.2.1-3]).
    mutating func packetID() throws(MQTTFault) -> UInt16 {
        let value = try uint16()
        guard value != 0 else { throw .protocolError("a packet identifier is 0") }
        return value
    }

    func expectEnd() throws(MQTTFault) {
        guard isAtEnd else { throw .malformed("a packet is longer than its fields") }
    }

    private func require(_ count: Int) throws(MQTTFault) {
        guard count <= remaining else { throw .malformed("a packet ends within a field") }
    }
}
