import JSON
import Kernel
import Persistence

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

extension PostalAddress {
    /// Without the parts that are not there.
    var stored: JSONValue {
        var writer = JSONWriter()
        write(to: &writer)
        let members = (try? JSONValue(parsing: writer.bytes))?.object?.members ?? []
        return .object(JSONObject(uniqueMembers: members.filter { !$0.value.isNull }.map { ($0.name, $0.value) }))
    }
}
