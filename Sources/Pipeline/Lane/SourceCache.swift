/// The sources that a lane knows, at most `capacity` of them: two generations, of which the older is dropped whole when
/// the younger has grown to half of the capacity.
struct SourceCache {
    private var young: [Int32: SourceState] = [:]
    private var old: [Int32: SourceState] = [:]
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    @inline(__always)
    mutating func find(_ source: Int32) -> SourceState? {
        if let found = young[source] { return found }
        guard let found = old.removeValue(forKey: source) else { return nil }
        keep(found)
        return found
    }

    mutating func keep(_ state: SourceState) {
        if young.count >= max(capacity / 2, 1) {
            old = young
            young = [:]
        }
        young[state.source] = state
    }

    mutating func forget(_ source: Int32) {
        young[source] = nil
        old[source] = nil
    }

    mutating func forget(where isStale: (SourceState) -> Bool) {
        for states in [young, old] {
            for state in states.values where isStale(state) { forget(state.source) }
        }
    }

    mutating func forgetAll() {
        young = [:]
        old = [:]
    }
}
