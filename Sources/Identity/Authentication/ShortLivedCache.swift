import Persistence
import Secrets
import Synchronization

/// Answers of the database about credentials, kept while they can be trusted (S22): as long as the invalidation feed brings
/// word of every change, a minute; without it, four seconds. Bounded.
package final class ShortLivedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        let asked: ContinuousClock.Instant
    }

    private struct State: Sendable {
        var entries: TwoGenerationCache<Key, Entry>
        /// Counts the forgetting: an answer asked for before it must not be kept after it.
        var forgettings = 0
    }

    private static var lifetimeWithFeed: Duration { .seconds(60) }
    private static var lifetimeAlone: Duration { .seconds(4) }

    private let hasFeed: @Sendable () -> Bool
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>

    /// - Parameters:
    ///   - feed: whose news reach ``forget(where:)``; nil: none do.
    ///   - now: steady time: a wall clock that is set back must not lengthen anything.
    package init(
        limit: Int, feed: InvalidationFeed?, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        hasFeed = { feed?.isHealthy ?? false }
        self.now = now
        state = Mutex(State(entries: TwoGenerationCache(limit: limit)))
    }

    /// What is known, or what `load` answers. Nil is not kept.
    package func value(for key: Key, load: () async throws -> Value?) async throws -> Value? {
        let asked = now()
        let lifetime = hasFeed() ? Self.lifetimeWithFeed : Self.lifetimeAlone
        let (known, forgettings) = state.withLock { ($0.entries[key], $0.forgettings) }
        if let known, asked - known.asked < lifetime { return known.value }
        guard let value = try await load() else { return nil }
        state.withLock { state in
            if state.forgettings == forgettings { state.entries[key] = Entry(value: value, asked: asked) }
        }
        return value
    }

    package func forget(where condition: (Key, Value) -> Bool) {
        state.withLock { state in
            state.forgettings += 1
            state.entries.removeAll { condition($0, $1.value) }
        }
    }

    package func forgetAll() {
        state.withLock { state in
            state.forgettings += 1
            state.entries.removeAll()
        }
    }
}
