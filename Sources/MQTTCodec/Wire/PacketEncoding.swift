extension Packet {
    /// The size of the whole packet in bytes, or nil when it cannot be written: longer than 256 MiB.
    package func encodedSize(_ version: ProtocolVersion) -> Int? {
        let length = bodySize(version)
        guard length <= largestRemainingLength else { return nil }
        return 1 + PacketWriter.size(ofVariableByteInteger: length) + length
    }

    /// Writes the packet.
    ///
    /// - Parameter memory: has at least as many bytes as ``encodedSize(_:)`` says.
    /// - Returns: the bytes written.
    package func encode(_ version: ProtocolVersion, into memory: UnsafeMutableRawBufferPointer) -> Int {
        var writer = PacketWriter(memory)
        writer.byte(type.rawValue << 4 | flags)
        writer.variableByteInteger(bodySize(version))
        encodeBody(version, into: &writer)
        return writer.count
    }

    /// - Returns: nil when the packet is longer than any may be.
    package func encoded(_ version: ProtocolVersion) -> [UInt8]? {
        guard let size = encodedSize(version) else { return nil }
        return [UInt8](unsafeUninitializedCapacity: size) { memory, count in
            count = encode(version, into: UnsafeMutableRawBufferPointer(memory))
        }
    }

    private var flags: UInt8 {
        if case .publish(let publish) = self {
            return (publish.duplicate ? 0b1000 : 0) | publish.qos.rawValue << 1 | (publish.retain ? 1 : 0)
        }
        return type.fixedFlags ?? 0
    }

    private func bodySize(_ version: ProtocolVersion) -> Int {
        switch self {
        case .publish(let publish): publish.bodySize(version)
        case .publishAcknowledgement(let packet), .publishReceived(let packet), .publishRelease(let packet),
            .publishComplete(let packet):
            packet.bodySize(version)
        case .pingRequest, .pingResponse: 0
        case .connect(let connect): connect.bodySize
        case .connectAcknowledgement(let packet): 2 + (version == .v5 ? packet.properties.encodedSize : 0)
        case .subscribe(let subscribe):
            subscribe.requests.reduce(2 + (version == .v5 ? subscribe.properties.encodedSize : 0)) {
                $0 + PacketWriter.size(of: $1.filter) + 1
            }
        case .unsubscribe(let unsubscribe):
            unsubscribe.filters.reduce(2 + (version == .v5 ? unsubscribe.properties.encodedSize : 0)) {
                $0 + PacketWriter.size(of: $1)
            }
        case .subscribeAcknowledgement(let packet):
            2 + (version == .v5 ? packet.properties.encodedSize : 0) + packet.reasons.count
        case .unsubscribeAcknowledgement(let packet):
            version == .v5 ? 2 + packet.properties.encodedSize + packet.reasons.count : 2
        case .disconnect(let packet):
            version == .v5 ? trailerSize(packet.reason, packet.properties) : 0
        case .authenticate(let packet): trailerSize(packet.reason, packet.properties)
        }
    }

    private func encodeBody(_ version: ProtocolVersion, into writer: inout PacketWriter) {
        switch self {
        case .publish(let publish): publish.encodeBody(version, into: &writer)
        case .publishAcknowledgement(let packet), .publishReceived(let packet), .publishRelease(let packet),
            .publishComplete(let packet):
            packet.encodeBody(version, into: &writer)
        case .pingRequest, .pingResponse: break
        case .connect(let connect): connect.encodeBody(into: &writer)
        case .connectAcknowledgement(let packet):
            writer.byte(packet.sessionPresent ? 1 : 0)
            writer.byte(version == .v5 ? packet.reason.rawValue : packet.reason.connectReturnCode)
            if version == .v5 { packet.properties.encode(into: &writer) }
        case .subscribe(let subscribe):
            writer.uint16(subscribe.packetID)
            if version == .v5 { subscribe.properties.encode(into: &writer) }
            for request in subscribe.requests {
                writer.string(request.filter)
                writer.byte(version == .v5 ? request.options.rawValue : request.options.qos.rawValue)
            }
        case .unsubscribe(let unsubscribe):
            writer.uint16(unsubscribe.packetID)
            if version == .v5 { unsubscribe.properties.encode(into: &writer) }
            for filter in unsubscribe.filters { writer.string(filter) }
        case .subscribeAcknowledgement(let packet):
            writer.uint16(packet.packetID)
            if version == .v5 { packet.properties.encode(into: &writer) }
            for reason in packet.reasons {
                // MQTT 3.1.1 knows one failure (§3.9.3).
                writer.byte(version == .v5 || !reason.isFailure ? reason.rawValue : 0x80)
            }
        case .unsubscribeAcknowledgement(let packet):
            writer.uint16(packet.packetID)
            guard version == .v5 else { return }
            packet.properties.encode(into: &writer)
            for reason in packet.reasons { writer.byte(reason.rawValue) }
        case .disconnect(let packet):
            if version == .v5 { writer.trailer(packet.reason, packet.properties) }
        case .authenticate(let packet): writer.trailer(packet.reason, packet.properties)
        }
    }
}

