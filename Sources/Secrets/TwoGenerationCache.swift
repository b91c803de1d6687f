/// A bounded cache that forgets roughly what was not used lately, in constant time and without a list.
///
/// Entries live in a young and an old dictionary of half the limit each. What is found in the old one moves to the young;
/// when the young one is full it becomes the old one and the old one is dropped.
package struct TwoGenerationCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let half: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    /// - Parameter limit: the most entries held, at least 2.
    package init(limit: Int) { half = max(1, limit / 2) }

    package var count: Int { young.count + old.count }

    package subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old.removeValue(forKey: key) else { return nil }
            insert(value, key)
            return value
        }
        set {
            old[key] = nil
            if let newValue { insert(newValue, key) } else { young[key] = nil }
        }
    }

    package mutating func removeAll() {
        young = [:]
        old = [:]
    }

    /// Forgets what `condition` names: all entries are looked at.
    package mutating func removeAll(where condition: (Key, Value) -> Bool) {
        young = young.filter { !condition($0.key, $0.value) }
        old = old.filter { !condition($0.key, $0.value) }
    }

    private mutating func insert(_ value: Value, _ key: Key) {
        if young.count >= half, young[key] == nil {
            old = young
            young = [:]
        }
        young[key] = value
    }
}
