internal import Audit
package import JSON
package import Kernel
package import PostgresClient

/// The blueprint of a kind of device (DEV-5): what it measures and what it can be told.
package struct DeviceModel: Sendable {
    package let id: DeviceModelID
    package let fields: DeviceModelFields
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

package struct DeviceModelFields: EditableFields {
    /// Unique in the organization.
    package var name: String
    package var description: String
    package var manufacturer: String
    /// What the metadata of its devices must look like: see ``MetadataSchema``.
    package var metadataSchema: JSONValue
    package var defaultConfiguration: JSONValue

    init(
        name: String, description: String, manufacturer: String, metadataSchema: JSONValue,
        defaultConfiguration: JSONValue
    ) {
        self.name = name
        self.description = description
        self.manufacturer = manufacturer
        self.metadataSchema = metadataSchema
        self.defaultConfiguration = defaultConfiguration
    }

    package init(reading input: InputReader) {
        name = input.required("name", .name())
        description = input.optional("description", .text(0...4000), default: "")
        manufacturer = input.optional("manufacturer", .text(0...200), default: "")
        metadataSchema = input.optional("metadata_schema", .metadataSchema, default: [:])
        defaultConfiguration = input.optional("default_config", .document(), default: [:])
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("description", description)
        json.field("manufacturer", manufacturer)
        json.field("metadata_schema", metadataSchema)
        json.field("default_config", defaultConfiguration)
    }
}

/// A model with all that belongs to it.
package struct DeviceModelDescription: Sendable {
    package let model: DeviceModel
    package let datapoints: [Datapoint]
    package let commands: [ModelCommand]
}

/// What is said when a model is made: its parts may come along.
package struct NewDeviceModel: Sendable {
    package static let maximumParts = 500

    package var fields: DeviceModelFields
    package var datapoints: [DatapointFields]
    package var commands: [ModelCommandFields]

    package init(reading input: InputReader) {
        fields = DeviceModelFields(reading: input)
        datapoints = input.objects("datapoints", count: 0...Self.maximumParts, DatapointFields.init(reading:))
        commands = input.objects("commands", count: 0...Self.maximumParts, ModelCommandFields.init(reading:))
        for (index, datapoint) in datapoints.enumerated()
        where datapoints[..<index].contains(where: { $0.key == datapoint.key }) {
            input.fault("datapoints/\(index)/key", "occurs twice")
        }
        for (index, command) in commands.enumerated()
        where commands[..<index].contains(where: { $0.name == command.name }) {
            input.fault("commands/\(index)/name", "occurs twice")
        }
    }
}

/// Orders of the list of models.
package enum DeviceModelSort: String, ListSort {
    case name
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    package static var standard: DeviceModelSort { .name }
}

package struct DeviceModelFilter: Sendable {
    package var name: String?
    package var manufacturer: String?

    package init(reading input: InputReader) {
        name = input.optional("name", .text(1...200))
        manufacturer = input.optional("manufacturer", .text(1...200))
    }
}

extension DeviceModel: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        fields = DeviceModelFields(
            name: try row.next(), description: try row.next(), manufacturer: try row.next(),
            metadataSchema: try row.next(),
            defaultConfiguration: try row.next())
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
