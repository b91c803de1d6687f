import Synchronization

/// Time that never goes back: changes of the wall clock neither refuse nor admit anything.
package protocol SteadyClock: Sendable {
    /// Nanoseconds since any fixed moment.
    func nanoseconds() -> Int64
}

package struct MonotonicClock: SteadyClock {
    private let start = ContinuousClock.now

    package init() {}

    package func nanoseconds() -> Int64 {
        let elapsed = (ContinuousClock.now - start).components
        return elapsed.seconds * 1_000_000_000 + elapsed.attoseconds / 1_000_000_000
    }
}

/// Takes tokens for a request from all buckets that it falls under, or from none.
///
/// In process and bounded: a bucket is one number, the moment at which it will be full (the generic cell rate algorithm,
/// ITU-T I.371). A full bucket needs no entry. When more are in use than the table holds, the fullest ones are forgotten.
package final class RateLimiter: Sendable {
    /// A limit and whose tokens it takes. Two limits of one subject must have different names.
    package struct Charge: Sendable {
        package let policy: RatePolicy
        package let subject: RateSubject

        package init(_ policy: RatePolicy, _ subject: RateSubject) {
            self.policy = policy
            self.subject = subject
        }
    }

    private static let shardCount = 16
    private let shards: [Shard]
    private let clock: any SteadyClock

    /// - Parameter capacity: the most buckets held at once.
    package init(clock: any SteadyClock = MonotonicClock(), capacity: Int = 262_144) {
        self.clock = clock
        shards = (0..<Self.shardCount).map { _ in Shard(capacity: max(4, capacity / Self.shardCount)) }
    }

    /// How many buckets are held now: for metrics.
    package var count: Int { shards.reduce(0) { $0 + $1.count } }

    /// - Parameters:
    ///   - charges: the limits, the narrowest first, so that a refused client does not touch what it shares with others.
    ///   - cost: tokens to take from each: 1 for a request, the number of messages for a batch. A cost beyond a bucket's
    ///     size passes when the bucket is full, and is then worked off.
    package func decide(_ charges: [Charge], cost: Int = 1) -> RateDecision {
        let now = clock.nanoseconds()
        let cost = max(0, cost)
        var states: [RateState] = []
        states.reserveCapacity(charges.count)
        for (index, charge) in charges.enumerated() {
            let key = BucketKey(name: charge.policy.name, subject: charge.subject)
            let outcome = shard(of: key).take(cost, from: key, charge.policy, now)
            states.append(outcome.state)
            guard let wait = outcome.wait else { continue }
            for earlier in charges[..<index] {
                let key = BucketKey(name: earlier.policy.name, subject: earlier.subject)
                shard(of: key).giveBack(cost, to: key, earlier.policy)
            }
            for (position, other) in charges.enumerated() where position != index {
                let key = BucketKey(name: other.policy.name, subject: other.subject)
                let state = shard(of: key).take(0, from: key, other.policy, now).state
                if position < index { states[position] = state } else { states.append(state) }
            }
            return RateDecision(states: states, refusedBy: outcome.state, retryAfter: max(1, seconds(wait)))
        }
        return RateDecision(states: states, refusedBy: nil, retryAfter: nil)
    }

    private func shard(of key: BucketKey) -> Shard {
        shards[Int(UInt(bitPattern: key.hashValue) >> 7) % Self.shardCount]
    }
}

private struct BucketKey: Hashable, Sendable {
    let name: String
    let subject: RateSubject
}

private final class Shard: Sendable {
    private let capacity: Int
    /// When each bucket that is not full will be full.
    private let buckets = Mutex<[BucketKey: Int64]>([:])

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { buckets.withLock { $0.count } }

    /// - Returns: the state after the taking and, when there were too few tokens and none was taken, the nanoseconds to wait.
    func take(_ cost: Int, from key: BucketKey, _ policy: RatePolicy, _ now: Int64) -> (state: RateState, wait: Int64?)
    {
        buckets.withLock { buckets in
            let lacking = max(0, (buckets[key] ?? now) - now)
            let price = policy.interval.multipliedReportingOverflow(by: Int64(cost))
            let taken = price.overflow ? .max / 4 : price.partialValue
            let room = policy.depth - lacking
            guard taken <= room || (lacking == 0 && cost > 0) else {
                return (Self.state(policy, lacking), min(taken, policy.depth) - room)
            }
            guard cost > 0 else { return (Self.state(policy, lacking), nil) }
            if buckets[key] == nil, buckets.count >= capacity { Self.makeRoom(in: &buckets, capacity, now) }
            buckets[key] = now + lacking + taken
            return (Self.state(policy, lacking + taken), nil)
        }
    }

    func giveBack(_ cost: Int, to key: BucketKey, _ policy: RatePolicy) {
        buckets.withLock { buckets in
            guard let full = buckets[key] else { return }
            let price = policy.interval.multipliedReportingOverflow(by: Int64(cost))
            buckets[key] = full - (price.overflow ? .max / 4 : price.partialValue)
        }
    }

    private static func state(_ policy: RatePolicy, _ lacking: Int64) -> RateState {
        let remaining = max(0, policy.depth - lacking) / policy.interval
        return RateState(policy: policy, remaining: Int(remaining), reset: seconds(lacking))
    }

    /// Forgets full buckets; should that not free a quarter, the fullest of the rest. The emptiest belong to whoever is
    /// being held back.
    private static func makeRoom(in buckets: inout [BucketKey: Int64], _ capacity: Int, _ now: Int64) {
        buckets = buckets.filter { $0.value > now }
        let target = capacity - max(1, capacity / 4)
        guard buckets.count > target else { return }
        let threshold = buckets.values.sorted()[buckets.count - target - 1]
        buckets = buckets.filter { $0.value > threshold }
    }
}
