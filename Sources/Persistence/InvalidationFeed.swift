import Foundation
import Kernel
import Logging
import PostgresClient
import Synchronization

/// What a cache has to forget.
package enum Invalidation: Hashable, Sendable {
    /// Something may have been missed: forget all.
    case everything
    /// `organizationID` nil: in every organization. `subjectID` nil: all of the kind.
    case one(CacheKind, organizationID: OrganizationID?, subjectID: UUID?)
}

/// Tells the caches of this node what became stale anywhere: NOTIFY wakes, the table `cache_invalidations` is the truth. It is
/// read every two seconds in any case, because a connection can be lost without a word. What this node's own transactions made
/// stale is told at their COMMIT already, so that whoever changed something reads what they wrote.
package final class InvalidationFeed: Sendable {
    package typealias Handler = @Sendable (Invalidation) -> Void

    private let client: PostgresClient
    private let logger: Logger
    private let handlers = Mutex<[Handler]>([])
    private let isListening = Atomic(false)
    /// Something may have been missed: everything is to be forgotten.
    private let hasMissed = Atomic(false)
    /// When the news were last read, in nanoseconds since ``begun``.
    private let readAt = Atomic(Int64.min)
    private let begun = ContinuousClock.now
    private static let channel = "rookery_invalidations"
    private static let interval = Duration.seconds(2)
    /// News that are older than this are not trusted.
    private static let trustedNanoseconds: Int64 = 5_000_000_000

    /// - Parameter client: Signed in as `rookery_system`.
    package init(client: PostgresClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// Whether news arrive at once. While false, a cache must not trust what it has for longer than a few seconds.
    package var isHealthy: Bool {
        isListening.load(ordering: .relaxed) && now - Self.trustedNanoseconds < readAt.load(ordering: .relaxed)
    }

    private var now: Int64 { (ContinuousClock.now - begun).wholeMicroseconds * 1000 }

    /// `handler` runs on the feed's task or on that of a transaction that has just been committed, and must be brief. It may
    /// be told the same thing twice.
    package func subscribe(_ handler: @escaping Handler) { handlers.withLock { $0.append(handler) } }

    /// Listens until the task is cancelled.
    package func run() async {
        // However many wake it while it reads, it reads once more.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask { await self.listen(wake) }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil { wake.yield() }
            }
            var since: Int64?
            for await _ in wakes {
                if hasMissed.exchange(false, ordering: .relaxed) { publish([.everything]) }
                do { since = try await read(since: since) } catch {
                    if Task.isCancelled { break }
                    readAt.store(.min, ordering: .relaxed)
                    logger.warning("invalidations cannot be read", metadata: ["error": "\(error)"])
                    hasMissed.store(true, ordering: .relaxed)
                }
            }
            group.cancelAll()
        }
        isListening.store(false, ordering: .relaxed)
    }

    private func listen(_ wake: AsyncStream<Void>.Continuation) async {
        for await event in client.listen(to: [Self.channel]) {
            switch event {
            case .lost:
                isListening.store(false, ordering: .relaxed)
                continue
            case .listening(let mayHaveMissed):
                if mayHaveMissed { hasMissed.store(true, ordering: .relaxed) }
                isListening.store(true, ordering: .relaxed)
            case .notification: break
            }
            wake.yield()
        }
        isListening.store(false, ordering: .relaxed)
        wake.finish()
    }

    private func read(since: Int64?) async throws -> Int64? {
        let asked = now
        let rows = try await client.execute(
            "select next_since, organization_id, kind, subject_id from app.invalidations(\(since)) /* invalidations.read */"
        )
        var next = since
        let news = try rows.map { (row: inout RowReader) throws -> Invalidation? in
            next = try row.next(Int64.self)
            let organizationID = try row.next(OrganizationID?.self)
            let kind = try row.next(String?.self)
            let subjectID = try row.next(UUID?.self)
            guard let kind else { return nil }
            // A newer node may know kinds that this one does not.
            guard let known = CacheKind(rawValue: kind) else { return .everything }
            return .one(known, organizationID: organizationID, subjectID: subjectID)
        }
        readAt.store(asked, ordering: .relaxed)
        if since != nil { publish(news.compactMap { $0 }) }
        return next
    }

    func publish(_ news: [Invalidation]) {
        let handlers = handlers.withLock { $0 }
        for invalidation in news {
            for handler in handlers { handler(invalidation) }
        }
    }
}
