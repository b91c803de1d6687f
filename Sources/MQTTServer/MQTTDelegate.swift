import MQTTCodec
import MQTTSession
import Synchronization

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
    /// Remember the session in place of what was remembered before. Until the answer nothing else is asked about what is stored
    /// of it; what was not done is asked for again.
    func persist(_ session: SessionSnapshot, answer: WriteAnswer)
    /// Forget it.
    func forget(_ session: SessionKey, answer: WriteAnswer)
    /// Remember the message as the last retained one of its topic, with its expiry counted from 1970; nil for none.
    func retain(_ message: Message?, topic: MQTTString, in realm: MQTTString)
}

/// A client that has been let in.
package struct MQTTClient: Sendable {
    package let key: SessionKey
    /// What authentication made of it.
    package let principal: (any Principal)?
}

/// Takes the verdict about a CONNECT or an AUTH.
package struct AuthenticationAnswer: Sendable {
    let target: BrokerLoop.Target<Question>

    package func callAsFunction(_ verdict: AuthenticationVerdict) {
        target.run { loop, question in
            question.decide(verdict)
            loop.settled(question.connection)
        }
    }
}

/// Takes the verdicts about a SUBSCRIBE, one a request.
package struct SubscriptionAnswer: Sendable {
    let target: BrokerLoop.Target<Question>

    package func callAsFunction(_ verdicts: [SubscriptionVerdict]) {
        target.run { loop, question in
            question.decide(verdicts)
            loop.settled(question.connection)
        }
    }
}

/// Takes the verdict about a PUBLISH. When it is let go without one, the message was not taken in: those behind it would wait
/// for ever otherwise.
package final class PublishAnswer: Sendable {
    private let target: BrokerLoop.Target<PendingPublish>
    private let isGiven = Atomic(false)

    init(target: BrokerLoop.Target<PendingPublish>) { self.target = target }

    deinit {
        if !isGiven.load(ordering: .acquiring) { PublishAnswer.give(.fail(.serverBusy), target) }
    }

    package func callAsFunction(_ verdict: PublishVerdict) {
        guard !isGiven.exchange(true, ordering: .acquiringAndReleasing) else { return }
        PublishAnswer.give(verdict, target)
    }

    private static func give(_ verdict: PublishVerdict, _ target: BrokerLoop.Target<PendingPublish>) {
        if let (loop, pending) = target.here { return settle(verdict, loop, pending) }
        target.run { loop, pending in settle(verdict, loop, pending) }
    }

    private static func settle(_ verdict: PublishVerdict, _ loop: BrokerLoop, _ pending: PendingPublish) {
        loop.broker.answer(pending, with: verdict)
        loop.settled(pending.connection)
    }
}

/// Takes whether something was stored. When it is let go without a word, it was not.
package final class WriteAnswer: Sendable {
    private let target: BrokerLoop.Target<SessionKey>
    private let isGiven = Atomic(false)

    init(target: BrokerLoop.Target<SessionKey>) { self.target = target }

    deinit {
        if !isGiven.load(ordering: .acquiring) { WriteAnswer.give(false, target) }
    }

    package func callAsFunction(isDone: Bool) {
        guard !isGiven.exchange(true, ordering: .acquiringAndReleasing) else { return }
        WriteAnswer.give(isDone, target)
    }

    private static func give(_ isDone: Bool, _ target: BrokerLoop.Target<SessionKey>) {
        target.run { loop, key in
            loop.broker.written(key, isDone: isDone)
            loop.settled(nil)
        }
    }
}
