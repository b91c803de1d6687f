import Foundation
import JSON
import Kernel
import Persistence

/// Reading the audit trail. Writing is ``TenantTransaction/recordChange(_:of:_:from:to:)``, in the transaction of the change.
package struct AuditService: Sendable {
    private let entries = AuditRepository()
    private let clock: any WallClock

    package init(clock: any WallClock = SystemClock()) { self.clock = clock }

    package func list(
        _ tx: borrowing TenantTransaction, _ filter: AuditFilter, _ page: PageRequest<AuditSort>
    ) async throws -> Page<AuditEntry> {
        try await entries.list(tx, filter, page)
    }

    /// Counts over the range of the filter, by default the last 30 days.
    package func statistics(_ tx: borrowing TenantTransaction, _ filter: AuditFilter) async throws -> AuditStatistics {
        let to = filter.to ?? clock.now()
        return try await entries.statistics(tx, filter, from: filter.from ?? to - .seconds(30 * 86_400), to: to)
    }

    /// Walks the organization's whole chain.
    package func verify(_ tx: borrowing TenantTransaction) async throws -> AuditVerification {
        try await entries.verify(tx)
    }

    /// Says that the trail was exported, and what the export will hold: what is there now.
    package func beginExport(
        _ tx: borrowing TenantTransaction, _ filter: AuditFilter, format: String
    ) async throws -> AuditFilter {
        var filter = filter
        let now = clock.now()
        filter.to = min(filter.to ?? now, now)
        tx.record(
            AuditRecord(action: "export", resourceKind: "audit", changes: ["format": ["new": .string(format)]]))
        return filter
    }
}
