/// Decodes the packets of one end of a connection, and checks in them whatever can be checked without knowing the session.
package struct PacketDecoder: Sendable {
    /// Of the connection. A CONNECT brings its own.
    package var version: ProtocolVersion
    package var limits: DecodingLimits
    private let sender: Sender

    package init(version: ProtocolVersion = .v5, from sender: Sender = .client, limits: DecodingLimits = .init()) {
        self.version = version
        self.sender = sender
        self.limits = limits
    }

    /// - Throws: ``MQTTFault`` with the reason code to close the connection with.
    package func decode(_ raw: RawPacket) throws(MQTTFault) -> Packet {
        var reader = PacketReader(raw.body)
        let packet: Packet
        switch raw.type {
        case .publish: packet = .publish(try publish(raw.flags, &reader))
        case .publishAcknowledgement: packet = .publishAcknowledgement(try acknowledgement(raw.type, &reader))
        case .publishReceived: packet = .publishReceived(try acknowledgement(raw.type, &reader))
        case .publishRelease: packet = .publishRelease(try acknowledgement(raw.type, &reader))
        case .publishComplete: packet = .publishComplete(try acknowledgement(raw.type, &reader))
        case .pingRequest: packet = .pingRequest
        case .pingResponse: packet = .pingResponse
        case .connect: packet = .connect(try connect(&reader))
        case .connectAcknowledgement: packet = .connectAcknowledgement(try connectAcknowledgement(&reader))
        case .subscribe: packet = .subscribe(try subscribe(&reader))
        case .subscribeAcknowledgement:
            packet = .subscribeAcknowledgement(try subscribeAcknowledgement(raw.type, &reader))
        case .unsubscribe: packet = .unsubscribe(try unsubscribe(&reader))
        case .unsubscribeAcknowledgement:
            packet = .unsubscribeAcknowledgement(try subscribeAcknowledgement(raw.type, &reader))
        case .disconnect: packet = .disconnect(try disconnect(&reader))
        case .authenticate: packet = .authenticate(try authenticate(&reader))
        }
        try reader.expectEnd()
        return packet
    }

    /// The protocol level that a CONNECT names, so that a faulty one can be answered in its own version.
    ///
    /// - Returns: nil for another packet and another protocol ([MQTT-3.1.2-1]).
    package static func protocolLevel(of raw: RawPacket) -> UInt8? {
        var reader = PacketReader(raw.body)
        guard raw.type == .connect, let name = try? reader.binary(), name == protocolName.bytes else { return nil }
        return try? reader.byte()
    }

    func properties(_ reader: inout PacketReader, _ place: PropertyPlace) throws(MQTTFault) -> Properties {
        guard version == .v5 else { return [] }
        return try Properties(from: &reader, in: place, limits: limits)
    }

    // MARK: PUBLISH

    private func publish(_ flags: UInt8, _ reader: inout PacketReader) throws(MQTTFault) -> Publish {
        guard let qos = QoS(rawValue: flags >> 1 & 0b11) else { throw .malformed("a PUBLISH has QoS 3") }
        let duplicate = flags & 0b1000 != 0
        guard !(duplicate && qos == .atMostOnce) else {
            throw .malformed("a PUBLISH of QoS 0 is a duplicate")  // [MQTT-3.3.1-2]
        }
        let topic = try reader.string()
        let packetID = qos == .atMostOnce ? 0 : try reader.packetID()
        let properties = try properties(&reader, .packet(.publish))
        if topic.isEmpty {
            guard properties.contains(.topicAlias) else {
                throw .protocolError("a PUBLISH has neither a topic nor a topic alias")
            }
        } else {
            try checkName(topic)
        }
        if sender == .client, properties.contains(.subscriptionIdentifier) {
            throw .protocolError("a client sent a subscription identifier")  // [MQTT-3.3.4-6]
        }
        return Publish(
            topic: topic, payload: reader.rest(), packetID: packetID, qos: qos, retain: flags & 1 != 0,
            duplicate: duplicate, properties: properties)
    }

    /// A topic name that is not empty.
    func checkName(_ topic: MQTTString) throws(MQTTFault) {
        guard topic.isTopicName else { throw .malformed("a topic name is empty or has a wildcard") }
        guard topic.levelCount <= limits.topicLevels else {
            throw MQTTFault(.topicNameInvalid, "a topic name has too many levels")
        }
    }

    /// PUBACK, PUBREC, PUBREL, PUBCOMP: reason and properties may be left out (§3.4.2.1, §3.4.2.2).
    private func acknowledgement(_ type: PacketType, _ reader: inout PacketReader) throws(MQTTFault) -> Acknowledgement
    {
        var acknowledgement = Acknowledgement(packetID: try reader.packetID())
        guard version == .v5, !reader.isAtEnd else { return acknowledgement }
        acknowledgement.reason = try reason(&reader, in: type)
        guard !reader.isAtEnd else { return acknowledgement }
        acknowledgement.properties = try properties(&reader, .packet(type))
        return acknowledgement
    }

    // MARK: DISCONNECT, AUTH

    private func disconnect(_ reader: inout PacketReader) throws(MQTTFault) -> Disconnect {
        guard version == .v5 else {
            guard sender == .client else { throw .protocolError("a server of MQTT 3.1.1 sends no DISCONNECT") }
            return Disconnect()
        }
        guard !reader.isAtEnd else { return Disconnect() }
        let reason = try reason(&reader, in: .disconnect)
        guard reason.mayEndConnection(from: sender) else {
            throw .protocolError("the reason of a DISCONNECT is one of the other end's")
        }
        guard !reader.isAtEnd else { return Disconnect(reason: reason) }
        return Disconnect(reason: reason, properties: try properties(&reader, .packet(.disconnect)))
    }

    private func authenticate(_ reader: inout PacketReader) throws(MQTTFault) -> Authenticate {
        guard version == .v5 else { throw .protocolError("MQTT 3.1.1 has no AUTH") }
        guard !reader.isAtEnd else { return Authenticate(reason: .success) }
        let reason = try reason(&reader, in: .authenticate)
        guard !reader.isAtEnd else { return Authenticate(reason: reason) }
        return Authenticate(reason: reason, properties: try properties(&reader, .packet(.authenticate)))
    }

    func reason(_ reader: inout PacketReader, in type: PacketType) throws(MQTTFault) -> ReasonCode {
        guard let reason = ReasonCode(rawValue: try reader.byte()), reason.isAllowed(in: type) else {
            throw .malformed("a reason code has no place in this packet")
        }
        return reason
    }
}

let protocolName: MQTTString = "MQTT"
