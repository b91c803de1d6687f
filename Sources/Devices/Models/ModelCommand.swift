internal import Audit
package import JSON
package import Kernel
package import PostgresClient

/// Something that devices of a model can be told.
package struct ModelCommand: Sendable {
    package let id: ModelCommandID
    package let modelID: DeviceModelID
    package let fields: ModelCommandFields
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

package struct ModelCommandFields: EditableFields {
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

    init(name: String, label: String, input: Input, schema: JSONValue, timeoutSeconds: Int, isDiagnostic: Bool) {
        self.name = name
        self.label = label
        self.input = input
        self.schema = schema
        self.timeoutSeconds = timeoutSeconds
        self.isDiagnostic = isDiagnostic
    }

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

extension ModelCommand: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        modelID = try row.next()
        fields = ModelCommandFields(
            name: try row.next(), label: try row.next(),
            input: ModelCommandFields.Input(rawValue: try row.next()) ?? .none, schema: try row.next(),
            timeoutSeconds: try row.next(), isDiagnostic: try row.next())
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
