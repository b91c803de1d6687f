import Foundation
import JSON
import Kernel
import Persistence

/// Something that people of an organization make, read, change and delete: a site, a device model, an alarm rule.
///
/// It has an id, what people edit of it, and a revision; it is shown as one object of all that.
package protocol Resource: JSONWritable, Sendable {
    associatedtype Subject
    associatedtype Fields: EditableFields
    /// The id of what it is a part of, as a zone is of a site; ``NoParent`` for what stands by itself.
    associatedtype Parent: ResourceParent
    associatedtype Sort: ListSort
    associatedtype Filter: ListFilter = NoFilter

    static var names: ResourceNames { get }
    var id: TypedID<Subject> { get }
    var fields: Fields { get }
    var revision: Revision { get }

    /// Writes what stands between the id and the fields, such as the id of the parent. Standard: nothing.
    func writePlace(to json: inout JSONWriter)
    /// Writes what stands behind the fields and is not edited, such as a status. Standard: nothing.
    func writeState(to json: inout JSONWriter)
}

extension Resource {
    package var version: Int { revision.version }
    package var createdAt: Timestamp { revision.createdAt }
    package var updatedAt: Timestamp { revision.updatedAt }

    package func writePlace(to json: inout JSONWriter) {}
    package func writeState(to json: inout JSONWriter) {}

    package func write(to json: inout JSONWriter) { json.object { json in writeMembers(to: &json) } }

    /// Writes every member of an object that the caller has opened.
    package func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        writePlace(to: &json)
        fields.writeMembers(to: &json)
        writeState(to: &json)
        revision.writeMembers(to: &json)
    }
}

/// What a kind of resource is called.
package struct ResourceNames: Sendable {
    /// For people: "device type".
    package let singular: String
    /// For the audit trail: `device_type`.
    package let audited: String
    /// What it is a part of, for people; nil for what stands by itself.
    package let whole: String?
    /// For the nodes that remember it; nil when none does.
    package let remembered: CacheKind?

    package init(_ singular: String, audited: String, partOf whole: String? = nil, remembered: CacheKind? = nil) {
        (self.singular, self.audited, self.whole, self.remembered) = (singular, audited, whole, remembered)
    }
}

/// What a resource is a part of: `SiteID` for a zone, ``NoParent`` for a site.
package protocol ResourceParent: Sendable {
    /// Nil for text that identifies nothing.
    init?(inPath text: String)
    /// Nil when there is no parent.
    var identifier: UUID? { get }
}

extension TypedID: ResourceParent {
    package init?(inPath text: String) { self.init(text) }
    package var identifier: UUID? { uuid }
}

/// The parent of what stands by itself.
package struct NoParent: ResourceParent {
    package init() {}
    package init?(inPath text: String) {}
    package var identifier: UUID? { nil }
}

/// Which of a list's items are wanted.
package protocol ListFilter: Sendable {
    /// The names of the query that ``init(reading:)`` reads.
    static var parameters: [String] { get }
    init(reading query: InputReader)
}

extension ListFilter {
    /// All of them.
    package init() { self.init(reading: InputReader(query: [:])) }
}

/// The filter of a list that has none.
package struct NoFilter: RowFilter {
    package static let parameters: [String] = []
    package init(reading query: InputReader) {}
}
