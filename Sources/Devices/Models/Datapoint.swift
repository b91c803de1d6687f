import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// Something that devices of a model measure.
package struct Datapoint: StoredResource {
    package typealias Parent = DeviceModelID
    package typealias Sort = ModelPartSort<Datapoint>

    package let id: DatapointID
    package let modelID: DeviceModelID
    package let fields: DatapointFields
    package let revision: Revision

    package static let names = ResourceNames("datapoint", audited: "datapoint", partOf: "device model")
    package static let table = ResourceTable(
        "datapoints",
        columns: """
            model_id, (select k.name from app.telemetry_keys k where k.key_no = datapoints.key_no), label, kind, unit, low,
            high, decimals, aggregation
            """,
        partOf: ModelPart.table, isReadBack: true,
        writeFaults: [
            "datapoints_key_key": ServiceError(.alreadyExists, "The model has a datapoint with this key already.")
        ])

    package init(from row: inout RowReader) throws {
        (id, modelID) = (try row.next(), try row.next())
        (fields, revision) = (try DatapointFields(from: &row), try Revision(from: &row))
    }

    package func writePlace(to json: inout JSONWriter) { json.field("model_id", modelID) }
}

package struct DatapointFields: StoredFields {
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

    package init(from row: inout RowReader) throws {
        key = try row.next()
        label = try row.next()
        kind = Kind(rawValue: try row.next()) ?? .json
        unit = try row.next()
        low = try row.next()
        high = try row.next()
        decimals = try row.next()
        aggregation = Aggregation(rawValue: try row.next()) ?? .last
    }

    package func writeColumns(to row: inout ColumnValues) {
        // The organization's number of the key; a new key takes a new number.
        row.set("key_no", computed: "app.telemetry_key(\(key), \(kind.rawValue), \(unit))")
        row.set("label", label)
        row.set("kind", kind.rawValue)
        row.set("unit", unit)
        row.set("low", low)
        row.set("high", high)
        row.set("decimals", Int32(decimals))
        row.set("aggregation", aggregation.rawValue)
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
