import Foundation
import Kernel
import PostgresClient
import Synchronization
import Tenancy

/// What one run of a transaction's body leaves to be done at its end: with COMMIT, or after it.
///
/// Every run has its own, so that a repeated body leaves nothing twice.
final class TransactionEffects: Sendable {
    struct Invalidation: Hashable { let organizationID: OrganizationID?, kind: CacheKind, subjectID: UUID? }

    struct Collected {
        var audit: [(organizationID: OrganizationID?, record: AuditRecord)] = []
        var invalidations: Set<Invalidation> = []
        var afterCommit: [@Sendable () -> Void] = []
    }

    private let collected = Mutex(Collected())

    func add(_ change: (inout Collected) -> Void) { collected.withLock { change(&$0) } }

    var all: Collected { collected.withLock { $0 } }
}
