import FoundationEssentials
import Kernel
import Persistence
import PostgresClient
import Synchronization
import Tenancy

/// Finds the source behind what a request calls a device, its key or its id, without asking the database each time.
///
/// This node forgets a device at the COMMIT of its change, another one as soon as the invalidation comes: for these
/// milliseconds it may still know a deleted device, or the former key of one.
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

    /// A device whose measurements may be read.
    struct Device: Hashable, Sendable {
        let id: DeviceID
        let key: String
        let source: SourceNumber
    }

    private struct Book {
        var entries: [String: Entry] = [:]
        var devices: [DeviceID: Device] = [:]
        /// How often it was forgotten.
        var generation = 0

        var count: Int { entries.count + devices.count }
        var forgotten: Book { Book(generation: generation + 1) }
    }

    private struct Books {
        private var books: [OrganizationID: Book] = [:]
        /// In all of them.
        private(set) var count = 0

        subscript(_ organization: OrganizationID) -> Book { books[organization] ?? Book() }

        /// In place: a book may have hundreds of thousands of entries.
        mutating func change(_ organization: OrganizationID, _ body: (inout Book) -> Void) {
            count -= self[organization].count
            body(&books[organization, default: Book()])
            count += self[organization].count
        }

        mutating func forgetAll() {
            books = books.mapValues(\.forgotten)
            count = 0
        }
    }

    private let tenants: TenantDatabase
    private let books = Mutex(Books())
    /// Of all organizations, some 200 bytes each; beyond it everything is forgotten and read again.
    private static let keptEntries = 500_000

    package init(tenants: TenantDatabase) { self.tenants = tenants }

    /// Forgets what an invalidation makes doubtful.
    package func forget(_ invalidation: Invalidation) {
        switch invalidation {
        case .one(.device, let organizationID?, _):
            books.withLock { $0.change(organizationID) { $0 = $0.forgotten } }
        case .everything, .one(.device, nil, _): books.withLock { $0.forgetAll() }
        case .one: break
        }
    }

    /// The entries of these references, by reference; what does not exist in the scope's organization is left out.
    package func find(_ scope: TenantScope, _ references: [String]) async throws -> [String: Entry] {
        let organization = scope.organizationID
        let (cached, generation) = books.withLock { books -> ([String: Entry], Int) in
            let book = books[organization]
            var found: [String: Entry] = [:]
            for reference in references { found[reference] = book.entries[reference] }
            return (found, book.generation)
        }
        let missing = references.filter { cached[$0] == nil }
        guard !missing.isEmpty else { return cached }
        let fresh = try await tenants.withTransaction(scope, .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> [String: Entry] in
            try await Self.read(tx, missing)
        }
        remember(in: organization, since: generation) { $0.entries.merge(fresh) { _, new in new } }
        return cached.merging(fresh) { _, new in new }
    }

    /// The devices of these ids in their order, each once; what does not exist in the transaction's organization is left out.
    func devices(_ tx: borrowing TenantTransaction, _ ids: [DeviceID]) async throws -> [Device] {
        let ordered = ids.sorted()
        let organization = tx.organizationID
        var (found, missing): ([Device], [DeviceID]) = ([], [])
        found.reserveCapacity(ordered.count)
        let generation = books.withLock { books in
            let book = books[organization]
            var previous: DeviceID?
            for id in ordered where id != previous {
                if let device = book.devices[id] { found.append(device) } else { missing.append(id) }
                previous = id
            }
            return book.generation
        }
        guard !missing.isEmpty else { return found }
        let fresh = try await tx.all(
            """
            select id, device_key, source_no from app.devices where id = any(\(missing)) and deleted_at is null
            /* devices.sources_of */
            """
        ) { row in Device(id: try row.next(), key: try row.next(), source: try row.next()) }
        remember(in: organization, since: generation) { book in
            for device in fresh { book.devices[device.id] = device }
        }
        return fresh.isEmpty ? found : (found + fresh).sorted { $0.id < $1.id }
    }

    /// Nothing is remembered that was read before the last change that was told of.
    private func remember(in organization: OrganizationID, since generation: Int, _ change: (inout Book) -> Void) {
        books.withLock { books in
            guard books[organization].generation == generation else { return }
            if books.count >= Self.keptEntries { books.forgetAll() }
            books.change(organization, change)
        }
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
