import MQTTCodec

/// Packets of hand-made bytes.
enum Wire {
    /// Decodes all that is in `bytes`, fed in pieces of `step` bytes.
    static func decode(
        _ bytes: [UInt8], version: ProtocolVersion = .v5, from sender: Sender = .client, step: Int = .max,
        limits: DecodingLimits = DecodingLimits()
    ) throws(MQTTFault) -> [Packet] {
        var framer = PacketFramer(from: sender)
        let decoder = PacketDecoder(version: version, from: sender, limits: limits)
        var packets: [Packet] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + min(step, bytes.count))
            framer.append(ByteSlice(bytes[start..<end]))
            while let raw = try framer.next(limit: limits.packetSize) { packets.append(try decoder.decode(raw)) }
            start = end
        }
        return packets
    }

    /// The reason that `bytes` are refused for, or nil when they are not.
    static func fault(
        _ bytes: [UInt8], version: ProtocolVersion = .v5, from sender: Sender = .client,
        limits: DecodingLimits = DecodingLimits()
    ) -> ReasonCode? {
        do throws(MQTTFault) {
            _ = try decode(bytes, version: version, from: sender, limits: limits)
            return nil
        } catch {
            return error.reason
        }
    }

    /// A packet with a fixed header: first byte, then a remaining length that fits `body`.
    static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = body.count
        repeat {
            length.append(UInt8(rest & 0x7F) | (rest > 127 ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return [first] + length + body
    }

    static func string(_ text: String) -> [UInt8] { binary(Array(text.utf8)) }

    static func binary(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes }

    /// A CONNECT of MQTT 5 with these flags, properties and payload.
    static func connect(
        name: String = "MQTT", level: UInt8 = 5, flags: UInt8 = 2, properties: [UInt8] = [],
        payload: [UInt8] = string("a")
    ) -> [UInt8] {
        let tail: [UInt8] = level == 5 ? [UInt8(properties.count)] + properties : []
        return packet(0x10, string(name) + [level, flags, 0, 60] + tail + payload)
    }
}
