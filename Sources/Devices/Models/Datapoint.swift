internal import Audit
package import JSON
package import Kernel
package import PostgresClient

/// Something that devices of a model measure.
package struct Datapoint: Sendable {
    package let id: DatapointID
    package let modelID: DeviceModelID
    /// The number of its key in the organization.
    package let keyNumber: Int16
    package let fields: DatapointFields
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

package struct DatapointFields: EditableFields {
    package enum Kind: String, Sendable, CaseIterable { case number, boolean, text, json }
    package enum Aggregation: String, Sendable, CaseIterable { case avg, sum, min, max, last, count }

    /// The name in telemetry messages; unique in the model.
    package var key: String
    /// What people call it.
    package var label: String
    package var kind: Kind
    /// UCUM code.
    package var unit: String?
    /// What the device can measure; values beyond it are suspicious, not refused.
    package var low: Double?
    package var high: Double?
    /// Digits after the point when it is shown.
    package var decimals: Int
    /// How a day or an hour of it becomes one number.
    package var aggregation: Aggregation

    init(
        key: String, label: String, kind: Kind, unit: String?, low: Double?, high: Double?, decimals: Int,
        aggregation: Aggregation
    ) {
        self.key = key
        self.label = label
        self.kind = kind
        self.unit = unit
        self.low = low
        self.high = high
        self.decimals = decimals
        self.aggregation = aggregation
    }

    package init(reading input: InputReader) {
        key = input.required("key", .datapointKey)
        label = input.optional("label", .name()) ?? key
        kind = input.optional("kind", .oneOf(Kind.self), default: .number)
        unit = input.optional("unit", .name(1...50))
        low = input.optional("low", .number())
        high = input.optional("high", .number())
        decimals = input.optional("decimals", .integer(0...15), default: 2)
        aggregation = input.optional("aggregation", .oneOf(Aggregation.self), default: kind == .number ? .avg : .last)
        if let low, let high, low > high { input.fault("low", "must not be above high") }
        if kind != .number, low != nil || high != nil {
            input.fault("kind", "must be number when low or high is given")
        }
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("key", key)
        json.field("label", label)
        json.field("kind", kind.rawValue)
        json.field("unit", unit)
        json.field("low", low)
        json.field("high", high)
        json.field("decimals", decimals)
        json.field("aggregation", aggregation.rawValue)
    }
}

extension InputRule where Value == String {
    /// The name of a datapoint; names with `$` in front are the platform's own.
    package static var datapointKey: InputRule {
        name(1...100).map(placeholder: "key", "must not begin with '$', which the platform keeps for itself") {
            $0.hasPrefix("$") ? nil : $0
        }
    }
}

extension Datapoint: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        modelID = try row.next()
        keyNumber = try row.next()
        fields = DatapointFields(
            key: try row.next(), label: try row.next(),
            kind: DatapointFields.Kind(rawValue: try row.next()) ?? .json, unit: try row.next(), low: try row.next(),
            high: try row.next(), decimals: try row.next(),
            aggregation: DatapointFields.Aggregation(rawValue: try row.next()) ?? .last)
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}

/// Orders of the lists of datapoints and commands.
package enum ModelPartSort: String, ListSort {
    case createdAt = "created_at"
    package static var standard: ModelPartSort { .createdAt }
}
