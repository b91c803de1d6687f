internal import Audit
package import JSON
package import Kernel

/// A farm, a building, a plant: where devices stand.
package struct Site: Sendable {
    package let id: SiteID
    package let fields: SiteFields
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

package struct SiteFields: EditableFields {
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

    init(
        name: String, code: String?, address: PostalAddress, location: GeoPoint?, timeZone: String, metadata: JSONValue
    ) {
        self.name = name
        self.code = code
        self.address = address
        self.location = location
        self.timeZone = timeZone
        self.metadata = metadata
    }
}

/// Every part may be missing.
package struct PostalAddress: Hashable, Sendable {
    package var street: String?
    package var postalCode: String?
    package var city: String?
    package var region: String?
    /// ISO 3166-1 alpha-2.
    package var country: String?

    init() {}

    init(reading input: InputReader) {
        street = input.optional("street", .text(1...500))
        postalCode = input.optional("postal_code", .name(1...20))
        city = input.optional("city", .name())
        region = input.optional("region", .name())
        country = input.optional("country", .country)
    }

    init(stored: JSONValue) {
        street = stored["street"]?.string
        postalCode = stored["postal_code"]?.string
        city = stored["city"]?.string
        region = stored["region"]?.string
        country = stored["country"]?.string
    }
}

extension PostalAddress: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("street", street)
            json.field("postal_code", postalCode)
            json.field("city", city)
            json.field("region", region)
            json.field("country", country)
        }
    }
}

extension InputRule where Value == String {
    /// ISO 3166-1 alpha-2.
    fileprivate static var country: InputRule {
        text(2...2).map(placeholder: "DE", "must be an ISO 3166-1 code such as DE") { code in
            code.utf8.allSatisfy { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") } ? code : nil
        }
    }
}

/// Orders of the list of sites.
package enum SiteSort: String, ListSort {
    case name
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    package static var standard: SiteSort { .name }
}

package struct SiteFilter: Sendable {
    package var name: String?
    package var code: String?

    package init(name: String? = nil, code: String? = nil) { (self.name, self.code) = (name, code) }
}
