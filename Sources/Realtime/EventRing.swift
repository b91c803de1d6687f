import DequeModule

/// The latest events of one organization, for those who come back after a short absence. Bounded in number and bytes.
struct EventRing {
    private var events = Deque<SequencedEvent>()
    private var byteCount = 0
    private let capacity: Int
    private let byteCapacity: Int
    /// The last event before the oldest kept one: whoever has seen it can be brought up to date.
    private(set) var reachesBackTo: Int64

    init(after sequence: Int64, capacity: Int, byteCapacity: Int) {
        reachesBackTo = sequence
        self.capacity = capacity
        self.byteCapacity = byteCapacity
    }

    mutating func append(_ event: SequencedEvent) {
        events.append(event)
        byteCount += event.bytes.count
        while events.count > capacity || byteCount > byteCapacity, let oldest = events.popFirst() {
            byteCount -= oldest.bytes.count
            reachesBackTo = oldest.sequence
        }
    }

    /// The events after `sequence`; nil when some of them are no longer kept.
    func events(after sequence: Int64) -> Deque<SequencedEvent>.SubSequence? {
        guard sequence >= reachesBackTo else { return nil }
        // Sequences are dense, so the place is known without a search.
        let skipped = min(Int(sequence - reachesBackTo), events.count)
        return events[skipped...]
    }
}
