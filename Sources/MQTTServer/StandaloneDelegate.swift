import MQTTCodec
import MQTTSession

/// Makes the server a plain broker: everybody (or everybody with a password) may publish and subscribe, and everything is in
/// memory and ends with the process.
package struct StandaloneDelegate: MQTTDelegate {
    /// Passwords by user name; without any, everybody is let in.
    private let passwords: [MQTTString: [UInt8]]
    /// Filters that nobody may subscribe to.
    private let deniedFilters: Set<MQTTString>

    package init(passwords: [MQTTString: [UInt8]] = [:], deniedFilters: Set<MQTTString> = []) {
        self.passwords = passwords
        self.deniedFilters = deniedFilters
    }

    package func authenticate(_ request: AuthenticationRequest, answer: AuthenticationAnswer) {
        guard request.method == nil else { return answer(.refuse(.badAuthenticationMethod)) }
        guard !passwords.isEmpty else { return answer(.accept(Admission())) }
        let given = request.connect.password?.array ?? []
        let expected = request.connect.userName.flatMap { passwords[$0] }
        let isRight = StandaloneDelegate.areEqual(given, expected ?? []) && expected != nil
        answer(isRight ? .accept(Admission()) : .refuse(.badUserNameOrPassword))
    }

    /// In a time that tells nothing of where they differ.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    package func authorize(_ requests: [SubscriptionRequest], of client: MQTTClient, answer: SubscriptionAnswer) {
        answer(requests.map { deniedFilters.contains($0.filter) ? .refuse(.unspecifiedError) : .grant(.exactlyOnce) })
    }

    package func accept(_ message: Message, from client: MQTTClient, isWill: Bool, answer: PublishAnswer) {
        answer(.route)
    }

    package func connected(_ client: MQTTClient) {}
    package func disconnected(_ client: MQTTClient, _ reason: ReasonCode) {}
    package func persist(_ session: SessionSnapshot, answer: WriteAnswer) { answer(isDone: true) }
    package func forget(_ session: SessionKey, answer: WriteAnswer) { answer(isDone: true) }
    package func retain(_ message: Message?, topic: MQTTString, in realm: MQTTString) {}
}
