import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// Something that devices of a model can be told.
package struct ModelCommand: StoredResource {
    package typealias Parent = DeviceModelID
    package typealias Sort = ModelPartSort<ModelCommand>

    package let id: ModelCommandID
    package let modelID: DeviceModelID
    package let fields: ModelCommandFields
    package let revision: Revision

    package static let names = ResourceNames("command", audited: "model_command", partOf: "device model")
    package static let table = ResourceTable(
        "model_commands", columns: "model_id, name_key, label, input, schema, timeout_seconds, is_diagnostic",
        partOf: ModelPart.table,
        writeFaults: [
            "model_commands_name_key": ServiceError(.alreadyExists, "The model has a command with this name already.")
        ])

    package init(from row: inout RowReader) throws {
        (id, modelID) = (try row.next(), try row.next())
        (fields, revision) = (try ModelCommandFields(from: &row), try Revision(from: &row))
    }

    package func writePlace(to json: inout JSONWriter) { json.field("model_id", modelID) }
}

package struct ModelCommandFields: StoredFields {
    /// What a person gives with the command.
    package enum Input: String, Sendable, CaseIterable { case none, number, text, boolean, select, json }

    /// Unique in the model.
    package var name: String
    package var label: String
    package var input: Input
    /// What the input must look like, by its kind: number `{minimum, maximum}`, text `{minLength, maxLength}`, select
    /// `{options: [{value, label}]}`, json a schema (``MetadataSchema``); empty for none and boolean.
    package var schema: JSONValue
    /// How long a device may take to answer.
    package var timeoutSeconds: Int
    /// Whether it only asks, so that support may send it.
    package var isDiagnostic: Bool

    package init(reading reader: InputReader) {
        name = reader.required("name", .key(1...100))
        label = reader.optional("label", .name()) ?? name
        input = reader.optional("input", .oneOf(Input.self), default: .none)
        schema = reader.optional("schema", .document(), default: [:])
        timeoutSeconds = reader.optional("timeout_seconds", .integer(1...86_400), default: 60)
        isDiagnostic = reader.optional("is_diagnostic", .boolean, default: false)
        for fault in Self.faults(in: schema, for: input) { reader.fault("schema\(fault.subpath)", fault.text) }
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("label", label)
        json.field("input", input.rawValue)
        json.field("schema", schema)
        json.field("timeout_seconds", timeoutSeconds)
        json.field("is_diagnostic", isDiagnostic)
    }

    package init(from row: inout RowReader) throws {
        name = try row.next()
        label = try row.next()
        input = Input(rawValue: try row.next()) ?? .none
        schema = try row.next()
        timeoutSeconds = try row.next()
        isDiagnostic = try row.next()
    }

    package func writeColumns(to row: inout ColumnValues) {
        row.set("name_key", name)
        row.set("label", label)
        row.set("input", input.rawValue)
        row.set("schema", schema)
        row.set("timeout_seconds", Int32(timeoutSeconds))
        row.set("is_diagnostic", isDiagnostic)
    }

    private static func faults(in schema: JSONValue, for input: Input) -> [MetadataSchema.Fault] {
        let allowed: Set<String>
        switch input {
        case .json: return MetadataSchema.faults(in: schema)
        case .none, .boolean: allowed = []
        case .number: allowed = ["minimum", "maximum"]
        case .text: allowed = ["minLength", "maxLength"]
        case .select: allowed = ["options"]
        }
        let members = schema.object?.members ?? []
        var faults: [MetadataSchema.Fault] = members.filter { !allowed.contains($0.name) }.map {
            (subpath: "/\($0.name)", text: "does not go with the input \(input.rawValue)")
        }
        guard input == .select else {
            let known = JSONObject(
                uniqueMembers: members.filter { allowed.contains($0.name) }.map { ($0.name, $0.value) })
            return faults + MetadataSchema.faults(in: .object(known))
        }
        let options = schema["options"]?.array ?? []
        if options.isEmpty { faults.append((subpath: "/options", text: "must be a list of {value, label}")) }
        for (index, option) in options.enumerated() {
            let isComplete = option["value"] != nil && option["label"]?.string != nil && option.object?.count == 2
            if !isComplete { faults.append((subpath: "/options/\(index)", text: "must have a value and a label")) }
        }
        return faults
    }
}
