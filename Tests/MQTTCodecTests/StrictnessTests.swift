import MQTTCodec
import Testing

@Suite("what is wrong is refused with the reason that the standard gives")
struct StrictnessTests {
    @Test("fixed headers")
    func fixedHeaders() {
        #expect(Wire.fault([0x00, 0]) == .malformedPacket)
        for first: UInt8 in [0x11, 0x41, 0x51, 0x60, 0x61, 0x71, 0x80, 0x83, 0xA0, 0xA1, 0xC1, 0xE1, 0xF1] {
            #expect(Wire.fault([first, 2, 0, 1]) == .malformedPacket, "first byte \(first)")
        }
        #expect(Wire.fault([0x36, 5, 0, 1, 0x61, 0, 1]) == .malformedPacket)  // QoS 3
        #expect(Wire.fault([0x38, 4, 0, 1, 0x61, 0]) == .malformedPacket)  // DUP of QoS 0
        #expect(Wire.fault([0x30, 0xFF, 0xFF, 0xFF, 0xFF]) == .malformedPacket)
        #expect(Wire.fault([0x30, 0x80, 0x00]) == .malformedPacket)
        for server: UInt8 in [0x20, 0x90, 0xB0, 0xD0] { #expect(Wire.fault([server, 0]) == .protocolError) }
    }

    @Test("a packet that is too long is refused when its length is known, however little of it has come")
    func tooLong() {
        #expect(Wire.fault([0x30, 0xFF, 0xFF, 0xFF, 0x7F]) == .packetTooLarge)
        let limits = DecodingLimits(packetSize: 10)
        #expect(Wire.fault([0x30, 9], limits: limits) == .packetTooLarge)
        #expect(Wire.fault([0x30, 8], limits: limits) == nil)
    }

    @Test(
        "text that is not UTF-8, or holds U+0000",
        arguments: [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x61, 0x00, 0x62],
            [0x80],
            Array(repeating: 0x61, count: 40) + [0x00], Array(repeating: 0x61, count: 40) + [0xC3],
        ] as [[UInt8]])
    func text(_ bytes: [UInt8]) {
        #expect(Wire.fault(Wire.packet(0x30, Wire.binary(bytes) + [0])) == .malformedPacket)
        #expect(Wire.fault(Wire.connect(payload: Wire.binary(bytes))) == .malformedPacket)
        #expect(Wire.fault(Wire.packet(0x82, [0, 1, 0] + Wire.binary(bytes) + [0])) == .malformedPacket)
    }

