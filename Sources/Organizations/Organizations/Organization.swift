import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// A tenant: a node in the tree of resellers and their customers.
package struct Organization: Resource {
    package typealias Parent = NoParent
    package typealias Sort = OrganizationSort
    package typealias Filter = OrganizationFilter

    package static let names = ResourceNames("organization", audited: "organization", remembered: .organization)

    package enum Kind: String, Sendable, CaseIterable { case platform, reseller, customer }
    package enum Status: String, Sendable, CaseIterable { case active, suspended, deleting }

    /// Between soft delete and purge.
    package static let daysUntilPurge: Int64 = 30

    package let id: OrganizationID
    package let parentID: OrganizationID?
    package let kind: Kind
    /// Unique on the platform; also the organization's sub-domain.
    package let slug: String
    package let tier: String
    package let status: Status
    package let fields: OrganizationFields
    /// What this organization has instead of its tier's limits, rates and features.
    package let overrides: JSONValue
    package let revision: Revision
}

package struct OrganizationFields: EditableFields {
    package var name: String
    /// ISO 4217.
    package var currency: String
    /// BCP 47.
    package var locale: String
    /// IANA name.
    package var timeZone: String
    /// Free in form; `device_serial_pattern` is the form of serial numbers that the platform gives (see ``SerialPattern``).
    package var settings: JSONValue

    package init(reading input: InputReader) {
        name = input.required("name", .name())
        currency = input.optional("currency", .currency, default: "EUR")
        locale = input.optional("locale", .locale, default: "en")
        timeZone = input.optional("time_zone", .timeZone, default: "UTC")
        settings = input.optional("settings", .organizationSettings, default: [:])
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("currency", currency)
        json.field("locale", locale)
        json.field("time_zone", timeZone)
        json.field("settings", settings)
    }

    init(from row: inout RowReader) throws {
        name = try row.next()
        currency = try row.next()
        locale = try row.next()
        timeZone = try row.next()
        settings = try row.next()
    }
}

extension Organization {
    package func writePlace(to json: inout JSONWriter) {
        json.field("parent_id", parentID)
        json.field("kind", kind.rawValue)
        json.field("slug", slug)
        json.field("tier", tier)
        json.field("status", status.rawValue)
        json.field("is_active", status == .active)
    }
}

/// What is said once, when an organization is made.
package struct NewOrganization: Sendable {
    package var parentID: OrganizationID?
    package var kind: Organization.Kind
    package var slug: String
    /// Nil: the parent's tier, or `free` at the top.
    package var tier: String?
    package var fields: OrganizationFields

    package init(reading input: InputReader) {
        parentID = input.optional("parent_id", .id(OrganizationID.self))
        kind = input.optional("kind", .oneOf(NewKind.self), default: .customer).kind
        slug = input.required("slug", .slug)
        tier = input.optional("tier", .key(1...50))
        fields = OrganizationFields(reading: input)
    }

    private enum NewKind: String, CaseIterable {
        case customer, reseller
        var kind: Organization.Kind { self == .customer ? .customer : .reseller }
    }
}

extension InputRule where Value == String {
    /// A DNS label in lower case.
    package static var slug: InputRule {
        text(1...63).map(placeholder: "a", "must be lower-case letters, digits and inner hyphens") { slug in
            let isAlphanumeric: (UInt8) -> Bool = {
                ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z"))
                    || ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
            }
            let edges = [slug.utf8.first, slug.utf8.last].allSatisfy { $0.map(isAlphanumeric) ?? false }
            return edges && slug.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") } ? slug : nil
        }
    }
}

extension InputRule where Value == JSONValue {
    fileprivate static var organizationSettings: InputRule {
        document().map(
            placeholder: [:], "device_serial_pattern must be a pattern such as \(SerialPattern.standard.text)"
        ) {
            settings in
            guard let pattern = settings["device_serial_pattern"] else { return settings }
            return pattern.string.flatMap { SerialPattern($0) } == nil ? nil : settings
        }
    }
}

/// Orders of the list of organizations.
package enum OrganizationSort: String, RowSort {
    case name, slug
    case createdAt = "created_at"
    package static var standard: OrganizationSort { .name }
    package static var unique: SortColumn<Organization> { .id("o.id") { $0.id } }

    package var column: SortColumn<Organization> {
        switch self {
        case .name: .text("o.name collate \"C\"") { $0.fields.name }
        case .slug: .text("o.slug") { $0.slug }
        case .createdAt: Self.unique
        }
    }
}

package struct OrganizationFilter: ListFilter {
    package static let parameters = ["parent_id", "kind", "status", "slug"]

    package var parentID: OrganizationID?
    package var kind: Organization.Kind?
    package var status: Organization.Status?
    package var slug: String?

    package init(reading input: InputReader) {
        parentID = input.optional("parent_id", .id(OrganizationID.self))
        kind = input.optional("kind", .oneOf(Organization.Kind.self))
        status = input.optional("status", .oneOf(Organization.Status.self))
        slug = input.optional("slug", .text(1...63))
    }
}

/// A node of the tree below an organization.
package struct OrganizationNode: Sendable {
    package let id: OrganizationID
    package let parentID: OrganizationID?
    package let name: String
    package let slug: String
    package let kind: Organization.Kind
    package let status: Organization.Status
    /// 0 is the organization itself.
    package let depth: Int
}

extension Organization: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        parentID = try row.next()
        kind = Kind(rawValue: try row.next()) ?? .customer
        slug = try row.next()
        tier = try row.next()
        status = Status(rawValue: try row.next()) ?? .suspended
        fields = try OrganizationFields(from: &row)
        overrides = try row.next()
        revision = try Revision(from: &row)
    }
}

extension OrganizationNode: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        parentID = try row.next()
        name = try row.next()
        slug = try row.next()
        kind = Organization.Kind(rawValue: try row.next()) ?? .customer
        status = Organization.Status(rawValue: try row.next()) ?? .suspended
        depth = try row.next()
    }
}
