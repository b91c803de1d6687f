import MQTTCodec

/// What the broker wants done, in this order. It does nothing by itself.
package enum Action {
    /// Send to the client.
    case send(Connection, Packet)
    /// Close when everything has been sent. Nothing more is sent or received.
    case close(Connection)
    /// It was not read from, and perhaps it may be again.
    case resume(Connection)
    /// Decide, and tell by ``Question/decide(_:)-(AuthenticationVerdict)``. Until then the connection is not read from.
    case authenticate(Question, AuthenticationRequest)
    /// Decide for each request, and tell by ``Question/decide(_:)-([SubscriptionVerdict])``. Until then the connection is not
    /// read from.
    case authorize(Question, [SubscriptionRequest])
    /// Take in, and tell by ``Broker/answer(_:with:)``: at once or when it has been committed.
    case accept(PendingPublish)
    /// A client has been let in.
    case connected(SessionKey, (any Principal)?)
    /// A client that was let in has gone, with the reason that it or the server gave.
    case disconnected(SessionKey, (any Principal)?, ReasonCode)
    /// Remember the session, which must survive a restart, in place of what was remembered before, and tell by
    /// ``Broker/written(_:isDone:)``. Until then nothing else is asked about what is stored of that session.
    case persist(SessionSnapshot)
    /// Forget it, and tell likewise.
    case forget(SessionKey)
    /// Remember the message as the last retained one of its topic, with moments since 1970; nil for none.
    case retain(Message?, topic: MQTTString, realm: MQTTString)
}

/// What was asked about a connection. An answer counts as long as nothing else has been asked about it.
package struct Question {
    package let connection: Connection
    let number: UInt64

    /// The answer to ``Action/authenticate(_:_:)``.
    package func decide(_ verdict: AuthenticationVerdict) {
        if number == connection.questions { connection.decide(verdict) }
    }

    /// The answer to ``Action/authorize(_:_:)``: one verdict a request.
    package func decide(_ verdicts: [SubscriptionVerdict]) {
        if number == connection.questions { connection.decide(verdicts) }
    }
}

/// A message that waits for its acceptance.
package final class PendingPublish {
    package let message: Message
    /// Who published it. A will's client may be gone.
    package let key: SessionKey
    package let principal: (any Principal)?
    package let isWill: Bool
    let session: Session?
    let packetID: UInt16
    /// The packet that it came in, and the bytes of memory that this keeps alive, perhaps with other packets.
    let body: ByteSlice
    let held: Int
    /// Since when the client has waited for it.
    var since: Instant
    /// Whether the client still waits on the connection by which it published.
    var acknowledges: Bool
    /// Whether nobody has decided in time, so that nothing waits for it any more. It is of QoS 2: the client sends it again.
    var isLate = false
    var verdict: PublishVerdict?

    init(
        message: Message, key: SessionKey, principal: (any Principal)?, session: Session?, packetID: UInt16,
        body: ByteSlice = ByteSlice(), held: Int = 0, since: Instant, isWill: Bool = false
    ) {
        self.message = message
        self.key = key
        self.principal = principal
        self.session = session
        self.packetID = packetID
        self.body = body
        self.held = held
        self.since = since
        self.isWill = isWill
        acknowledges = session != nil
    }

    /// Of the client now; not always the one by which the message came.
    package var connection: Connection? { session?.connection }
}
