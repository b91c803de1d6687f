/// One property with its value (MQTT 5.0 §2.2.2.2). Intervals are in seconds.
package enum Property: Sendable, Equatable {
    case payloadFormatIndicator(isUTF8: Bool)
    case messageExpiryInterval(UInt32)
    case contentType(MQTTString)
    case responseTopic(MQTTString)
    case correlationData(ByteSlice)
    case subscriptionIdentifier(Int)
    case sessionExpiryInterval(UInt32)
    case assignedClientIdentifier(MQTTString)
    case serverKeepAlive(UInt16)
    case authenticationMethod(MQTTString)
    case authenticationData(ByteSlice)
    case requestProblemInformation(Bool)
    case willDelayInterval(UInt32)
    case requestResponseInformation(Bool)
    case responseInformation(MQTTString)
    case serverReference(MQTTString)
    case reasonString(MQTTString)
    case receiveMaximum(UInt16)
    case topicAliasMaximum(UInt16)
    case topicAlias(UInt16)
    case maximumQoS(QoS)
    case retainAvailable(Bool)
    case userProperty(name: MQTTString, value: MQTTString)
    case maximumPacketSize(UInt32)
    case wildcardSubscriptionAvailable(Bool)
    case subscriptionIdentifierAvailable(Bool)
    case sharedSubscriptionAvailable(Bool)

    package var identifier: PropertyIdentifier {
        switch self {
        case .payloadFormatIndicator: .payloadFormatIndicator
        case .messageExpiryInterval: .messageExpiryInterval
        case .contentType: .contentType
        case .responseTopic: .responseTopic
        case .correlationData: .correlationData
        case .subscriptionIdentifier: .subscriptionIdentifier
        case .sessionExpiryInterval: .sessionExpiryInterval
        case .assignedClientIdentifier: .assignedClientIdentifier
        case .serverKeepAlive: .serverKeepAlive
        case .authenticationMethod: .authenticationMethod
        case .authenticationData: .authenticationData
        case .requestProblemInformation: .requestProblemInformation
        case .willDelayInterval: .willDelayInterval
        case .requestResponseInformation: .requestResponseInformation
        case .responseInformation: .responseInformation
        case .serverReference: .serverReference
        case .reasonString: .reasonString
        case .receiveMaximum: .receiveMaximum
        case .topicAliasMaximum: .topicAliasMaximum
        case .topicAlias: .topicAlias
        case .maximumQoS: .maximumQoS
        case .retainAvailable: .retainAvailable
        case .userProperty: .userProperty
        case .maximumPacketSize: .maximumPacketSize
        case .wildcardSubscriptionAvailable: .wildcardSubscriptionAvailable
        case .subscriptionIdentifierAvailable: .subscriptionIdentifierAvailable
        case .sharedSubscriptionAvailable: .sharedSubscriptionAvailable
        }
    }
}

