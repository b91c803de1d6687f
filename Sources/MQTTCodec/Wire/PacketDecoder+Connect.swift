extension PacketDecoder {
    /// CONNECT (§3.1.2, §3.1.3).
    func connect(_ reader: inout PacketReader) throws(MQTTFault) -> Connect {
        guard try reader.binary() == protocolName.bytes else {
            throw MQTTFault(.unsupportedProtocolVersion, "the protocol is not MQTT")  // [MQTT-3.1.2-1]
        }
        guard let version = ProtocolVersion(rawValue: try reader.byte()) else {
            throw MQTTFault(.unsupportedProtocolVersion, "the protocol is neither MQTT 3.1.1 nor 5")  // [MQTT-3.1.2-2]
        }
        var decoder = self
        decoder.version = version
        let flags = ConnectFlags(rawValue: try reader.byte())
        try flags.check(version)
        let keepAlive = try reader.uint16()
        let properties = try decoder.properties(&reader, .packet(.connect))
        if properties.contains(.authenticationData), !properties.contains(.authenticationMethod) {
            throw .protocolError("authentication data has no method")
        }
        return Connect(
            version: version, cleanStart: flags.cleanStart, keepAlive: keepAlive, clientID: try reader.string(),
            will: flags.hasWill ? try decoder.will(flags, &reader) : nil,
            userName: flags.hasUserName ? try reader.string() : nil,
            password: flags.hasPassword ? try reader.binary() : nil, properties: properties)
    }

    private func will(_ flags: ConnectFlags, _ reader: inout PacketReader) throws(MQTTFault) -> Will {
        let properties = try properties(&reader, .will)
        let topic = try reader.string()
        try checkName(topic)
        guard let qos = flags.willQoS else { throw .malformed("a will has QoS 3") }
        return Will(
            topic: topic, payload: try reader.binary(), qos: qos, retain: flags.willRetain, properties: properties)
    }

    /// CONNACK (§3.2.2).
    func connectAcknowledgement(_ reader: inout PacketReader) throws(MQTTFault) -> ConnectAcknowledgement {
        let flags = try reader.byte()
        guard flags & 0xFE == 0 else { throw .malformed("the reserved flags of a CONNACK are set") }  // [MQTT-3.2.2-1]
        let reason: ReasonCode
        if version == .v5 {
            reason = try self.reason(&reader, in: .connectAcknowledgement)
        } else {
            guard let known = ReasonCode(connectReturnCode: try reader.byte()) else {
                throw .malformed("a CONNACK has an unknown return code")
            }
            reason = known
        }
        guard flags == 0 || !reason.isFailure else {
            throw .protocolError("a refusing CONNACK has a session")  // [MQTT-3.2.2-6]
        }
        return ConnectAcknowledgement(
            sessionPresent: flags == 1, reason: reason,
            properties: try properties(&reader, .packet(.connectAcknowledgement)))
    }
}

/// The Connect Flags (§3.1.2.3).
struct ConnectFlags {
    let rawValue: UInt8

    var cleanStart: Bool { rawValue & 0b10 != 0 }
    var hasWill: Bool { rawValue & 0b100 != 0 }
    var willQoS: QoS? { QoS(rawValue: rawValue >> 3 & 0b11) }
    var willRetain: Bool { rawValue & 0b10_0000 != 0 }
    var hasPassword: Bool { rawValue & 0b100_0000 != 0 }
    var hasUserName: Bool { rawValue & 0b1000_0000 != 0 }

    func check(_ version: ProtocolVersion) throws(MQTTFault) {
        guard rawValue & 1 == 0 else { throw .malformed("the reserved flag of a CONNECT is set") }  // [MQTT-3.1.2-3]
        guard let willQoS else { throw .malformed("a will has QoS 3") }  // [MQTT-3.1.2-12]
        guard hasWill || (willQoS == .atMostOnce && !willRetain) else {
            throw .malformed("there is no will, and yet it has flags")  // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
        }
        guard version == .v5 || hasUserName || !hasPassword else {
            throw .malformed("a password comes without a user name")  // MQTT 3.1.1 [MQTT-3.1.2-22]
        }
    }
}
