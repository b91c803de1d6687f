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

    /// A member has come or gone.
    func wake(_ subscriber: Subscriber, _ isAwake: Bool) {
        guard let subscription = remove(subscriber) else { return }
        _ = insert(subscriber, subscription, isAwake: isAwake)
    }

    /// - Returns: what it had subscribed to, if it was there.
    func remove(_ subscriber: Subscriber) -> Subscription? { awake.remove(subscriber) ?? asleep.remove(subscriber) }

    /// Whose turn it is: the next that is there and `fit`, or else there and with room, or else away and with room, or else the
    /// next at all.
    ///
    /// - Parameters:
    ///   - fit: asked of a few members only, so that a message for a thousand busy ones costs no more than one.
    ///   - hasRoom: likewise.
    package func choose(
        _ fit: (Subscriber) -> Bool, orElse hasRoom: (Subscriber, Subscription) -> Bool = { _, _ in true }
    ) -> (Subscriber, Subscription)? {
        turn &+= 1
        return next(in: awake) { subscriber, _ in fit(subscriber) } ?? next(in: awake, where: hasRoom)
            ?? next(in: asleep, where: hasRoom) ?? next(in: awake) { _, _ in true } ?? next(in: asleep) { _, _ in true }
    }

    private func next(
        in members: SubscriberSet<Subscriber>, where condition: (Subscriber, Subscription) -> Bool
    ) -> (Subscriber, Subscription)? {
        let count = members.count
        guard count > 0 else { return nil }
        for step in 0..<min(count, 32) {
            let place = (turn % count + step) % count
            let entry = members[place]
            guard condition(entry.subscriber, entry.subscription) else { continue }
            turn = place
            return (entry.subscriber, entry.subscription)
        }
        return nil
    }
}

/// The groups that share one filter, by their names. Most filters have none.
struct GroupSet<Subscriber: Hashable> {
    private final class Storage {
        var groups: [SharedGroup<Subscriber>] = []
        /// The place of each; kept only where searching would take long.
        var places: [MQTTString: Int] = [:]

        func place(of name: MQTTString) -> Int? {
            groups.count > 8 ? places[name] : groups.firstIndex { $0.share.name == name }
        }
    }

    private var storage: Storage?

    var isEmpty: Bool { storage == nil }

    subscript(name: MQTTString) -> SharedGroup<Subscriber>? {
        guard let storage, let place = storage.place(of: name) else { return nil }
        return storage.groups[place]
    }

    @inline(__always)
    func forEach(_ body: (SharedGroup<Subscriber>) -> Void) {
        if let storage { for group in storage.groups { body(group) } }
    }

    /// - Precondition: there is none of its name.
    mutating func insert(_ group: SharedGroup<Subscriber>) {
        let storage = storage ?? Storage()
        self.storage = storage
        storage.groups.append(group)
        if storage.groups.count == 9 {
            for (place, group) in storage.groups.enumerated() { storage.places[group.share.name] = place }
        } else if storage.groups.count > 9 {
            storage.places[group.share.name] = storage.groups.count - 1
        }
    }

    mutating func remove(_ name: MQTTString) {
        guard let storage, let place = storage.place(of: name) else { return }
        let wasIndexed = storage.groups.count > 8
        let last = storage.groups.removeLast()
        if place < storage.groups.count {
            storage.groups[place] = last
            if wasIndexed { storage.places[last.share.name] = place }
        }
        if wasIndexed { storage.places[name] = nil }
        if storage.groups.count == 8 { storage.places = [:] }
        if storage.groups.isEmpty { self.storage = nil }
    }
}

extension SharedGroup<Session> {
    /// Whose turn it is to get the message.
    func choose(for message: Message, besides refused: Session? = nil) -> (Session, Subscription)? {
        choose(
            { $0 !== refused && $0.hasNothingWaiting && $0.hasRoom(for: message.footprint) },
            orElse: { $0 !== refused && $0.mayKeep(message, by: $1) })
    }
}
