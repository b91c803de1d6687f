import MQTTCodec

/// What the broker wants done, in this order. It does nothing by itself.
package enum Action {
    /// Send to the client.
    case send(Connection, Packet)
    /// Close when everything has been sent. Nothing more is sent or received.
    case close(Connection)
    /// Decide, and tell by ``Connection/decide(_:)``. Until then the connection is not read from.
    case authenticate(Connection, AuthenticationRequest)
    /// Decide for each request, and tell by ``Connection/decide(_:)``. Until then the connection is not read from.
    case authorize(Connection, [SubscriptionRequest])
    /// Take in, and tell by ``Broker/answer(_:with:)``: at once or when it has been committed.
    case accept(PendingPublish)
    /// A client has been let in.
    case connected(Connection)
    /// A client that was let in has gone, with the reason that it or the server gave.
    case disconnected(SessionKey, (any Principal)?, ReasonCode)
    /// Remember the session, which must survive a restart, in place of what was remembered before.
    case persist(SessionSnapshot)
    /// Forget it.
    case forget(SessionKey)
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
    /// Whether the client still waits on the connection by which it published.
    var acknowledges: Bool
    var verdict: PublishVerdict?

    init(
        message: Message, key: SessionKey, principal: (any Principal)?, session: Session?, packetID: UInt16,
        isWill: Bool = false
    ) {
        self.message = message
        self.key = key
        self.principal = principal
        self.session = session
        self.packetID = packetID
        self.isWill = isWill
        acknowledges = session != nil
    }
}
