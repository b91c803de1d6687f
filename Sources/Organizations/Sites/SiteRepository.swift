internal import Audit
internal import JSON
internal import Kernel
internal import Persistence
package import PostgresClient

struct SiteRepository: Sendable {
    private static let columns: SQL = """
        id, name, code_key, address, lat, lon, time_zone, custom, version, created_at, updated_at
        """
    private static let constraints: KnownConstraints = [
        "sites_name_key": ServiceError(.alreadyExists, "Another site of the organization has this name."),
        "sites_code_key": ServiceError(.alreadyExists, "Another site of the organization has this code."),
    ]

    func list(
        _ tx: borrowing TenantTransaction, _ filter: SiteFilter, _ page: PageRequest<SiteSort>
    ) async throws -> Page<Site> {
        let order = page.keyset(\.column)
        let conditions: SQL = """
            (\(filter.name)::text is null or name = \(filter.name))
            and (\(filter.code)::text is null or code_key = \(filter.code))
            """
        let sql: SQL = """
            select \(Self.columns) from app.sites where \(conditions)\(try order.after(page.after))\(order.order)
            limit \(page.limit + 1) /* sites.list */
            """
        let rows = try await tx.all(sql) { row in try Site(from: &row) }
        var total: Int?
        if page.includesTotal {
            total = try await tx.first("select count(*) from app.sites where \(conditions) /* sites.count */") { row in
                try row.next(Int.self)
            }
        }
        return Page(
            rows: rows, limit: page.limit, total: total,
            position: { site in page.position(site.id) { $0.key(of: site) } })
    }

    func find(_ tx: borrowing TenantTransaction, _ id: SiteID, locking: Bool = false) async throws -> Site? {
        let lock: SQL = locking ? " for update" : ""
        let sql: SQL = "select \(Self.columns) from app.sites where id = \(id)\(lock) /* sites.find */"
        return try await tx.first(sql) { row in try Site(from: &row) }
    }

    func insert(_ tx: borrowing TenantTransaction, _ id: SiteID, _ fields: SiteFields) async throws -> Site? {
        let sql: SQL = """
            insert into app.sites (organization_id, id, name, code_key, address, lat, lon, cell, time_zone, custom)
            values (app.organization_id(), \(id), \(fields.name), \(fields.code), \(fields.address.stored),
                \(fields.location?.latitude), \(fields.location?.longitude), \(fields.location?.cell),
                \(fields.timeZone), \(fields.metadata))
            returning \(Self.columns) /* sites.insert */
            """
        return try await Self.constraints.translating { try await tx.first(sql) { row in try Site(from: &row) } }
    }

    func update(_ tx: borrowing TenantTransaction, _ id: SiteID, _ fields: SiteFields) async throws -> Site? {
        let sql: SQL = """
            update app.sites set name = \(fields.name), code_key = \(fields.code), address = \(fields.address.stored),
                lat = \(fields.location?.latitude), lon = \(fields.location?.longitude), cell = \(fields.location?.cell),
                time_zone = \(fields.timeZone), custom = \(fields.metadata)
            where id = \(id) returning \(Self.columns) /* sites.update */
            """
        return try await Self.constraints.translating { try await tx.first(sql) { row in try Site(from: &row) } }
    }

    func delete(_ tx: borrowing TenantTransaction, _ id: SiteID) async throws {
        try await tx.execute("delete from app.sites where id = \(id) /* sites.delete */")
    }

    /// How many devices stand there, counted up to `limit`.
    func deviceCount(_ tx: borrowing TenantTransaction, _ id: SiteID, upTo limit: Int) async throws -> Int {
        let sql: SQL = """
            select count(*) from (
                select from app.devices where site_id = \(id) and deleted_at is null limit \(limit)) as there
            /* sites.device_count */
            """
        return try await tx.first(sql) { row in try row.next(Int.self) } ?? 0
    }
}

extension Site: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        let name = try row.next(String.self)
        let code = try row.next(String?.self)
        let address = PostalAddress(stored: try row.next(JSONValue.self))
        let (latitude, longitude) = (try row.next(Double?.self), try row.next(Double?.self))
        var location: GeoPoint?
        if let latitude, let longitude { location = GeoPoint(latitude: latitude, longitude: longitude) }
        fields = SiteFields(
            name: name, code: code, address: address, location: location, timeZone: try row.next(),
            metadata: try row.next())
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}

extension SiteSort {
    fileprivate var column: Keyset.Column {
        switch self {
        case .name: .text("name collate \"C\"")
        case .createdAt: .id
        case .updatedAt: .time("updated_at")
        }
    }

    fileprivate func key(of site: Site) -> JSONValue {
        switch self {
        case .name: .string(site.fields.name)
        case .createdAt: .null
        case .updatedAt: .integer(site.updatedAt.microseconds)
        }
    }
}

extension PostalAddress {
    /// Without the parts that are not there.
    fileprivate var stored: JSONValue {
        var writer = JSONWriter()
        write(to: &writer)
        let members = (try? JSONValue(parsing: writer.bytes))?.object?.members ?? []
        return .object(JSONObject(uniqueMembers: members.filter { !$0.value.isNull }.map { ($0.name, $0.value) }))
    }
}
