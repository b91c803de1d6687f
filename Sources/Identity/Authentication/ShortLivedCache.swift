internal import Secrets
internal import Synchronization

/// Answers of the database that may be a few seconds old: what a session or a key may do. Bounded; a revocation is felt
/// at once where the word of it arrives, and after `lifetime` everywhere (S22).
final class ShortLivedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        let expires: ContinuousClock.Instant
    }

    private let lifetime: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let entries: Mutex<TwoGenerationCache<Key, Entry>>

    /// - Parameter now: steady time: a wall clock that is set back must not lengthen anything.
    init(
        limit: Int, lifetime: Duration = .seconds(4), now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.lifetime = lifetime
        self.now = now
        entries = Mutex(TwoGenerationCache(limit: limit))
    }

    /// What is known, or what `load` answers, kept from the moment at which it was asked. Nil is not kept.
    func value(for key: Key, load: () async throws -> Value?) async throws -> Value? {
        let asked = now()
        if let entry = entries.withLock({ $0[key] }), entry.expires > asked { return entry.value }
        guard let value = try await load() else { return nil }
        let entry = Entry(value: value, expires: asked + lifetime)
        entries.withLock { $0[key] = entry }
        return value
    }

    func forget(where condition: (Key, Value) -> Bool) {
        entries.withLock { $0.removeAll { condition($0, $1.value) } }
    }

    func forgetAll() { entries.withLock { $0.removeAll() } }
}