extension Property {
    /// Reads the value of a property.
    ///
    /// - Throws: ``MQTTFault``: malformed for a value that is not of its form, protocol error for one that the standard
    ///   excludes.
    init(_ identifier: PropertyIdentifier, from reader: inout PacketReader) throws(MQTTFault) {
        switch identifier {
        case .payloadFormatIndicator: self = .payloadFormatIndicator(isUTF8: try reader.flag())
        case .messageExpiryInterval: self = .messageExpiryInterval(try reader.uint32())
        case .contentType: self = .contentType(try reader.string())
        case .responseTopic:
            let topic = try reader.string()
            guard topic.isTopicName else { throw .protocolError("a response topic is empty or has a wildcard") }
            self = .responseTopic(topic)
        case .correlationData: self = .correlationData(try reader.binary())
        case .subscriptionIdentifier:
            let value = try reader.variableByteInteger()
            guard value != 0 else { throw .protocolError("a subscription identifier is 0") }
            self = .subscriptionIdentifier(value)
        case .sessionExpiryInterval: self = .sessionExpiryInterval(try reader.uint32())
        case .assignedClientIdentifier: self = .assignedClientIdentifier(try reader.string())
        case .serverKeepAlive: self = .serverKeepAlive(try reader.uint16())
        case .authenticationMethod: self = .authenticationMethod(try reader.string())
        case .authenticationData: self = .authenticationData(try reader.binary())
        case .requestProblemInformation: self = .requestProblemInformation(try reader.flag())
        case .willDelayInterval: self = .willDelayInterval(try reader.uint32())
        case .requestResponseInformation: self = .requestResponseInformation(try reader.flag())
        case .responseInformation: self = .responseInformation(try reader.string())
        case .serverReference: self = .serverReference(try reader.string())
        case .reasonString: self = .reasonString(try reader.string())
        case .receiveMaximum:
            let value = try reader.uint16()
            guard value != 0 else { throw .protocolError("a receive maximum is 0") }
            self = .receiveMaximum(value)
        case .topicAliasMaximum: self = .topicAliasMaximum(try reader.uint16())
        case .topicAlias:
            let value = try reader.uint16()
            guard value != 0 else { throw MQTTFault(.topicAliasInvalid, "a topic alias is 0") }
            self = .topicAlias(value)
        case .maximumQoS: self = .maximumQoS(try reader.flag() ? .atLeastOnce : .atMostOnce)
        case .retainAvailable: self = .retainAvailable(try reader.flag())
        case .userProperty: self = .userProperty(name: try reader.string(), value: try reader.string())
        case .maximumPacketSize:
            let value = try reader.uint32()
            guard value != 0 else { throw .protocolError("a maximum packet size is 0") }
            self = .maximumPacketSize(value)
        case .wildcardSubscriptionAvailable: self = .wildcardSubscriptionAvailable(try reader.flag())
        case .subscriptionIdentifierAvailable: self = .subscriptionIdentifierAvailable(try reader.flag())
        case .sharedSubscriptionAvailable: self = .sharedSubscriptionAvailable(try reader.flag())
        }
    }

    /// The size in bytes, with the identifier.
    var encodedSize: Int {
        switch self {
        case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation, .maximumQoS,
            .retainAvailable, .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
            .sharedSubscriptionAvailable:
            2
        case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: 3
        case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval, .maximumPacketSize: 5
        case .subscriptionIdentifier(let value): 1 + PacketWriter.size(ofVariableByteInteger: value)
        case .contentType(let text), .responseTopic(let text), .assignedClientIdentifier(let text),
            .authenticationMethod(let text), .responseInformation(let text), .serverReference(let text),
            .reasonString(let text):
            1 + PacketWriter.size(of: text)
        case .correlationData(let bytes), .authenticationData(let bytes): 3 + bytes.count
        case .userProperty(let name, let value): 1 + PacketWriter.size(of: name) + PacketWriter.size(of: value)
        }
    }

    func encode(into writer: inout PacketWriter) {
        writer.byte(identifier.rawValue)
        switch self {
        case .payloadFormatIndicator(let flag), .requestProblemInformation(let flag),
            .requestResponseInformation(let flag), .retainAvailable(let flag),
            .wildcardSubscriptionAvailable(let flag), .subscriptionIdentifierAvailable(let flag),
            .sharedSubscriptionAvailable(let flag):
            writer.byte(flag ? 1 : 0)
        case .maximumQoS(let qos): writer.byte(qos == .atMostOnce ? 0 : 1)
        case .serverKeepAlive(let value), .receiveMaximum(let value), .topicAliasMaximum(let value),
            .topicAlias(let value):
            writer.uint16(value)
        case .messageExpiryInterval(let value), .sessionExpiryInterval(let value), .willDelayInterval(let value),
            .maximumPacketSize(let value):
            writer.uint32(value)
        case .subscriptionIdentifier(let value): writer.variableByteInteger(value)
        case .contentType(let text), .responseTopic(let text), .assignedClientIdentifier(let text),
            .authenticationMethod(let text), .responseInformation(let text), .serverReference(let text),
            .reasonString(let text):
            writer.string(text)
        case .correlationData(let bytes), .authenticationData(let bytes): writer.binary(bytes)
        case .userProperty(let name, let value):
            writer.string(name)
            writer.string(value)
        }
    }
}

extension PacketReader {
    mutating func propertyIdentifier() throws(MQTTFault) -> PropertyIdentifier {
        guard let number = UInt8(exactly: try variableByteInteger()),
            let identifier = PropertyIdentifier(rawValue: number)
        else { throw .malformed("a property has an unknown identifier") }
        return identifier
    }

    /// A byte that may only be 0 or 1.
    mutating func flag() throws(MQTTFault) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw .protocolError("a property that is 0 or 1 has another value")
        }
    }
}
