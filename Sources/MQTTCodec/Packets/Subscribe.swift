/// SUBSCRIBE (§3.8).
package struct Subscribe: Sendable, Equatable {
    package var packetID: UInt16
    package var requests: [SubscriptionRequest]
    package var properties: Properties

    package init(packetID: UInt16, requests: [SubscriptionRequest], properties: Properties = []) {
        self.packetID = packetID
        self.requests = requests
        self.properties = properties
    }
}

package struct SubscriptionRequest: Sendable, Equatable {
    package var filter: MQTTString
    package var options: SubscriptionOptions

    package init(_ filter: MQTTString, _ options: SubscriptionOptions = SubscriptionOptions()) {
        self.filter = filter
        self.options = options
    }
}

/// Subscription Options (MQTT 5.0 §3.8.3.1), as the byte that carries them.
package struct SubscriptionOptions: Sendable, Equatable {
    package let rawValue: UInt8

    /// When retained messages are sent at the time of the subscription.
    package enum RetainHandling: UInt8, Sendable {
        case always = 0
        case ifNew = 1
        case never = 2
    }

    package init(
        qos: QoS = .atMostOnce, noLocal: Bool = false, retainAsPublished: Bool = false,
        retainHandling: RetainHandling = .always
    ) {
        rawValue =
            qos.rawValue | (noLocal ? 0b100 : 0) | (retainAsPublished ? 0b1000 : 0) | retainHandling.rawValue << 4
    }

    /// - Returns: nil for QoS 3, retain handling 3, or a reserved bit.
    package init?(rawValue: UInt8, version: ProtocolVersion = .v5) {
        let reserved: UInt8 = version == .v5 ? 0b1100_0000 : 0b1111_1100
        guard rawValue & reserved == 0, rawValue & 0b11 < 3, rawValue >> 4 & 0b11 < 3 else { return nil }
        self.rawValue = rawValue
    }

    package var qos: QoS { QoS(rawValue: rawValue & 0b11) ?? .exactlyOnce }
    package var noLocal: Bool { rawValue & 0b100 != 0 }
    package var retainAsPublished: Bool { rawValue & 0b1000 != 0 }
    package var retainHandling: RetainHandling { RetainHandling(rawValue: rawValue >> 4 & 0b11) ?? .never }
}

/// SUBACK (§3.9), and UNSUBACK (§3.11), which in MQTT 3.1.1 has no reasons.
package struct SubscribeAcknowledgement: Sendable, Equatable {
    package var packetID: UInt16
    /// One for each request, in their order.
    package var reasons: [ReasonCode]
    package var properties: Properties

    package init(packetID: UInt16, reasons: [ReasonCode], properties: Properties = []) {
        self.packetID = packetID
        self.reasons = reasons
        self.properties = properties
    }
}

/// UNSUBSCRIBE (§3.10).
package struct Unsubscribe: Sendable, Equatable {
    package var packetID: UInt16
    package var filters: [MQTTString]
    package var properties: Properties

    package init(packetID: UInt16, filters: [MQTTString], properties: Properties = []) {
        self.packetID = packetID
        self.filters = filters
        self.properties = properties
    }
}
