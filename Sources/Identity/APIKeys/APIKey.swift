import JSON
import Kernel
import Persistence
import PostgresClient
import Resources
import Tenancy

/// A secret with which a program acts in an organization (IAM-4). The secret itself is shown once and not kept.
package struct APIKey: Sendable, JSONWritable {
    package let id: APIKeyID
    /// The first symbols, by which people tell keys apart.
    package let prefix: String
    package let fields: APIKeyFields
    package let usedAt: Timestamp?
    /// Whose roles bound it.
    package let ownerID: UserID?
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    package let version: Int

    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("prefix", prefix)
        fields.writeMembers(to: &json)
        json.field("last_used_at", usedAt)
        json.field("user_id", ownerID)
        json.field("created_at", createdAt)
        json.field("updated_at", updatedAt)
    }
}

/// What a person says of a key.
package struct APIKeyFields: EditableFields {
    package var name: String
    package var scopes: [Permission]
    /// Networks from which it may be used; empty: from anywhere.
    package var addresses: [String]
    /// Its own share of the requests; nil: the tier's share of a client.
    package var rate: APIKeyRate?
    package var expiresAt: Timestamp?

    package init(reading input: InputReader) {
        name = input.required("name", .name())
        scopes = input.required("scopes", .list(.oneOf(Permission.self), count: 1...200))
        addresses = input.optional("ip_allow", .list(.network, count: 0...100), default: [])
        rate = input.optionalObject("rate") { rate in
            APIKeyRate(
                perMinute: rate.required("per_minute", .integer(1...1_000_000)),
                burst: rate.required("burst", .integer(1...1_000_000)))
        }
        expiresAt = input.optional("expires_at", .time)
    }

    init(name: String, scopes: [Permission], addresses: [String], rate: APIKeyRate?, expiresAt: Timestamp?) {
        self.name = name
        self.scopes = scopes
        self.addresses = addresses
        self.rate = rate
        self.expiresAt = expiresAt
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("scopes", scopes.map(\.rawValue))
        json.field("ip_allow", addresses)
        json.field("rate", rate)
        json.field("expires_at", expiresAt)
    }
}

/// Requests that a key may send.
package struct APIKeyRate: Sendable, Hashable, JSONWritable {
    package let perMinute: Int
    package let burst: Int

    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("per_minute", perMinute)
            json.field("burst", burst)
        }
    }

    init(perMinute: Int, burst: Int) {
        self.perMinute = perMinute
        self.burst = burst
    }

    init?(stored: JSONValue) {
        guard let perMinute = stored["per_minute"]?.integer, let burst = stored["burst"]?.integer else { return nil }
        self.init(perMinute: Int(perMinute), burst: Int(burst))
    }

    var stored: JSONValue { .object(["per_minute": .integer(Int64(perMinute)), "burst": .integer(Int64(burst))]) }
}

/// A key just made, with its secret.
package struct NewAPIKey: Sendable, JSONWritable {
    package let key: APIKey
    package let secret: String

    package func write(to json: inout JSONWriter) {
        json.object { json in
            key.writeMembers(to: &json)
            json.field("secret", secret)
        }
    }
}

package enum APIKeySort: String, RowSort {
    case createdAt = "created_at"
    case name

    package static let standard = APIKeySort.createdAt
    package static let isDescendingByDefault = true
    package static var unique: SortColumn<APIKey> { .id("k.id") { $0.id } }

    package var column: SortColumn<APIKey> {
        switch self {
        case .createdAt: Self.unique
        case .name: .text("k.name collate \"C\"") { $0.fields.name }
        }
    }
}

extension InputRule where Value == String {
    /// A network in CIDR notation or a single address.
    static var network: InputRule {
        text(2...50).map(
            placeholder: "", "must be an address or a network such as 192.0.2.0/24, without bits beyond its prefix"
        ) {
            AddressRange.isNetwork($0) ? $0 : nil
        }
    }
}
