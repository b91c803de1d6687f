/// CONNECT (§3.1).
package struct Connect: Sendable, Equatable {
    package var version: ProtocolVersion
    /// Clean Session in MQTT 3.1.1.
    package var cleanStart: Bool
    /// In seconds; 0 turns it off.
    package var keepAlive: UInt16
    package var clientID: MQTTString
    package var will: Will?
    package var userName: MQTTString?
    package var password: ByteSlice?
    package var properties: Properties

    package init(
        version: ProtocolVersion = .v5, cleanStart: Bool = true, keepAlive: UInt16 = 0, clientID: MQTTString,
        will: Will? = nil, userName: MQTTString? = nil, password: ByteSlice? = nil, properties: Properties = []
    ) {
        self.version = version
        self.cleanStart = cleanStart
        self.keepAlive = keepAlive
        self.clientID = clientID
        self.will = will
        self.userName = userName
        self.password = password
        self.properties = properties
    }
}

/// The message that is published when the client goes without saying so (§3.1.2.5).
package struct Will: Sendable, Equatable {
    package var topic: MQTTString
    package var payload: ByteSlice
    package var qos: QoS
    package var retain: Bool
    package var properties: Properties

    package init(
        topic: MQTTString, payload: ByteSlice, qos: QoS = .atMostOnce, retain: Bool = false, properties: Properties = []
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties
    }
}

/// CONNACK (§3.2).
package struct ConnectAcknowledgement: Sendable, Equatable {
    package var sessionPresent: Bool
    package var reason: ReasonCode
    package var properties: Properties

    package init(sessionPresent: Bool = false, reason: ReasonCode, properties: Properties = []) {
        self.sessionPresent = sessionPresent
        self.reason = reason
        self.properties = properties
    }
}

/// DISCONNECT (§3.14).
package struct Disconnect: Sendable, Equatable {
    package var reason: ReasonCode
    package var properties: Properties

    package init(reason: ReasonCode = .success, properties: Properties = []) {
        self.reason = reason
        self.properties = properties
    }
}

/// AUTH (MQTT 5.0 §3.15).
package struct Authenticate: Sendable, Equatable {
    package var reason: ReasonCode
    package var properties: Properties

    package init(reason: ReasonCode, properties: Properties = []) {
        self.reason = reason
        self.properties = properties
    }
}
