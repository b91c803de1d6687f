import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// A part of a site: a barn, a floor, a room; zones of a site form a tree.
package struct Zone: StoredResource {
    package typealias Parent = SiteID
    package typealias Sort = ZoneSort
    package typealias Filter = ZoneFilter

    package static let maximumDepth = 8

    package let id: ZoneID
    package let siteID: SiteID
    package let fields: ZoneFields
    package let revision: Revision

    package static let names = ResourceNames("zone", audited: "zone", partOf: "site")
    package static let table = ResourceTable(
        "zones", columns: "site_id, name, kind, parent_id",
        partOf: ParentTable("sites", column: "site_id"),
        writeFaults: [
            "zones_name_key": ServiceError(.alreadyExists, "Another zone at this place has this name."),
            "zones_parent_fkey": .invalidInput("/parent_id", "is no zone of this site"),
        ],
        deleteFaults: [
            "zones_parent_fkey": ServiceError(.inUse, "The zone has zones below it: move or delete them first.")
        ])

    package init(from row: inout RowReader) throws {
        (id, siteID) = (try row.next(), try row.next())
        (fields, revision) = (try ZoneFields(from: &row), try Revision(from: &row))
    }

    package func writePlace(to json: inout JSONWriter) { json.field("site_id", siteID) }
}

package struct ZoneFields: StoredFields {
    /// Unique among the zones with the same parent.
    package var name: String
    /// What it is, in the organization's own words, such as `barn`.
    package var kind: String
    /// A zone of the same site; nil directly below the site.
    package var parentID: ZoneID?

    package init(reading input: InputReader) {
        name = input.required("name", .name())
        kind = input.optional("kind", .name(1...50), default: "zone")
        parentID = input.optional("parent_id", .id(ZoneID.self))
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("kind", kind)
        json.field("parent_id", parentID)
    }

    package init(from row: inout RowReader) throws {
        (name, kind, parentID) = (try row.next(), try row.next(), try row.next())
    }

    package func writeColumns(to row: inout ColumnValues) {
        row.set("name", name)
        row.set("kind", kind)
        row.set("parent_id", parentID)
    }
}

/// Orders of the list of zones.
package enum ZoneSort: String, RowSort {
    case name
    case createdAt = "created_at"
    package static var standard: ZoneSort { .name }

    package var column: SortColumn<Zone> {
        switch self {
        case .name: .text("name collate \"C\"") { $0.fields.name }
        case .createdAt: Self.unique
        }
    }
}

package struct ZoneFilter: RowFilter {
    package static let parameters = ["parent_id"]

    /// Only zones directly below this one.
    package var parentID: ZoneID?

    package init(reading query: InputReader) { parentID = query.optional("parent_id", .id(ZoneID.self)) }

    package var conditions: SQL { parentID.map { " and parent_id = \($0)" } ?? .empty }
}
