import JSON
import Kernel
import Persistence
import PostgresClient

/// Reads measurements of the transaction's organization (TEL-7).
package struct TelemetryReader: Sendable {
    private let directory: DeviceDirectory
    private let dictionary: TelemetryDictionary
    private let clock: any WallClock

    package init(
        directory: DeviceDirectory, dictionary: TelemetryDictionary = TelemetryDictionary(),
        clock: any WallClock = SystemClock()
    ) {
        self.directory = directory
        self.dictionary = dictionary
        self.clock = clock
    }

    // MARK: - Ranges

    /// A page of a device's messages in the order of their time. With `keys`, messages without any of them are left out, and
    /// so are the other values.
    /// - Throws: `not-found`.
    package func messages(
        _ tx: borrowing TenantTransaction, of device: DeviceID, _ range: TelemetryRange,
        _ page: PageRequest<TelemetrySort>
    ) async throws -> Page<StoredMessage> {
        guard let source = try await TelemetryRepository.source(tx, of: device) else {
            throw ServiceError.notFound("device")
        }
        var keysets: [Int32]?
        var wanted: Set<Int16>?
        if !range.keys.isEmpty {
            let numbers = try await dictionary.numbers(tx, of: range.keys)
            guard !numbers.isEmpty else { return Page(items: [], total: page.includesTotal ? 0 : nil) }
            wanted = Set(numbers.values)
            keysets = try await TelemetryRepository.keysets(tx, with: Array(numbers.values))
        }
        var after: (time: Timestamp, keyset: Int32)?
        if let keys = page.after?.keys, keys.count == 2, let time = keys[0].integer, let keyset = keys[1].integer {
            after = (time: Timestamp(microseconds: time), keyset: Int32(clamping: keyset))
        }
        let rows = try await TelemetryRepository.messages(
            tx, of: source, keysets: keysets, from: range.from ?? .earliest, to: range.to ?? .latest, after: after,
            descending: page.descending, limit: page.limit + 1)
        let items = try await named(tx, rows, only: wanted)
        var total: Int?
        if page.includesTotal {
            total = try await TelemetryRepository.count(
                tx, of: source, keysets: keysets, from: range.from ?? .earliest, to: range.to ?? .latest)
        }
        return Page(rows: items, limit: page.limit, total: total) { message in
            PagePosition([.integer(message.time.microseconds), .integer(Int64(message.keysetNumber))])
        }
    }

    private func named(
        _ tx: borrowing TenantTransaction, _ rows: [MessageRow], only wanted: Set<Int16>?
    ) async throws -> [StoredMessage] {
        guard !rows.isEmpty else { return [] }
        let keysets = try await dictionary.keysets(tx, Set(rows.map(\.keyset)))
        let names = try await dictionary.names(tx, for: Set(keysets.values.joined()))
        return try rows.map { row in
            var values: [StoredMessage.Value] = []
            let others = try row.others.map { try JSONValue(parsing: $0.bytes) }
            for (position, key) in (keysets[row.keyset] ?? []).enumerated() where position < row.values.count {
                if let wanted, !wanted.contains(key) { continue }
                let number = row.values[position]
                let quality = row.qualities.flatMap {
                    position < $0.count ? Quality(rawValue: UInt8(clamping: $0[position])) : nil
                }
                values.append(
                    StoredMessage.Value(
                        key: names[key] ?? "", number: number, other: number.isNaN ? others?[String(key)] : nil,
                        quality: quality ?? .good))
            }
            return StoredMessage(
                time: row.time, receivedAt: row.time + .milliseconds(Int64(row.receivedMilliseconds)),
                provenance: MessageProvenance(stored: row.provenance), keysetNumber: row.keyset, values: values)
        }
    }

    // MARK: - Latest values

    /// The latest values of devices in the order of their ids, each once; those that do not exist here are left out.
    package func latest(
        _ tx: borrowing TenantTransaction, of devices: [DeviceID], keys: [String] = []
    ) async throws -> [LatestOfDevice] {
        let found = try await directory.devices(tx, devices)
        let rows = try await TelemetryRepository.latest(tx, of: found.map(\.source))
        var positions: [SourceNumber: Int] = [:]
        for (position, row) in rows.enumerated() { positions[row.source] = position }
        var names = try await names(tx, of: rows.lazy.map(\.values), keys: keys)
        return found.map { device in
            names.latest(of: device, positions[device.source].map { rows[$0].values })
        }
    }

    /// - Throws: `not-found`.
    package func latest(
        _ tx: borrowing TenantTransaction, of device: DeviceID, keys: [String] = []
    ) async throws -> LatestOfDevice {
        guard let found = try await latest(tx, of: [device], keys: keys).first else {
            throw ServiceError.notFound("device")
        }
        return found
    }

    /// The latest values of a site's devices, in the order of their ids.
    /// - Throws: `not-found`.
    package func latest(
        _ tx: borrowing TenantTransaction, atSite site: SiteID, keys: [String], _ page: PageRequest<LatestSort>
    ) async throws -> Page<LatestOfDevice> {
        let after = page.after?.keys.first?.string.flatMap { DeviceID($0) }
        let rows = try await TelemetryRepository.latest(
            tx, atSite: site, after: after, descending: page.descending, limit: page.limit + 1)
        if rows.isEmpty, !(try await TelemetryRepository.siteExists(tx, site)) { throw ServiceError.notFound("site") }
        let total = page.includesTotal ? try await TelemetryRepository.countDevices(tx, atSite: site) : nil
        var names = try await names(tx, of: rows.lazy.compactMap(\.values), keys: keys)
        let items = rows.map { names.latest(of: $0.device, $0.values) }
        return Page(rows: items, limit: page.limit, total: total) { device in
            PagePosition([.string(device.deviceID.description)])
        }
    }

    /// - Parameter keys: which datapoints; none is all.
    private func names(
        _ tx: borrowing TenantTransaction, of rows: some Sequence<LatestValues>, keys: [String]
    ) async throws -> LatestNames {
        var (numbers, last): (Set<Int16>, [Int16]) = ([], [])
        for row in rows where row.keys != last {
            numbers.formUnion(row.keys)
            last = row.keys
        }
        return LatestNames(try await dictionary.names(tx, for: numbers), wanted: Set(keys))
    }
}
