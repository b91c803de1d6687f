import JSON
import Kernel
import PostgresClient
import Resources

/// ORG-3: what an organization may have, as data.
package struct Tier: Sendable {
    package let id: TierID
    package let name: String
    package let fields: Allowances
    package let revision: Revision
    package var version: Int { revision.version }
}

/// Limits, rates and features, of a tier or instead of a tier's.
package struct Allowances: EditableFields {
    /// A number, or null for no limit, by resource.
    package var limits: JSONObject
    /// `api`, `telemetry`, `bandwidth`.
    package var rates: JSONObject
    /// Booleans by name.
    package var features: JSONObject
    /// Limits over all organizations below, by resource; only as overrides.
    package var pools: JSONObject?

    package static let limitedResources = [
        "devices", "users", "sites", "assets", "alarm_rules", "dashboards", "api_keys", "telemetry_keys",
        "retention_days",
        "storage_mb", "exports_per_day",
    ]
    package static let pooledResources = [
        "devices", "users", "sites", "assets", "alarm_rules", "dashboards", "api_keys",
    ]

    package init(
        limits: JSONObject = [:], rates: JSONObject = [:], features: JSONObject = [:], pools: JSONObject? = nil
    ) {
        self.limits = limits
        self.rates = rates
        self.features = features
        self.pools = pools
    }

    package init(reading input: InputReader) {
        self.init(
            limits: input.optional("limits", .limits(of: Self.limitedResources), default: [:]),
            rates: input.optional("rates", .rates, default: [:]),
            features: input.optional("features", .features, default: [:]))
    }

    /// Overrides, which may have pools.
    package static func overrides(reading input: InputReader) -> Allowances {
        var allowances = Allowances(reading: input)
        allowances.pools = input.optional("pools", .limits(of: pooledResources), default: [:])
        return allowances
    }

    /// Overrides as a column keeps them.
    package init(stored: JSONValue) {
        self.init(
            limits: stored["limits"]?.object ?? [:], rates: stored["rates"]?.object ?? [:],
            features: stored["features"]?.object ?? [:], pools: stored["pools"]?.object ?? [:])
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("limits", limits)
        json.field("rates", rates)
        json.field("features", features)
        if let pools { json.field("pools", pools) }
    }
}

extension InputRule where Value == JSONObject {
    private static func members(
        _ expectation: String, of allowed: [String]?,
        _ check: @escaping @Sendable (JSONValue) -> Bool
    ) -> InputRule {
        InputRule(placeholder: [:]) { value, _ in
            guard let object = value.object else { return .failure(InputRefusal("must be an object")) }
            var faults: [(subpath: String, text: String)] = []
            for (name, member) in object.members {
                if let allowed, !allowed.contains(name) {
                    faults.append((subpath: "/\(name)", text: "must be one of \(allowed.joined(separator: ", "))"))
                } else if !check(member) {
                    faults.append((subpath: "/\(name)", text: expectation))
                }
            }
            return faults.isEmpty ? .success(object) : .failure(InputRefusal(faults))
        }
    }

    fileprivate static func limits(of resources: [String]) -> InputRule {
        members("must be a whole number from 0 to 1000000000000, or null for no limit", of: resources) { value in
            value.isNull || value.integer.map { (0...1_000_000_000_000).contains($0) } ?? false
        }
    }

    fileprivate static var features: InputRule {
        members("must be true or false", of: nil) { $0.boolean != nil }
    }

    fileprivate static var rates: InputRule {
        let shapes = [
            "api": ["per_minute", "burst"], "telemetry": ["per_second", "burst"], "bandwidth": ["bytes_per_second"],
        ]
        return InputRule(placeholder: [:]) { value, _ in
            guard let object = value.object else { return .failure(InputRefusal("must be an object")) }
            var faults: [(subpath: String, text: String)] = []
            for (name, member) in object.members {
                guard let shape = shapes[name] else {
                    faults.append((subpath: "/\(name)", text: "must be one of api, bandwidth, telemetry"))
                    continue
                }
                let numbers = member.object?.members ?? []
                let areNumbers = numbers.allSatisfy { number in
                    shape.contains(number.name)
                        && number.value.integer.map { (1...1_000_000_000_000).contains($0) } ?? false
                }
                if numbers.count != shape.count || !areNumbers {
                    let names = shape.joined(separator: " and ")
                    faults.append((subpath: "/\(name)", text: "must have \(names), whole numbers from 1"))
                }
            }
            return faults.isEmpty ? .success(object) : .failure(InputRefusal(faults))
        }
    }
}

extension Tier: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        name = try row.next()
        fields = Allowances(
            limits: try row.next(JSONValue.self).object ?? [:], rates: try row.next(JSONValue.self).object ?? [:],
            features: try row.next(JSONValue.self).object ?? [:])
        revision = try Revision(from: &row)
    }
}

/// One counter of an organization (ORG-4).
package struct Quota: Sendable {
    package let resource: String
    /// `own`, or `pool` for the sum over all organizations below.
    package let scope: String
    package let used: Int64
    /// Nil: no limit.
    package let limit: Int64?
    /// 0, 80 or 100: the part of the limit that is reached, in percent.
    package let level: Int
    /// After a downgrade: until when more than the limit may stay.
    package let graceUntil: Timestamp?
}

extension Quota: RowDecodable {
    package init(from row: inout RowReader) throws {
        resource = try row.next()
        scope = try row.next()
        used = try row.next()
        limit = try row.next()
        level = try row.next()
        graceUntil = try row.next()
    }
}

/// An organization's quotas with what they come from.
package struct QuotaReport: Sendable {
    package let organization: Organization
    package let quotas: [Quota]
}
