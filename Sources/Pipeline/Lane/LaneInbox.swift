import Synchronization

/// What waits in front of a lane: deliveries up to a number of messages, and the word that something known is stale.
final class LaneInbox: Sendable {
    /// What a lane takes out at once.
    struct Intake: Sendable {
        var deliveries: [Delivery] = []
        var stale = StaleKnowledge()
    }

    enum Refusal { case full, closed }

    private struct State {
        var waiting: [Delivery] = []
        /// Deliveries before this position are taken already.
        var first = 0
        var messages = 0
        var stale = StaleKnowledge()
        var isClosed = false
        var sleeper: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: in messages.
    init(capacity: Int) { self.capacity = capacity }

    /// Nil when it was taken; a delivery is taken whole or not at all.
    func put(_ delivery: Delivery) -> Refusal? {
        let (refusal, sleeper): (Refusal?, CheckedContinuation<Void, Never>?) = state.withLock { state in
            if state.isClosed { return (.closed, nil) }
            // One delivery larger than the capacity would otherwise never find room.
            if state.messages > 0, state.messages + delivery.count > capacity { return (.full, nil) }
            state.waiting.append(delivery)
            state.messages += delivery.count
            return (nil, state.sleeper.take())
        }
        sleeper?.resume()
        return refusal
    }

    func hasRoom(for messages: Int) -> Bool {
        state.withLock { !$0.isClosed && ($0.messages == 0 || $0.messages + messages <= capacity) }
    }

    func tell(_ stale: StaleKnowledge) {
        let sleeper = state.withLock { state in
            state.stale.formUnion(stale)
            return state.sleeper.take()
        }
        sleeper?.resume()
    }

    /// Refuses new deliveries; what is here is still handed out.
    func close() {
        let sleeper = state.withLock { state in
            state.isClosed = true
            return state.sleeper.take()
        }
        sleeper?.resume()
    }

    /// Waits for something to do and takes deliveries until they hold `limit` messages. Nil when closed and empty.
    func next(limit: Int) async -> Intake? {
        while true {
            let (intake, isOver) = take(limit: limit)
            if let intake { return intake }
            if isOver { return nil }
            await withCheckedContinuation { continuation in
                let hasWork = state.withLock { state in
                    if state.messages > 0 || state.isClosed || !state.stale.isEmpty { return true }
                    state.sleeper = continuation
                    return false
                }
                if hasWork { continuation.resume() }
            }
        }
    }

    var waitingMessages: Int { state.withLock { $0.messages } }

    private func take(limit: Int) -> (Intake?, isOver: Bool) {
        state.withLock { state in
            guard state.messages > 0 || !state.stale.isEmpty else { return (nil, state.isClosed) }
            var intake = Intake(stale: state.stale)
            state.stale = StaleKnowledge()
            var taken = 0
            while state.first < state.waiting.count {
                let count = state.waiting[state.first].count
                if taken > 0, taken + count > limit { break }
                intake.deliveries.append(state.waiting[state.first])
                taken += count
                state.first += 1
            }
            state.messages -= taken
            if state.first == state.waiting.count {
                state.waiting.removeAll(keepingCapacity: true)
                state.first = 0
            } else if state.first > 1_024 {
                state.waiting.removeFirst(state.first)
                state.first = 0
            }
            return (intake, false)
        }
    }
}
