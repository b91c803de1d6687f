import MQTTCodec

/// The topics that a client has given numbers to (MQTT 5.0 §3.3.2.3.4). They end with the connection.
struct InboundTopicAliases {
    private var topics: [UInt16: MQTTString] = [:]

    /// The topic that a PUBLISH means, remembered if it comes with an alias.
    ///
    /// - Throws: ``MQTTFault`` for an alias beyond `maximum` or one that stands for nothing.
    mutating func resolve(_ publish: Publish, maximum: UInt16) throws(MQTTFault) -> MQTTString {
        guard let alias = publish.properties.topicAlias else { return publish.topic }
        guard alias <= maximum else {
            throw MQTTFault(.topicAliasInvalid, "a topic alias is larger than allowed")  // [MQTT-3.2.2-17]
        }
        guard publish.topic.isEmpty else {
            topics[alias] = publish.topic.detached()
            return publish.topic
        }
        guard let topic = topics[alias] else { throw .protocolError("a topic alias stands for no topic") }
        return topic
    }
}

/// The numbers that the server gives to topics towards one client: first come, first served.
struct OutboundTopicAliases {
    private var aliases: [MQTTString: UInt16] = [:]
    let maximum: UInt16

    init(maximum: UInt16) { self.maximum = maximum }

    /// - Returns: the alias, and whether the client knows it already; nil when all are given away.
    func alias(for topic: MQTTString) -> (alias: UInt16, isKnown: Bool)? {
        guard maximum > 0 else { return nil }
        if let alias = aliases[topic] { return (alias, true) }
        guard aliases.count < Int(maximum) else { return nil }
        return (UInt16(aliases.count + 1), false)
    }

    /// The client has been told.
    mutating func established(_ topic: MQTTString, _ alias: UInt16) { aliases[topic.detached()] = alias }
}
