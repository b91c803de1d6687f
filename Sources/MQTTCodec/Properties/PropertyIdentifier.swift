/// The identifiers of properties (MQTT 5.0 §2.2.2.2, table 2-4).
package enum PropertyIdentifier: UInt8, Sendable, CaseIterable {
    case payloadFormatIndicator = 0x01
    case messageExpiryInterval = 0x02
    case contentType = 0x03
    case responseTopic = 0x08
    case correlationData = 0x09
    case subscriptionIdentifier = 0x0B
    case sessionExpiryInterval = 0x11
    case assignedClientIdentifier = 0x12
    case serverKeepAlive = 0x13
    case authenticationMethod = 0x15
    case authenticationData = 0x16
    case requestProblemInformation = 0x17
    case willDelayInterval = 0x18
    case requestResponseInformation = 0x19
    case responseInformation = 0x1A
    case serverReference = 0x1C
    case reasonString = 0x1F
    case receiveMaximum = 0x21
    case topicAliasMaximum = 0x22
    case topicAlias = 0x23
    case maximumQoS = 0x24
    case retainAvailable = 0x25
    case userProperty = 0x26
    case maximumPacketSize = 0x27
    case wildcardSubscriptionAvailable = 0x28
    case subscriptionIdentifierAvailable = 0x29
    case sharedSubscriptionAvailable = 0x2A

    var bit: UInt64 { 1 << UInt64(rawValue) }

    /// How the value is written.
    enum Form { case byte, uint16, uint32, variableByteInteger, string, binary, stringPair }

    var form: Form {
        switch self {
        case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
            .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
            .sharedSubscriptionAvailable:
            .byte
        case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: .uint16
        case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize: .uint32
        case .subscriptionIdentifier: .variableByteInteger
        case .contentType, .responseTopic, .assignedClientIdentifier, .authenticationMethod, .responseInformation,
            .serverReference, .reasonString:
            .string
        case .correlationData, .authenticationData: .binary
        case .userProperty: .stringPair
        }
    }
}

/// Where properties stand: in a packet of a type, or with the Will in a CONNECT.
package enum PropertyPlace: Sendable {
    case packet(PacketType)
    case will

    /// The identifiers that may stand here, a bit each.
    var allowed: UInt64 {
        switch self {
        case .will: PropertyPlace.inWill
        case .packet(let type): PropertyPlace.inPackets[Int(type.rawValue)]
        }
    }

    private static func mask(_ identifiers: PropertyIdentifier...) -> UInt64 {
        identifiers.reduce(PropertyIdentifier.userProperty.bit) { $0 | $1.bit }
    }

    private static let inWill = mask(
        .willDelayInterval, .payloadFormatIndicator, .messageExpiryInterval, .contentType, .responseTopic,
        .correlationData)

    private static let inPackets: [UInt64] = (UInt8(0)..<16).map { number in
        switch PacketType(rawValue: number) {
        case .connect:
            mask(
                .sessionExpiryInterval, .receiveMaximum, .maximumPacketSize, .topicAliasMaximum,
                .requestResponseInformation, .requestProblemInformation, .authenticationMethod, .authenticationData)
        case .connectAcknowledgement:
            mask(
                .sessionExpiryInterval, .receiveMaximum, .maximumQoS, .retainAvailable, .maximumPacketSize,
                .assignedClientIdentifier, .topicAliasMaximum, .reasonString, .wildcardSubscriptionAvailable,
                .subscriptionIdentifierAvailable, .sharedSubscriptionAvailable, .serverKeepAlive, .responseInformation,
                .serverReference, .authenticationMethod, .authenticationData)
        case .publish:
            mask(
                .payloadFormatIndicator, .messageExpiryInterval, .topicAlias, .responseTopic, .correlationData,
                .subscriptionIdentifier, .contentType)
        case .publishAcknowledgement, .publishReceived, .publishRelease, .publishComplete, .subscribeAcknowledgement,
            .unsubscribeAcknowledgement:
            mask(.reasonString)
        case .subscribe: mask(.subscriptionIdentifier)
        case .unsubscribe: mask()
        case .disconnect: mask(.sessionExpiryInterval, .reasonString, .serverReference)
        case .authenticate: mask(.authenticationMethod, .authenticationData, .reasonString)
        case .pingRequest, .pingResponse, nil: 0
        }
    }
}