    @Test("a byte order mark belongs to the text, and so do different spellings of one letter")
    func noNormalization() throws {
        let packets = try Wire.decode(Wire.packet(0x30, Wire.binary([0xEF, 0xBB, 0xBF, 0x61]) + [0]))
        guard case .publish(let publish) = packets[0] else { return #expect(Bool(false)) }
        #expect(publish.topic.count == 4)
        #expect(MQTTString("\u{E9}") != MQTTString("e\u{301}"))
    }

    @Test("CONNECT")
    func connect() {
        #expect(Wire.fault(Wire.connect()) == nil)
        #expect(Wire.fault(Wire.connect(name: "MQIsdp")) == .unsupportedProtocolVersion)
        #expect(Wire.fault(Wire.connect(level: 3)) == .unsupportedProtocolVersion)
        #expect(Wire.fault(Wire.connect(level: 6)) == .unsupportedProtocolVersion)
        #expect(Wire.fault(Wire.connect(flags: 3)) == .malformedPacket)
        #expect(Wire.fault(Wire.connect(flags: 0b0001_1110)) == .malformedPacket)  // will with QoS 3
        #expect(Wire.fault(Wire.connect(flags: 0b0000_1010)) == .malformedPacket)  // QoS without will
        #expect(Wire.fault(Wire.connect(flags: 0b0010_0010)) == .malformedPacket)  // retain without will
        #expect(
            Wire.fault(Wire.connect(level: 4, flags: 0b0100_0010, payload: Wire.string("a") + [0, 0]))
                == .malformedPacket)
        #expect(Wire.fault(Wire.connect(flags: 0b1000_0010)) == .malformedPacket)  // no user name where one must be
        #expect(Wire.fault(Wire.connect(payload: Wire.string("a") + [1])) == .malformedPacket)  // more than its fields
        #expect(
            Wire.fault(Wire.connect(flags: 0b110, payload: Wire.string("a") + [0] + Wire.string("a/#") + [0, 0]))
                == .malformedPacket)
    }

    @Test("properties: twice, out of place, unknown, of another form, or with a forbidden value")
    func properties() {
        let cases: [([UInt8], ReasonCode)] = [
            ([0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1], .protocolError), ([0x21, 0, 0], .protocolError),
            ([0x27, 0, 0, 0, 0], .protocolError), ([0x17, 2], .protocolError), ([0x19, 3], .protocolError),
            ([0x16, 0, 0], .protocolError), ([0x23, 0, 1], .malformedPacket), ([0x7F, 0], .malformedPacket),
            ([0x00], .malformedPacket), ([0x11, 0, 0], .malformedPacket), ([0x26, 0, 1, 0x61], .malformedPacket),
            ([0x80, 0x00, 0], .malformedPacket), ([0x01, 1], .malformedPacket),
        ]
        for (bytes, reason) in cases {
            #expect(Wire.fault(Wire.connect(properties: bytes)) == reason, "\(bytes)")
        }
        let topic = Wire.string("a")
        #expect(Wire.fault(Wire.packet(0x30, topic + [3, 0x23, 0, 0])) == .topicAliasInvalid)
        #expect(Wire.fault(Wire.packet(0x30, topic + [6, 0x23, 0, 1, 0x23, 0, 1])) == .protocolError)
        #expect(Wire.fault(Wire.packet(0x30, topic + [2, 0x0B, 1])) == .protocolError)
        #expect(Wire.fault(Wire.packet(0x30, topic + [6, 0x08, 0, 3, 0x61, 0x2F, 0x23])) == .protocolError)
        #expect(Wire.fault(Wire.packet(0x30, topic + [2, 0x01, 2])) == .protocolError)
        #expect(Wire.fault(Wire.packet(0x30, topic + [200])) == .malformedPacket)
        #expect(Wire.fault(Wire.packet(0x82, [0, 1, 2, 0x0B, 0] + topic + [0])) == .protocolError)
        #expect(Wire.fault(Wire.packet(0x82, [0, 1, 4, 0x0B, 1, 0x0B, 1] + topic + [0])) == .protocolError)
    }

    @Test("a packet of nothing but user properties ends at the limit")
    func manyProperties() {
        let one: [UInt8] = [0x26, 0, 0, 0, 0]
        let many = Array(repeating: one, count: 300).flatMap { $0 }
        let length: [UInt8] = [UInt8(many.count & 0x7F) | 0x80, UInt8(many.count >> 7)]
        #expect(Wire.fault(Wire.packet(0x30, Wire.string("a") + length + many)) == .quotaExceeded)
    }

    @Test("PUBLISH")
    func publish() {
        #expect(Wire.fault(Wire.packet(0x30, [0, 0, 0])) == .protocolError)  // no topic
        #expect(Wire.fault(Wire.packet(0x30, [0, 0]), version: .v3_1_1) == .protocolError)
        #expect(Wire.fault(Wire.packet(0x30, Wire.string("a/+") + [0])) == .malformedPacket)
        #expect(Wire.fault(Wire.packet(0x30, Wire.string("#") + [0])) == .malformedPacket)
        #expect(Wire.fault(Wire.packet(0x32, Wire.string("a") + [0, 0, 0])) == .protocolError)  // packet identifier 0
        #expect(Wire.fault(Wire.packet(0x32, Wire.string("a") + [0])) == .malformedPacket)
        #expect(
            Wire.fault(Wire.packet(0x30, Wire.string(String(repeating: "/", count: 200)) + [0])) == .topicNameInvalid)
    }

    @Test("acknowledgements")
    func acknowledgements() {
        for first: UInt8 in [0x40, 0x50, 0x62, 0x70] {
            #expect(Wire.fault([first, 2, 0, 0]) == .protocolError)
            #expect(Wire.fault([first, 1, 0]) == .malformedPacket)
            #expect(Wire.fault([first, 3, 0, 1, 0x42]) == .malformedPacket)
            #expect(Wire.fault([first, 3, 0, 1, 0x01]) == .malformedPacket)
            #expect(Wire.fault([first, 5, 0, 1, 0, 0, 0]) == .malformedPacket)
            #expect(Wire.fault([first, 3, 0, 1, 0], version: .v3_1_1) == .malformedPacket)
        }
    }

    @Test("SUBSCRIBE and UNSUBSCRIBE")
    func subscribe() {
        #expect(Wire.fault(Wire.packet(0x82, [0, 1, 0])) == .protocolError)
        #expect(Wire.fault(Wire.packet(0xA2, [0, 1, 0])) == .protocolError)
        for filter in [
            "", "a#", "a/#/b", "+a", "a+/b", "#/", "$share/", "$share/g", "$share//a", "$share/g/", "$share/+/a",
        ] {
            #expect(
                Wire.fault(Wire.packet(0x82, [0, 1, 0] + Wire.string(filter) + [0])) == .malformedPacket, "\(filter)")
            #expect(Wire.fault(Wire.packet(0xA2, [0, 1, 0] + Wire.string(filter))) == .malformedPacket, "\(filter)")
        }
        for (options, reason) in [
            (3, .protocolError), (0x30, .protocolError), (0x40, .malformedPacket), (0x83, .malformedPacket),
        ]
            as [(UInt8, ReasonCode)]
        {
            #expect(Wire.fault(Wire.packet(0x82, [0, 1, 0] + Wire.string("a") + [options])) == reason)
        }
        for filter in ["$share/g", "$share//a"] {
            #expect(Wire.fault(Wire.packet(0x82, [0, 1] + Wire.string(filter) + [0]), version: .v3_1_1) == nil)
        }
        let many = [[UInt8]](repeating: Wire.string("a") + [0], count: 1_001).flatMap { $0 }
        #expect(Wire.fault(Wire.packet(0x82, [0, 1, 0] + many)) == .quotaExceeded)
        #expect(Wire.fault(Wire.packet(0x82, [0, 1, 0] + many.dropLast(4))) == nil)
        let filters = [[UInt8]](repeating: Wire.string("a"), count: 1_001).flatMap { $0 }
        #expect(Wire.fault(Wire.packet(0xA2, [0, 1, 0] + filters)) == .quotaExceeded)
        #expect(Wire.fault(Wire.packet(0x82, [0, 1] + Wire.string("a") + [4]), version: .v3_1_1) == .malformedPacket)
        #expect(Wire.fault(Wire.packet(0x82, [0, 1, 0] + Wire.string("$share/g/a") + [4])) == .protocolError)
        #expect(Wire.fault(Wire.packet(0x82, [0, 1, 0] + Wire.string("a"))) == .malformedPacket)
        for filter in ["#", "+", "/", "a/+/b/#", "+/+", "$share/g/#", "$SYS/#"] {
            #expect(Wire.fault(Wire.packet(0x82, [0, 1, 0] + Wire.string(filter) + [2])) == nil, "\(filter)")
        }
    }

    @Test("DISCONNECT, AUTH and PINGREQ")
    func others() {
        #expect(Wire.fault([0xE0, 1, 0x01]) == .malformedPacket)
        #expect(Wire.fault([0xE0, 1, 0], version: .v3_1_1) == .malformedPacket)
        #expect(Wire.fault([0xF0, 0], version: .v3_1_1) == .protocolError)
        #expect(Wire.fault([0xF0, 1, 0x80]) == .malformedPacket)
        #expect(Wire.fault([0xC0, 1, 0]) == .malformedPacket)
    }
}
