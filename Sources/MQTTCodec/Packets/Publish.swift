/// PUBLISH (§3.3).
package struct Publish: Sendable, Equatable {
    /// Empty where a Topic Alias stands for it.
    package var topic: MQTTString
    package var payload: ByteSlice
    /// 0 exactly with QoS 0 ([MQTT-2.2.1-2]).
    package var packetID: UInt16
    package var qos: QoS
    package var retain: Bool
    package var duplicate: Bool
    package var properties: Properties

    package init(
        topic: MQTTString, payload: ByteSlice, packetID: UInt16 = 0, qos: QoS = .atMostOnce, retain: Bool = false,
        duplicate: Bool = false, properties: Properties = []
    ) {
        self.topic = topic
        self.payload = payload
        self.packetID = packetID
        self.qos = qos
        self.retain = retain
        self.duplicate = duplicate
        self.properties = properties
    }
}

/// PUBACK, PUBREC, PUBREL and PUBCOMP (§3.4 to §3.7).
package struct Acknowledgement: Sendable, Equatable {
    package var packetID: UInt16
    package var reason: ReasonCode
    package var properties: Properties

    package init(packetID: UInt16, reason: ReasonCode = .success, properties: Properties = []) {
        self.packetID = packetID
        self.reason = reason
        self.properties = properties
    }
}
