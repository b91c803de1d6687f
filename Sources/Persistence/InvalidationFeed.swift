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

/// Tells the caches of this node what became stale anywhere: NOTIFY wakes, the table `cache_invalidations` is the truth.
package final class InvalidationFeed: Sendable {
    package typealias Handler = @Sendable (Invalidation) -> Void

    private let client: PostgresClient
    private let logger: Logger
    private let handlers = Mutex<[Handler]>([])
    private let isConnected = Atomic(false)
    private static let channel = "rookery_invalidations"

    /// - Parameter client: Signed in as `rookery_system`.
    package init(client: PostgresClient, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// Whether news arrive at once. While false, a cache must not trust what it has for longer than a few seconds.
    package var isHealthy: Bool { isConnected.load(ordering: .relaxed) }

    /// `handler` runs on the feed's task and must be brief.
    package func subscribe(_ handler: @escaping Handler) { handlers.withLock { $0.append(handler) } }

    /// Listens until the task is cancelled.
    package func run() async {
        var since: Int64?
        for await event in client.listen(to: [Self.channel]) {
            if case .listening(let mayHaveMissed) = event, mayHaveMissed { publish([.everything]) }
            do { since = try await read(since: since) } catch {
                isConnected.store(false, ordering: .relaxed)
                logger.warning("invalidations cannot be read", metadata: ["error": "\(error)"])
                publish([.everything])
            }
        }
        isConnected.store(false, ordering: .relaxed)
    }

    private func read(since: Int64?) async throws -> Int64? {
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
        isConnected.store(true, ordering: .relaxed)
        if since != nil { publish(news.compactMap { $0 }) }
        return next
    }

    private func publish(_ news: [Invalidation]) {
        let handlers = handlers.withLock { $0 }
        for invalidation in news {
            for handler in handlers { handler(invalidation) }
        }
    }
}
