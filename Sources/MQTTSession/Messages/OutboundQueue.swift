/// What waits for a client that is away, or that reads too slowly: bounded in number and in bytes.
struct OutboundQueue {
    private var deliveries = Fifo<Delivery>()
    private(set) var bytes = 0
    /// Deliveries that found no room since the session began.
    private(set) var dropped = 0

    var count: Int { deliveries.count }
    var isEmpty: Bool { deliveries.isEmpty }
    var first: Delivery? { deliveries.first }
    var all: [Delivery] { deliveries.array }

    /// The newest is what is dropped: what was promised earlier is kept.
    ///
    /// - Returns: whether there was room.
    @discardableResult
    mutating func append(_ delivery: Delivery, limits: QueueLimits) -> Bool {
        let size = delivery.message.footprint
        guard count < limits.messages, bytes + size <= limits.bytes else {
            dropped += 1
            return false
        }
        deliveries.append(delivery)
        bytes += size
        return true
    }

    mutating func popFirst() -> Delivery? {
        guard let delivery = deliveries.popFirst() else { return nil }
        bytes -= delivery.message.footprint
        return delivery
    }

    mutating func removeAll() {
        deliveries.removeAll()
        bytes = 0
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
