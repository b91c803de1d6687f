import MQTTCodec

/// What a subscription says besides its filter.
package struct Subscription: Sendable, Equatable {
    package var options: SubscriptionOptions
    /// The Subscription Identifier, 0 for none.
    package var identifier: UInt32

    package init(_ options: SubscriptionOptions, identifier: Int = 0) {
        self.options = options
        self.identifier = UInt32(truncatingIfNeeded: identifier)
    }

    var identifiers: [Int] { identifier == 0 ? [] : [Int(identifier)] }

    /// About what a subscription takes, in bytes: its text twice, and nodes for its levels.
    static func footprint(_ filter: MQTTString) -> Int { 160 + 2 * filter.count + 300 * filter.levelCount }
}

/// Who subscribed to one filter. Most filters have one subscriber, some have a million.
struct SubscriberSet<Subscriber: Hashable> {
    struct Entry {
        let subscriber: Subscriber
        var subscription: Subscription
    }

    private final class Crowd {
        var entries: [Entry]
        /// The place of each; kept only where searching would take long.
        var places: [Subscriber: Int] = [:]

        init(_ entries: [Entry]) { self.entries = entries }

        func place(of subscriber: Subscriber) -> Int? {
            entries.count > 16
                ? places[subscriber] : entries.firstIndex { $0.subscriber == subscriber }
        }
    }

    private enum Content {
        case none
        case one(Entry)
        case many(Crowd)
    }

    private var content = Content.none

    var isEmpty: Bool { if case .none = content { true } else { false } }

    var count: Int {
        switch content {
        case .none: 0
        case .one: 1
        case .many(let crowd): crowd.entries.count
        }
    }

    subscript(index: Int) -> Entry {
        switch content {
        case .none: preconditionFailure("nobody subscribed")
        case .one(let entry): entry
        case .many(let crowd): crowd.entries[index]
        }
    }

    @inline(__always)
    func forEach(_ body: (Subscriber, Subscription) -> Void) {
        switch content {
        case .none: break
        case .one(let entry): body(entry.subscriber, entry.subscription)
        case .many(let crowd): for entry in crowd.entries { body(entry.subscriber, entry.subscription) }
        }
    }

    /// - Returns: whether the subscriber is new here; otherwise its subscription is replaced ([MQTT-3.8.4-3]).
    mutating func insert(_ subscriber: Subscriber, _ subscription: Subscription) -> Bool {
        let entry = Entry(subscriber: subscriber, subscription: subscription)
        switch content {
        case .none: content = .one(entry)
        case .one(let present):
            guard present.subscriber != subscriber else {
                content = .one(entry)
                return false
            }
            content = .many(Crowd([present, entry]))
        case .many(let crowd):
            if let place = crowd.place(of: subscriber) {
                crowd.entries[place] = entry
                return false
            }
            crowd.entries.append(entry)
            if crowd.entries.count == 17 {
                for (place, entry) in crowd.entries.enumerated() { crowd.places[entry.subscriber] = place }
            } else if crowd.entries.count > 17 {
                crowd.places[subscriber] = crowd.entries.count - 1
            }
        }
        return true
    }

    /// - Returns: what it had subscribed to, if it was there.
    mutating func remove(_ subscriber: Subscriber) -> Subscription? {
        switch content {
        case .none: return nil
        case .one(let present):
            guard present.subscriber == subscriber else { return nil }
            content = .none
            return present.subscription
        case .many(let crowd):
            guard let place = crowd.place(of: subscriber) else { return nil }
            let removed = crowd.entries[place].subscription
            let wasIndexed = crowd.entries.count > 16
            let last = crowd.entries.removeLast()
            if place < crowd.entries.count {
                crowd.entries[place] = last
                if wasIndexed { crowd.places[last.subscriber] = place }
            }
            if wasIndexed { crowd.places[subscriber] = nil }
            if crowd.entries.count == 16 { crowd.places = [:] }
            if crowd.entries.count == 1 { content = .one(crowd.entries[0]) }
            return removed
        }
    }
}

/// The subscribers that share one filter under one name: each message goes to one of them (MQTT 5.0 §4.8.2).
package final class SharedGroup<Subscriber: Hashable> {
    package let share: Share
    /// Those that are there, and those that are away.
    private var awake = SubscriberSet<Subscriber>()
    private var asleep = SubscriberSet<Subscriber>()
    private var turn = 0

    init(share: Share) { self.share = share }

    var isEmpty: Bool { awake.isEmpty && asleep.isEmpty }

    /// - Returns: whether the subscriber is new here.
    func insert(_ subscriber: Subscriber, _ subscription: Subscription, isAwake: Bool) -> Bool {
        let before = isAwake ? asleep.remove(subscriber) : awake.remove(subscriber)
        let isNew = isAwake ? awake.insert(subscriber, subscription) : asleep.insert(subscriber, subscription)
        return isNew && before == nil
    }

    /// - Returns: what it had subscribed to, if it was there.
    func remove(_ subscriber: Subscriber) -> Subscription? { awake.remove(subscriber) ?? asleep.remove(subscriber) }

    /// Whose turn it is: the next that is there and `fit`, or else the next that is there, or else the next at all.
    ///
    /// - Parameter fit: asked of a few members only, so that a message for a thousand busy ones costs no more than one.
    package func choose(_ fit: (Subscriber) -> Bool) -> (Subscriber, Subscription)? {
        let members = awake.isEmpty ? asleep : awake
        let count = members.count
        guard count > 0 else { return nil }
        turn = (turn + 1) % count
        for step in 0..<min(count, 32) {
            let entry = members[(turn + step) % count]
            guard fit(entry.subscriber) else { continue }
            turn = (turn + step) % count
            return (entry.subscriber, entry.subscription)
        }
        return (members[turn].subscriber, members[turn].subscription)
    }
}
