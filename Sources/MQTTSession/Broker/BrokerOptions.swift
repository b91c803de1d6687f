import MQTTCodec

/// What a broker offers and how much it bears. Each limit is told to MQTT 5 clients in CONNACK where there is a property for it.
package struct BrokerOptions: Sendable {
    package var decoding = DecodingLimits()
    /// QoS 1 and 2 publishes of one client that may be unanswered (§3.2.2.3.3). A client of MQTT 3.1.1, which cannot be told, is
    /// not read from beyond it.
    package var receiveMaximum: UInt16 = 128
    /// The largest alias that clients may use (§3.2.2.3.8).
    package var topicAliasMaximum: UInt16 = 16
    /// The most aliases that the server uses towards one client.
    package var outboundTopicAliases: UInt16 = 16
    /// QoS 1 and 2 messages to one client that may be unacknowledged, whatever it allows.
    package var outboundInflight = 128
    package var maximumQoS = QoS.exactlyOnce
    package var retainAvailable = true
    package var wildcardSubscriptionAvailable = true
    package var subscriptionIdentifierAvailable = true
    package var sharedSubscriptionAvailable = true
    /// Clients that ask for a longer keep-alive, or for none, get this one, in seconds (§3.2.2.3.14). MQTT 3.1.1 has no way to
    /// tell them, so theirs stays.
    package var maximumKeepAlive: UInt16?
    /// In seconds; 0xFFFFFFFF lets sessions live for ever.
    package var maximumSessionExpiry: UInt32 = .max
    package var queue = QueueLimits()
    package var retained = QueueLimits(messages: 100_000, bytes: 64 << 20)
    package var subscriptionsPerSession = 10_000
    package var clientIDLength = 1_024
    package var connections = 1_000_000
    package var sessions = 1_000_000
    /// Bytes to one client that may be on their way to its socket before the next message waits in the queue.
    package var unsentBytes = 64 << 10
    /// How long a connection may take to send its CONNECT, in seconds.
    package var connectTimeout: UInt32 = 10
    /// A Client Identifier for a client that brings none ([MQTT-3.1.3-6]).
    package var makeClientID: @Sendable () -> MQTTString

    package init(makeClientID: @escaping @Sendable () -> MQTTString) { self.makeClientID = makeClientID }
}
