/// What waits for a client that is away, or that reads too slowly: bounded in number and in bytes.
struct OutboundQueue {
    private var deliveries = Fifo<Delivery>()
    private(set) var bytes = 0
    /// Deliveries that found no room since the session began.
    private(set) var dropped = 0
    /// No message in it expires earlier; nil when none does.
    private var earliestExpiry: Instant?

    var count: Int { deliveries.count }
    var isEmpty: Bool { deliveries.isEmpty }
    var first: Delivery? { deliveries.first }
    var all: [Delivery] { deliveries.array }

    /// The newest is what is dropped: what was promised earlier is kept, unless it has expired.
    ///
    /// - Returns: whether there was room.
    mutating func append(_ delivery: Delivery, limits: QueueLimits, now: Instant) -> Bool {
        guard hasRoom(for: delivery.message, limits) || removeExpired(now) && hasRoom(for: delivery.message, limits)
        else {
            dropped += 1
            return false
        }
        append(delivery)
        return true
    }

    mutating func append(_ delivery: Delivery) {
        deliveries.append(delivery)
        bytes += delivery.message.footprint
        if let expiry = delivery.message.expiry { earliestExpiry = min(earliestExpiry ?? expiry, expiry) }
    }

    private func hasRoom(for message: Message, _ limits: QueueLimits) -> Bool {
        count < limits.messages && bytes + message.footprint <= limits.bytes
    }

    /// Whether there is room, or something has expired that may leave some.
    func mayHaveRoom(for message: Message, limits: QueueLimits, now: Instant) -> Bool {
        if let earliestExpiry, earliestExpiry <= now { return true }
        return hasRoom(for: message, limits)
    }

    /// - Returns: whether there may be more room now.
    private mutating func removeExpired(_ now: Instant) -> Bool {
        guard let earliestExpiry, earliestExpiry <= now else { return false }
        removeAll { $0.message.hasExpired(at: now) }
        return true
    }

    mutating func removeAll(where isUnwanted: (Delivery) -> Bool) {
        guard !isEmpty else { return }
        deliveries.removeAll(where: isUnwanted)
        let left = all
        bytes = left.reduce(0) { $0 + $1.message.footprint }
        earliestExpiry = left.compactMap(\.message.expiry).min()
    }

    mutating func popFirst() -> Delivery? {
        guard let delivery = deliveries.popFirst() else { return nil }
        bytes -= delivery.message.footprint
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
    package var bytes: Int

    package init(messages: Int = 1_000, bytes: Int = 4 << 20) {
        self.messages = messages
        self.bytes = bytes
    }
}
