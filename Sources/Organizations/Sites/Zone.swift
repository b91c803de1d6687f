internal import Audit
package import JSON
package import Kernel
package import PostgresClient

/// A part of a site: a barn, a floor, a room; zones of a site form a tree.
package struct Zone: Sendable {
    package static let maximumDepth = 8

    package let id: ZoneID
    package let siteID: SiteID
    package let fields: ZoneFields
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

package struct ZoneFields: EditableFields {
    /// Unique among the zones with the same parent.
    package var name: String
    /// What it is, in the organization's own words, such as `barn`.
    package var kind: String
    /// A zone of the same site; nil directly below the site.
    package var parentID: ZoneID?

    init(name: String, kind: String, parentID: ZoneID?) {
        (self.name, self.kind, self.parentID) = (name, kind, parentID)
    }

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
}

/// Orders of the list of zones.
package enum ZoneSort: String, ListSort {
    case name
    case createdAt = "created_at"
    package static var standard: ZoneSort { .name }
}

extension Zone: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        siteID = try row.next()
        fields = ZoneFields(name: try row.next(), kind: try row.next(), parentID: try row.next())
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
