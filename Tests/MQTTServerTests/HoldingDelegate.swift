import MQTTCodec
import MQTTServer
import MQTTSession
import NIOConcurrencyHelpers

/// Lets everybody in, and keeps the publishes back for the test to answer.
final class HoldingDelegate: MQTTDelegate {
    private let publishes: AsyncStream<PublishAnswer>
    private let arrived: AsyncStream<PublishAnswer>.Continuation
    private let persisted = NIOLockedValueBox(0)
    private let unanswered = NIOLockedValueBox((now: 0, most: 0))

    /// How many publishes were unanswered at once at most.
    var mostUnanswered: Int { unanswered.withLockedValue { $0.most } }

    func answered() { unanswered.withLockedValue { $0.now -= 1 } }

    /// Sessions that were persisted, each after a while.
    var persistedCount: Int { persisted.withLockedValue { $0 } }

    init() { (publishes, arrived) = AsyncStream.makeStream(of: PublishAnswer.self) }

    func firstPublish() async -> PublishAnswer {
        for await answer in publishes { return answer }
        fatalError("the stream never ends")
    }

    /// Takes the answer and never gives it.
    func forgetFirstPublish() async { _ = await firstPublish() }

    func authenticate(_ request: AuthenticationRequest, answer: AuthenticationAnswer) { answer(.accept(Admission())) }
    func authorize(_ requests: [SubscriptionRequest], of client: MQTTClient, answer: SubscriptionAnswer) {
        answer(requests.map { _ in .grant(.exactlyOnce) })
    }
    func accept(_ message: Message, from client: MQTTClient, isWill: Bool, answer: PublishAnswer) {
        unanswered.withLockedValue {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
        arrived.yield(answer)
    }
    func connected(_ client: MQTTClient) {}
    func disconnected(_ client: MQTTClient, _ reason: ReasonCode) {}
    func persist(_ session: SessionSnapshot, answer: WriteAnswer) {
        Task {
            persisted.withLockedValue { $0 += 1 }
            answer(isDone: true)
        }
    }
    func forget(_ session: SessionKey, answer: WriteAnswer) { answer(isDone: true) }
    func retain(_ message: Message?, topic: MQTTString, in realm: MQTTString) {}
}
