/// The values of single properties, or nil where they are absent: the standard's defaults are for the reader to apply.
extension Properties {
    package var payloadIsUTF8: Bool? {
        if case .payloadFormatIndicator(let value)? = first(.payloadFormatIndicator) { value } else { nil }
    }
    package var messageExpiryInterval: UInt32? {
        if case .messageExpiryInterval(let value)? = first(.messageExpiryInterval) { value } else { nil }
    }
    package var contentType: MQTTString? {
        if case .contentType(let value)? = first(.contentType) { value } else { nil }
    }
    package var responseTopic: MQTTString? {
        if case .responseTopic(let value)? = first(.responseTopic) { value } else { nil }
    }
    package var correlationData: ByteSlice? {
        if case .correlationData(let value)? = first(.correlationData) { value } else { nil }
    }
    package var subscriptionIdentifier: Int? {
        if case .subscriptionIdentifier(let value)? = first(.subscriptionIdentifier) { value } else { nil }
    }
    package var subscriptionIdentifiers: [Int] {
        guard contains(.subscriptionIdentifier) else { return [] }
        return compactMap { if case .subscriptionIdentifier(let value) = $0 { value } else { nil } }
    }
    package var sessionExpiryInterval: UInt32? {
        if case .sessionExpiryInterval(let value)? = first(.sessionExpiryInterval) { value } else { nil }
    }
    package var assignedClientIdentifier: MQTTString? {
        if case .assignedClientIdentifier(let value)? = first(.assignedClientIdentifier) { value } else { nil }
    }
    package var serverKeepAlive: UInt16? {
        if case .serverKeepAlive(let value)? = first(.serverKeepAlive) { value } else { nil }
    }
    package var authenticationMethod: MQTTString? {
        if case .authenticationMethod(let value)? = first(.authenticationMethod) { value } else { nil }
    }
    package var authenticationData: ByteSlice? {
        if case .authenticationData(let value)? = first(.authenticationData) { value } else { nil }
    }
    package var requestProblemInformation: Bool? {
        if case .requestProblemInformation(let value)? = first(.requestProblemInformation) { value } else { nil }
    }
    package var willDelayInterval: UInt32? {
        if case .willDelayInterval(let value)? = first(.willDelayInterval) { value } else { nil }
    }
    package var requestResponseInformation: Bool? {
        if case .requestResponseInformation(let value)? = first(.requestResponseInformation) { value } else { nil }
    }
    package var responseInformation: MQTTString? {
        if case .responseInformation(let value)? = first(.responseInformation) { value } else { nil }
    }
    package var serverReference: MQTTString? {
        if case .serverReference(let value)? = first(.serverReference) { value } else { nil }
    }
    package var reasonString: MQTTString? {
        if case .reasonString(let value)? = first(.reasonString) { value } else { nil }
    }
    package var receiveMaximum: UInt16? {
        if case .receiveMaximum(let value)? = first(.receiveMaximum) { value } else { nil }
    }
    package var topicAliasMaximum: UInt16? {
        if case .topicAliasMaximum(let value)? = first(.topicAliasMaximum) { value } else { nil }
    }
    package var topicAlias: UInt16? {
        if case .topicAlias(let value)? = first(.topicAlias) { value } else { nil }
    }
    package var maximumPacketSize: UInt32? {
        if case .maximumPacketSize(let value)? = first(.maximumPacketSize) { value } else { nil }
    }
    package var userProperties: [(name: MQTTString, value: MQTTString)] {
        guard contains(.userProperty) else { return [] }
        return compactMap { if case .userProperty(let name, let value) = $0 { (name, value) } else { nil } }
    }
}
