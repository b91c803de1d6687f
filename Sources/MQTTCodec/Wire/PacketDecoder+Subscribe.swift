extension PacketDecoder {
    /// SUBSCRIBE (§3.8).
    func subscribe(_ reader: inout PacketReader) throws(MQTTFault) -> Subscribe {
        let packetID = try reader.packetID()
        let properties = try properties(&reader, .packet(.subscribe))
        var requests: [SubscriptionRequest] = []
        repeat {
            // An empty SUBSCRIBE is a protocol error ([MQTT-3.8.3-2]).
            guard !reader.isAtEnd else { throw .protocolError("a SUBSCRIBE has no topic filter") }
            let filter = try reader.string()
            let isShared = try checkFilter(filter)
            let byte = try reader.byte()
            guard let options = SubscriptionOptions(rawValue: byte, version: version) else {
                // §3.8.3.1: without reserved bits it is QoS 3 or retain handling 3.
                if version == .v5, byte & 0b1100_0000 == 0 { throw .protocolError("a subscription option is 3") }
                throw .malformed("reserved bits of subscription options are set")  // [MQTT-3.8.3-5]
            }
            guard !(isShared && options.noLocal) else {
                throw .protocolError("a shared subscription is no-local")  // [MQTT-3.8.3-4]
            }
            guard requests.count < limits.filters else {
                throw MQTTFault(.quotaExceeded, "a SUBSCRIBE has too many topic filters")
            }
            requests.append(SubscriptionRequest(filter, options))
        } while !reader.isAtEnd
        return Subscribe(packetID: packetID, requests: requests, properties: properties)
    }

    /// UNSUBSCRIBE (§3.10).
    func unsubscribe(_ reader: inout PacketReader) throws(MQTTFault) -> Unsubscribe {
        let packetID = try reader.packetID()
        let properties = try properties(&reader, .packet(.unsubscribe))
        var filters: [MQTTString] = []
        repeat {
            // An empty UNSUBSCRIBE is a protocol error ([MQTT-3.10.3-2]).
            guard !reader.isAtEnd else { throw .protocolError("an UNSUBSCRIBE has no topic filter") }
            let filter = try reader.string()
            _ = try checkFilter(filter)
            guard filters.count < limits.filters else {
                throw MQTTFault(.quotaExceeded, "an UNSUBSCRIBE has too many topic filters")
            }
            filters.append(filter)
        } while !reader.isAtEnd
        return Unsubscribe(packetID: packetID, filters: filters, properties: properties)
    }

    /// SUBACK (§3.9) and UNSUBACK (§3.11).
    func subscribeAcknowledgement(
        _ type: PacketType, _ reader: inout PacketReader
    ) throws(MQTTFault) -> SubscribeAcknowledgement {
        var acknowledgement = SubscribeAcknowledgement(packetID: try reader.packetID(), reasons: [])
        acknowledgement.properties = try properties(&reader, .packet(type))
        if version == .v3_1_1, type == .unsubscribeAcknowledgement { return acknowledgement }
        repeat {
            let reason = try reason(&reader, in: type)
            // MQTT 3.1.1 knows one failure ([MQTT-3.9.3-2] there).
            guard version == .v5 || !reason.isFailure || reason == .unspecifiedError else {
                throw .malformed("a SUBACK has an unknown return code")
            }
            acknowledgement.reasons.append(reason)
        } while !reader.isAtEnd
        return acknowledgement
    }

    /// - Returns: whether it is a shared subscription.
    private func checkFilter(_ filter: MQTTString) throws(MQTTFault) -> Bool {
        guard filter.isTopicFilter else { throw .malformed("a topic filter is empty or has a misplaced wildcard") }
        guard filter.levelCount <= limits.topicLevels else {
            throw MQTTFault(.topicFilterInvalid, "a topic filter has too many levels")
        }
        // MQTT 3.1.1 knows no shares: what is not one of ours is a filter like others.
        guard version == .v5 else { return false }
        return try SharedFilter(filter) != nil
    }
}
