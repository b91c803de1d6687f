// fuzz: MQTTCodec
import MQTTCodec

/// Bytes of any kind are cut into packets and decoded, as one piece and as many. Whatever is decoded is written and decoded
/// again, and must be the same. The first byte chooses version, direction and the size of the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let version: ProtocolVersion = bytes[0] & 1 == 0 ? .v5 : .v3_1_1
    let sender: Sender = bytes[0] & 2 == 0 ? .client : .server
    let whole = decode(Array(bytes[1...]), version, sender, step: .max)
    let pieces = decode(Array(bytes[1...]), version, sender, step: 1 + Int(bytes[0] >> 2))
    precondition(whole == pieces, "the size of the pieces makes a difference")
    for packet in whole {
        var version = version
        if case .connect(let connect) = packet { version = connect.version }
        guard let encoded = packet.encoded(version) else { fatalError("a decoded packet cannot be written") }
        precondition(encoded.count == packet.encodedSize(version))
        let again = decode(encoded, version, sender, step: .max)
        precondition(again == [packet], "\(packet) came back as \(again)")
    }
    return 0
}

private func decode(_ bytes: [UInt8], _ version: ProtocolVersion, _ sender: Sender, step: Int) -> [Packet] {
    let limits = DecodingLimits(packetSize: 2_000, properties: 20, topicLevels: 10)
    let decoder = PacketDecoder(version: version, from: sender, limits: limits)
    var framer = PacketFramer(from: sender)
    var packets: [Packet] = []
    var start = 0
    while start < bytes.count {
        let end = step < bytes.count - start ? start + step : bytes.count
        framer.append(ByteSlice(bytes[start..<end]))
        start = end
        do throws(MQTTFault) {
            while let raw = try framer.next(limit: limits.packetSize) { packets.append(try decoder.decode(raw)) }
        } catch {
            return packets
        }
    }
    return packets
}
