/// The protocol level that a CONNECT names (§3.1.2.2 in both standards).
package enum ProtocolVersion: UInt8, Sendable {
    case v3_1_1 = 4
    case v5 = 5
}

/// How hard the delivery of a message is tried (§4.3).
package enum QoS: UInt8, Sendable, Comparable, CaseIterable {
    case atMostOnce = 0
    case atLeastOnce = 1
    case exactlyOnce = 2

    package static func < (left: QoS, right: QoS) -> Bool { left.rawValue < right.rawValue }
}

/// The types of MQTT Control Packet (§2.1.2).
package enum PacketType: UInt8, Sendable, CaseIterable {
    case connect = 1
    case connectAcknowledgement = 2
    case publish = 3
    case publishAcknowledgement = 4
    case publishReceived = 5
    case publishRelease = 6
    case publishComplete = 7
    case subscribe = 8
    case subscribeAcknowledgement = 9
    case unsubscribe = 10
    case unsubscribeAcknowledgement = 11
    case pingRequest = 12
    case pingResponse = 13
    case disconnect = 14
    case authenticate = 15

    /// The four low bits of the fixed header, or nil where they have meanings of their own (§2.1.3).
    var fixedFlags: UInt8? {
        switch self {
        case .publish: nil
        case .publishRelease, .subscribe, .unsubscribe: 0b0010
        default: 0
        }
    }
}

/// The end whose packets are decoded.
package enum Sender: Sendable { case client, server }

/// What a decoder takes, whatever the packet says of itself.
package struct DecodingLimits: Sendable, Equatable {
    /// The largest packet in bytes with its fixed header; it is refused as soon as its length is known.
    package var packetSize: Int
    /// The most properties of one packet.
    package var properties: Int
    /// The most levels of a topic name or filter. A topic of 65,535 slashes is valid and only meant to hurt.
    package var topicLevels: Int
    /// The most filters of one SUBSCRIBE or UNSUBSCRIBE.
    package var filters: Int

    package init(packetSize: Int = 256 << 10, properties: Int = 256, topicLevels: Int = 32, filters: Int = 1_000) {
        self.packetSize = packetSize
        self.properties = properties
        self.topicLevels = topicLevels
        self.filters = filters
    }
}
