import Identity
import JSON
import Kernel
import Logging
import Persistence
import PostgresClient
import RateLimits
import Synchronization
import Tenancy

/// The rates in force: the tiers', and what organizations have of their own. Read by every request, so it is all in memory.
package final class TierRateBook: RateSource {
    private struct Book {
        var tiers: [TierName: TierRates] = [:]
        var organizations: [OrganizationID: TierRates] = [:]
    }

    private let system: SystemDatabase
    private let keys: APIKeyAuthenticator?
    private let logger: Logger
    private let book = Mutex(Book())
    private let (changes, changed) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    private static let least = TierRates(rates: .null)

    /// - Parameter keys: knows the rates that API keys have of their own.
    package init(system: SystemDatabase, feed: InvalidationFeed, keys: APIKeyAuthenticator? = nil, logger: Logger) {
        self.system = system
        self.keys = keys
        self.logger = logger
        let changed = changed
        feed.subscribe { news in
            switch news {
            case .everything, .one(.tier, _, _), .one(.organization, _, _): changed.yield()
            case .one: break
            }
        }
    }

    package func rates(of principal: Principal) -> TierRates {
        book.withLock { book in
            if let organizationID = principal.scope?.organizationID, let own = book.organizations[organizationID] {
                return own
            }
            return book.tiers[principal.tier] ?? Self.least
        }
    }

    package func ownRate(of key: APIKeyID) -> RatePolicy? {
        keys?.rate(of: key).map { RatePolicy(name: "client", quantity: $0.perMinute, window: 60, burst: $0.burst) }
    }

    /// Follows the changes until the task is cancelled.
    package func run() async {
        for await _ in changes {
            do { try await refresh() } catch {
                logger.warning("the rates cannot be read again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
                changed.yield()
            }
        }
    }

    /// Reads everything anew.
    package func refresh() async throws {
        let fresh = try await system.withTransaction(.system("rates"), .readOnly) {
            (tx: borrowing SystemTransaction) async throws -> Book in
            var book = Book()
            var documents: [TierName: JSONValue] = [:]
            for (name, rates) in try await tx.all(
                "select name, rates from app.tiers /* rates.tiers */",
                { (row: inout RowReader) throws -> (String, JSONValue) in (try row.next(), try row.next()) })
            {
                documents[TierName(rawValue: name)] = rates
                book.tiers[TierName(rawValue: name)] = TierRates(rates: rates)
            }
            for (id, tier, overrides) in try await tx.all(
                """
                select o.id, t.name, o.overrides -> 'rates' from app.organizations o join app.tiers t on t.id = o.tier_id
                where o.overrides ? 'rates' and o.deleted_at is null /* rates.organizations */
                """,
                { (row: inout RowReader) throws -> (OrganizationID, String, JSONValue) in
                    (try row.next(), try row.next(), try row.next())
                })
            {
                let rates = documents[TierName(rawValue: tier)] ?? .null
                book.organizations[id] = TierRates(rates: rates, overrides: overrides)
            }
            return book
        }
        book.withLock { $0 = fresh }
    }
}
