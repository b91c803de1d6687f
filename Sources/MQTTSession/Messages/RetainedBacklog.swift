import MQTTCodec

/// The retained messages that a client asked for by its subscriptions and was not sent (§3.8.4). They are searched for one
/// subscription at a time, when the client has taken those of the one before, so that only a list of filters grows.
struct RetainedBacklog {
    /// The filters that are not done, with the order in which they were asked for.
    private var turns: [MQTTString: UInt64] = [:]
    private var lastTurn: UInt64 = 0
    /// The filter whose messages were found.
    private var current: MQTTString?
    private var found = Fifo<Delivery>()
    /// Of the messages that were found.
    private(set) var bytes = 0

    var isEmpty: Bool { turns.isEmpty }
    var count: Int { found.count }
    var first: Delivery? { found.first }
    var filterCount: Int { turns.count }

    func isAsked(_ filter: MQTTString) -> Bool { turns[filter] != nil }

    /// A subscription that is made again is searched anew.
    mutating func ask(_ filter: MQTTString) {
        withdraw(filter)
        lastTurn += 1
        turns[filter] = lastTurn
    }

    mutating func withdraw(_ filter: MQTTString) {
        turns[filter] = nil
        guard current == filter else { return }
        found.removeAll()
        (current, bytes) = (nil, 0)
    }

    /// The filter to search for, which takes as long as there are filters; nil when there is none, or messages are left.
    var next: MQTTString? { current == nil ? turns.min { $0.value < $1.value }?.key : nil }

    mutating func add(_ deliveries: [Delivery], of filter: MQTTString) {
        current = filter
        for delivery in deliveries {
            found.append(delivery)
            bytes += delivery.footprint
        }
        endIfTaken()
    }

    mutating func popFirst() {
        guard let delivery = found.popFirst() else { return }
        bytes -= delivery.footprint
        endIfTaken()
    }

    /// The client has gone, and what would be sent at most once is not for its return.
    mutating func removeAtMostOnce() {
        found.removeAll { $0.qos == .atMostOnce }
        bytes = found.array.reduce(0) { $0 + $1.footprint }
        endIfTaken()
    }

    private mutating func endIfTaken() {
        if found.isEmpty, let current { withdraw(current) }
    }
}
