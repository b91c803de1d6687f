import FoundationEssentials
import Kernel
import Persistence
import PostgresClient
import Synchronization
import Tenancy

/// Finds the source behind what a request calls a device, its key or its id, without asking the database each time.
package final class DeviceDirectory: Sendable {
    /// A device that may send.
    package struct Entry: Hashable, Sendable {
        package let deviceID: DeviceID
        package let source: SourceNumber
        /// The device that speaks for it; nil: none.
        package let gatewayID: DeviceID?
        /// Whether measurements are taken from it: not once it is suspended or decommissioned.
        package let isAdmitted: Bool

        /// A device that has shown its token.
        package static func own(_ deviceID: DeviceID, _ source: SourceNumber) -> Entry {
            Entry(deviceID: deviceID, source: source, gatewayID: nil, isAdmitted: true)
        }
    }

    private struct Known {
        var entries: [String: Entry] = [:]
        var generation = 0
    }
    private let tenants: TenantDatabase
    private let known = Mutex<[OrganizationID: Known]>([:])
    private static let keptEntries = 100_000

    package init(tenants: TenantDatabase) { self.tenants = tenants }

    /// Forgets what an invalidation makes doubtful.
    package func forget(_ invalidation: Invalidation) {
        switch invalidation {
        case .one(.device, let organizationID?, _):
            known.withLock { known in
                known[organizationID] = Known(generation: (known[organizationID]?.generation ?? 0) + 1)
            }
        case .everything, .one(.device, nil, _):
            known.withLock { known in
                known = known.mapValues { Known(generation: $0.generation + 1) }
            }
        case .one: break
        }
    }

    /// The entries of these references, by reference; what does not exist in the scope's organization is left out.
    package func find(_ scope: TenantScope, _ references: [String]) async throws -> [String: Entry] {
        let organization = scope.organizationID
        let (cached, generation) = known.withLock { known -> ([String: Entry], Int) in
            let book = known[organization]
            var found: [String: Entry] = [:]
            for reference in references { found[reference] = book?.entries[reference] }
            return (found, book?.generation ?? 0)
        }
        let missing = references.filter { cached[$0] == nil }
        guard !missing.isEmpty else { return cached }
        let fresh = try await tenants.withTransaction(scope, .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> [String: Entry] in
            try await Self.read(tx, missing)
        }
        known.withLock { known in
            var book = known[organization] ?? Known()
            guard book.generation == generation else { return }
            if book.entries.count >= Self.keptEntries { book.entries.removeAll() }
            book.entries.merge(fresh) { _, new in new }
            known[organization] = book
        }
        return cached.merging(fresh) { _, new in new }
    }

    /// An id is tried before a key.
    private static func read(_ tx: borrowing TenantTransaction, _ references: [String]) async throws -> [String: Entry]
    {
        let ids = references.compactMap { DeviceID($0) }
        let rows = try await tx.all(
            """
            select d.id, d.device_key, d.source_no, d.gateway_id, d.status from app.devices d
            where d.id = any(\(ids)) and d.deleted_at is null
            union all
            select d.id, d.device_key, d.source_no, d.gateway_id, d.status from app.devices d
            where d.device_key = any(\(references)) and d.deleted_at is null /* devices.references_to_sources */
            """
        ) { row in
            let (id, key) = (try row.next(DeviceID.self), try row.next(String.self))
            let (source, gateway) = (try row.next(SourceNumber.self), try row.next(DeviceID?.self))
            let status = try row.next(String.self)
            let entry = Entry(
                deviceID: id, source: source, gatewayID: gateway,
                isAdmitted: status != "suspended" && status != "decommissioned")
            return (key: key, entry: entry)
        }
        let byID = Dictionary(rows.map { ($0.entry.deviceID, $0.entry) }) { first, _ in first }
        let byKey = Dictionary(rows.map { ($0.key, $0.entry) }) { first, _ in first }
        var found: [String: Entry] = [:]
        for reference in references { found[reference] = DeviceID(reference).flatMap { byID[$0] } ?? byKey[reference] }
        return found
    }
}