/// Reason and properties at the end of a packet are left out when they say nothing (§3.4.2.1, §3.14.2.1, §3.15.2.1).
private func trailerSize(_ reason: ReasonCode, _ properties: Properties) -> Int {
    if properties.isEmpty { return reason == .success ? 0 : 1 }
    return 1 + properties.encodedSize
}

extension PacketWriter {
    fileprivate mutating func trailer(_ reason: ReasonCode, _ properties: Properties) {
        guard reason != .success || !properties.isEmpty else { return }
        byte(reason.rawValue)
        if !properties.isEmpty { properties.encode(into: &self) }
    }
}

extension Acknowledgement {
    fileprivate func bodySize(_ version: ProtocolVersion) -> Int {
        version == .v5 ? 2 + trailerSize(reason, properties) : 2
    }

    fileprivate func encodeBody(_ version: ProtocolVersion, into writer: inout PacketWriter) {
        writer.uint16(packetID)
        if version == .v5 { writer.trailer(reason, properties) }
    }
}

extension Publish {
    fileprivate func bodySize(_ version: ProtocolVersion) -> Int {
        PacketWriter.size(of: topic) + (qos == .atMostOnce ? 0 : 2)
            + (version == .v5 ? properties.encodedSize : 0) + payload.count
    }

    fileprivate func encodeBody(_ version: ProtocolVersion, into writer: inout PacketWriter) {
        writer.string(topic)
        if qos != .atMostOnce { writer.uint16(packetID) }
        if version == .v5 { properties.encode(into: &writer) }
        writer.raw(payload)
    }
}

extension Connect {
    fileprivate var bodySize: Int {
        var size = 10 + PacketWriter.size(of: clientID)
        if version == .v5 { size += properties.encodedSize }
        if let will {
            size += PacketWriter.size(of: will.topic) + 2 + will.payload.count
            if version == .v5 { size += will.properties.encodedSize }
        }
        if let userName { size += PacketWriter.size(of: userName) }
        if let password { size += 2 + password.count }
        return size
    }

    fileprivate func encodeBody(into writer: inout PacketWriter) {
        writer.string(protocolName)
        writer.byte(version.rawValue)
        var flags: UInt8 = cleanStart ? 0b10 : 0
        if let will { flags |= 0b100 | will.qos.rawValue << 3 | (will.retain ? 0b10_0000 : 0) }
        if password != nil { flags |= 0b100_0000 }
        if userName != nil { flags |= 0b1000_0000 }
        writer.byte(flags)
        writer.uint16(keepAlive)
        if version == .v5 { properties.encode(into: &writer) }
        writer.string(clientID)
        if let will {
            if version == .v5 { will.properties.encode(into: &writer) }
            writer.string(will.topic)
            writer.binary(will.payload)
        }
        if let userName { writer.string(userName) }
        if let password { writer.binary(password) }
    }
}
