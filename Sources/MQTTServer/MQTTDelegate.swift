import MQTTCodec
import MQTTSession

/// What a platform decides for the MQTT server. Everything may be answered at once or later, from any thread, and once.
///
/// The functions are called on the server's event loop and must not block it.
package protocol MQTTDelegate: Sendable {
    /// Who is it, and may they come in?
    func authenticate(_ request: AuthenticationRequest, answer: AuthenticationAnswer)
    /// May the client subscribe? One verdict a request.
    func authorize(_ requests: [SubscriptionRequest], of client: MQTTClient, answer: SubscriptionAnswer)
    /// May the client publish this, and is it safe? PUBACK and PUBREC wait for the answer, so a commit can come before.
    func accept(_ message: Message, from client: MQTTClient, isWill: Bool, answer: PublishAnswer)
    /// A client has been let in.
    func connected(_ client: MQTTClient)
    /// It has gone, with the reason that it or the server gave.
    func disconnected(_ client: MQTTClient, _ reason: ReasonCode)
    /// Remember the session in place of what was remembered before.
    func persist(_ session: SessionSnapshot)
    /// Forget it.
    func forget(_ session: SessionKey)
}

/// A client that has been let in.
package struct MQTTClient: Sendable {
    package let key: SessionKey
    /// What authentication made of it.
    package let principal: (any Principal)?
}

/// Takes the verdict about a CONNECT or an AUTH.
package struct AuthenticationAnswer: Sendable {
    let target: BrokerLoop.Target<Connection>

    package func callAsFunction(_ verdict: AuthenticationVerdict) {
        target.run { loop, connection in
            connection.decide(verdict)
            loop.settled(connection)
        }
    }
}

/// Takes the verdicts about a SUBSCRIBE, one a request.
package struct SubscriptionAnswer: Sendable {
    let target: BrokerLoop.Target<Connection>

    package func callAsFunction(_ verdicts: [SubscriptionVerdict]) {
        target.run { loop, connection in
            connection.decide(verdicts)
            loop.settled(connection)
        }
    }
}

/// Takes the verdict about a PUBLISH.
package struct PublishAnswer: Sendable {
    let target: BrokerLoop.Target<PendingPublish>

    package func callAsFunction(_ verdict: PublishVerdict) {
        target.run { loop, pending in
            loop.broker.answer(pending, with: verdict)
            loop.settled(loop.broker.session(pending.key)?.connection)
        }
    }
}
