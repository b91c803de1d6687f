import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// A farm, a building, a plant: where devices stand.
package struct Site: StoredResource {
    package typealias Parent = NoParent
    package typealias Sort = SiteSort
    package typealias Filter = SiteFilter

    package let id: SiteID
    package let fields: SiteFields
    package let revision: Revision

    package static let names = ResourceNames("site", audited: "site", remembered: .site)
    package static let table = ResourceTable(
        "sites", columns: "name, code_key, address, lat, lon, time_zone, custom",
        writeFaults: [
            "sites_name_key": ServiceError(.alreadyExists, "Another site of the organization has this name."),
            "sites_code_key": ServiceError(.alreadyExists, "Another site of the organization has this code."),
        ])

    package init(from row: inout RowReader) throws {
        (id, fields, revision) = (try row.next(), try SiteFields(from: &row), try Revision(from: &row))
    }
}

package struct SiteFields: StoredFields {
    /// Unique in the organization.
    package var name: String
    /// The organization's own short code, unique where set.
    package var code: String?
    package var address: PostalAddress
    package var location: GeoPoint?
    /// IANA name; days and schedules of the site's devices are local to it.
    package var timeZone: String
    package var metadata: JSONValue

    package init(reading input: InputReader) {
        name = input.required("name", .name())
        code = input.optional("code", .key(1...50))
        address = input.optionalObject("address", PostalAddress.init(reading:)) ?? PostalAddress()
        location = input.optionalObject("location", GeoPoint.init(reading:))
        timeZone = input.optional("time_zone", .timeZone, default: "UTC")
        metadata = input.optional("metadata", .document(), default: [:])
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("code", code)
        json.field("address", address)
        json.field("location", location)
        json.field("time_zone", timeZone)
        json.field("metadata", metadata)
    }

    package init(from row: inout RowReader) throws {
        name = try row.next()
        code = try row.next()
        address = PostalAddress(stored: try row.next())
        let (latitude, longitude) = (try row.next(Double?.self), try row.next(Double?.self))
        if let latitude, let longitude { location = GeoPoint(latitude: latitude, longitude: longitude) }
        timeZone = try row.next()
        metadata = try row.next()
    }

    package func writeColumns(to row: inout ColumnValues) {
        row.set("name", name)
        row.set("code_key", code)
        row.set("address", address.stored)
        row.set("lat", location?.latitude)
        row.set("lon", location?.longitude)
        row.set("cell", location?.cell)
        row.set("time_zone", timeZone)
        row.set("custom", metadata)
    }
}

/// Orders of the list of sites.
package enum SiteSort: String, RowSort {
    case name, code
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    package static var standard: SiteSort { .name }

    package var column: SortColumn<Site> {
        switch self {
        case .name: .text("name collate \"C\"") { $0.fields.name }
        case .code: .optionalText("code_key") { $0.fields.code }
        case .createdAt: Self.unique
        case .updatedAt: .time("updated_at") { $0.updatedAt }
        }
    }
}

package struct SiteFilter: RowFilter {
    package static let parameters = ["name", "code"]

    package var name: String?
    package var code: String?

    package init(reading query: InputReader) {
        name = query.optional("name", .text(1...200))
        code = query.optional("code", .text(1...50))
    }

    package var conditions: SQL {
        var sql = SQL.empty
        if let name { sql += " and name = \(name)" }
        if let code { sql += " and code_key = \(code)" }
        return sql
    }
}
