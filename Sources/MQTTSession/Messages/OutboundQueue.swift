/// What waits for a client that is away, or that reads too slowly. Its session says whether there is room.
struct OutboundQueue {
    private var deliveries = Fifo<Delivery>()
    private(set) var bytes = 0
    /// Deliveries that found no room since the session began. The newest is what is dropped: what was promised earlier is
    /// kept, unless it has expired.
    private(set) var dropped = 0
    /// No message in it expires earlier; nil when none does.
    private var earliestExpiry: Instant?

    var count: Int { deliveries.count }
    var isEmpty: Bool { deliveries.isEmpty }
    var first: Delivery? { deliveries.first }
    var all: [Delivery] { deliveries.array }

    mutating func append(_ delivery: Delivery) {
        deliveries.append(delivery)
        bytes += delivery.footprint
        if let expiry = delivery.message.expiry { earliestExpiry = min(earliestExpiry ?? expiry, expiry) }
    }

    mutating func drop() { dropped += 1 }

    /// Whether something has expired that may leave room.
    func hasExpired(at now: Instant) -> Bool {
        guard let earliestExpiry else { return false }
        return earliestExpiry <= now
    }

    mutating func removeExpired(at now: Instant) {
        guard hasExpired(at: now) else { return }
        deliveries.removeAll { $0.message.hasExpired(at: now) }
        let left = all
        bytes = left.reduce(0) { $0 + $1.footprint }
        earliestExpiry = left.compactMap(\.message.expiry).min()
    }

    mutating func popFirst() -> Delivery? {
        guard let delivery = deliveries.popFirst() else { return nil }
        bytes -= delivery.footprint
        return delivery
    }

    mutating func removeAll() {
        deliveries.removeAll()
        (bytes, earliestExpiry) = (0, nil)
    }
}

/// How much may wait for one client.
package struct QueueLimits: Sendable {
    package var messages: Int
    /// With the messages that were sent and are not acknowledged.
    package var bytes: Int

    package init(messages: Int = 1_000, bytes: Int = 4 << 20) {
        self.messages = messages
        self.bytes = bytes
    }
}
