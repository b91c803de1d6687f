import MQTTCodec

/// What a broker offers and how much it bears. Each limit is told to MQTT 5 clients in CONNACK where there is a property for it.
package struct BrokerOptions: Sendable {
    package var decoding = DecodingLimits()
    /// QoS 1 and 2 publishes of one client that may be unanswered (§3.2.2.3.3). A client of MQTT 3.1.1, which cannot be told, is
    /// not read from beyond it.
    package var receiveMaximum: UInt16 = 128
    /// Bytes that the undecided publishes of one client may hold before it is not read from, with all that came in one piece
    /// with them; and as many those of QoS 2 that were not decided in time.
    package var undecidedBytes = 1 << 20
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
    /// Of each realm.
    package var retained = QueueLimits(messages: 100_000, bytes: 64 << 20)
    /// Nodes of the tree of retained messages that one connection may have searched before it is not read from, and nothing
    /// more is searched for it, until its next turn, some tenths of a second later.
    package var retainedVisits = 200_000
    package var subscriptionsPerSession = 10_000
    /// About what the subscriptions of one session may take, in bytes.
    package var subscriptionBytesPerSession = 4 << 20
    /// Of one session, on average: the more there is of it, the less often it is stored.
    package var storedBytesPerSecond = 1 << 20
    package var realm = RealmLimits()
    package var clientIDLength = 1_024
    package var connections = 1_000_000
    package var sessions = 1_000_000
    /// Bytes to one client that may be on their way to its socket before the next message waits in the queue.
    package var unsentBytes = 64 << 10
    /// How long a connection may take to send its CONNECT, with the handshakes of TLS and WebSocket before it, in seconds.
    package var connectTimeout: UInt32 = 10
    /// How long a client may leave alone what it was sent, in seconds.
    package var writeTimeout: UInt32 = 60
    /// How long a CONNECT, an AUTH, a SUBSCRIBE or a PUBLISH may be undecided, in seconds.
    package var decisionTimeout: UInt32 = 30
    /// Whether payloads that are said to be UTF-8 must be (§3.3.2.3.2).
    package var validatesPayloadFormat = true
    /// A Client Identifier for a client that brings none ([MQTT-3.1.3-6]).
    package var makeClientID: @Sendable () -> MQTTString

    package init(makeClientID: @escaping @Sendable () -> MQTTString) { self.makeClientID = makeClientID }
}

/// How much the clients of one realm may take together, so that none takes what belongs to the others.
package struct RealmLimits: Sendable {
    package var sessions: Int
    /// About what their subscriptions take.
    package var subscriptionBytes: Int
    /// Of the messages that wait for them or are in flight to them; once more as much of retained messages that subscriptions
    /// asked for.
    package var heldBytes: Int
    /// Of their Wills. They have a limit of their own, so that clients can come and take the messages that fill the other.
    package var willBytes: Int

    package init(
        sessions: Int = 250_000, subscriptionBytes: Int = 256 << 20, heldBytes: Int = 256 << 20,
        willBytes: Int = 128 << 20
    ) {
        self.sessions = sessions
        self.subscriptionBytes = subscriptionBytes
        self.heldBytes = heldBytes
        self.willBytes = willBytes
    }
}
