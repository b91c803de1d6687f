import MQTTCodec
import Testing

@testable import MQTTSession

@Suite("the topic tree finds what comparing every filter finds")
struct TopicTreeTests {
    /// MQTT 5.0 §4.7, word for word.
    static func matches(_ filter: [Substring], _ topic: [Substring], isFirst: Bool = true) -> Bool {
        if isFirst, topic[0].hasPrefix("$"), filter[0] == "#" || filter[0] == "+" { return false }
        switch (filter.first, topic.first) {
        case ("#"?, _): return true
        case (nil, nil): return true
        case (nil, _), (_, nil): return false
        case (let level?, let name?):
            guard level == "+" || level == name else { return false }
            if topic.count == 1, filter.count == 2, filter[1] == "#" { return true }
            return matches(Array(filter.dropFirst()), Array(topic.dropFirst()), isFirst: false)
        }
    }

    private static let names = ["a", "b", "", "$x", "cc"]

    private static func random(_ parts: [String], _ generator: inout some RandomNumberGenerator) -> String {
        (0..<Int.random(in: 1...4, using: &generator)).map { _ in parts.randomElement(using: &generator) ?? "" }
            .joined(separator: "/")
    }

    @Test("for random filters and topics, while subscriptions come and go", arguments: 0..<20)
    func random(_ seed: UInt64) {
        var generator = SplitMix(state: seed)
        var tree = TopicTree<Int>()
        var plain: [String: Set<Int>] = [:]
        for _ in 0..<400 {
            var filter = TopicTreeTests.random(TopicTreeTests.names + ["+", "+"], &generator)
            if Bool.random(using: &generator) { filter += "/#" }
            guard let text = MQTTString(filter), text.isTopicFilter else { continue }
            let subscriber = Int.random(in: 0..<30, using: &generator)
            if Int.random(in: 0..<3, using: &generator) > 0 {
                let isNew = tree.insert(subscriber, filter: text, Subscription(SubscriptionOptions()))
                let isExpected = plain[filter, default: []].insert(subscriber).inserted
                #expect(isNew == isExpected)
            } else {
                let wasThere = tree.remove(subscriber, filter: text)
                let isExpected = plain[filter]?.remove(subscriber) != nil
                #expect(wasThere == isExpected)
            }
            let topic = TopicTreeTests.random(TopicTreeTests.names, &generator)
            guard let name = MQTTString(topic), name.isTopicName else { continue }
            var found: [Int] = []
            tree.match(name) { subscriber, _ in
                found.append(subscriber)
            } shared: { _ in
            }
            let levels = topic.split(separator: "/", omittingEmptySubsequences: false)
            let expected = plain.filter {
                TopicTreeTests.matches($0.key.split(separator: "/", omittingEmptySubsequences: false), levels)
            }.flatMap(\.value)
            #expect(found.sorted() == expected.sorted(), "\(topic)")
        }
        #expect(tree.count == plain.values.reduce(0) { $0 + $1.count })
        for (filter, subscribers) in plain {
            for subscriber in subscribers { tree.remove(subscriber, filter: MQTTString(filter) ?? "") }
        }
        #expect(tree.count == 0 && tree.nodeCount == 0 && tree.nameCount == 0)
    }

    @Test("retained messages are found by the same rule", arguments: 0..<10)
    func retained(_ seed: UInt64) {
        var generator = SplitMix(state: seed)
        var retained = RetainedMessages(limits: QueueLimits())
        var visited = 0
        var topics: Set<String> = []
        for _ in 0..<200 {
            let topic = TopicTreeTests.random(TopicTreeTests.names, &generator)
            guard let name = MQTTString(topic), name.isTopicName else { continue }
            if Bool.random(using: &generator) {
                let message = Message(topic: name, payload: ByteSlice([1]), retain: true)
                let isKept = retained.set(message, now: Instant(milliseconds: 0))
                #expect(isKept)
                topics.insert(topic)
            } else {
                retained.remove(name)
                topics.remove(topic)
            }
            var filter = TopicTreeTests.random(TopicTreeTests.names + ["+"], &generator)
            if Bool.random(using: &generator) { filter += "/#" }
            guard let text = MQTTString(filter), text.isTopicFilter else { continue }
            let found = retained.matching(text, now: Instant(milliseconds: 0), visited: &visited)
                .map(\.topic.description)
            let levels = filter.split(separator: "/", omittingEmptySubsequences: false)
            let expected = topics.filter {
                TopicTreeTests.matches(levels, $0.split(separator: "/", omittingEmptySubsequences: false))
            }
            #expect(found.sorted() == expected.sorted(), "\(filter)")
        }
        #expect(retained.count == topics.count)
        for topic in topics { retained.remove(MQTTString(topic) ?? "") }
        #expect(retained.count == 0 && retained.bytes == 0)
    }

    @Test("a crowd on one filter comes and goes")
    func crowd() {
        var tree = TopicTree<Int>()
        for subscriber in 0..<100 { tree.insert(subscriber, filter: "t", Subscription(SubscriptionOptions())) }
        for subscriber in stride(from: 0, to: 100, by: 2) { tree.remove(subscriber, filter: "t") }
        var found: Set<Int> = []
        tree.match("t") { subscriber, _ in
            found.insert(subscriber)
        } shared: { _ in
        }
        #expect(found == Set(stride(from: 1, to: 100, by: 2)))
        for subscriber in stride(from: 1, to: 100, by: 2) { tree.remove(subscriber, filter: "t") }
        #expect(tree.nodeCount == 0)
    }
}

/// Random numbers that are the same every time.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
