import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// The blueprint of a kind of device (DEV-5): what it measures and what it can be told.
package struct DeviceModel: StoredResource {
    package typealias Parent = NoParent
    package typealias Sort = DeviceModelSort
    package typealias Filter = DeviceModelFilter

    package let id: DeviceModelID
    package let fields: DeviceModelFields
    package let revision: Revision

    package static let names = ResourceNames("device model", audited: "device_model", remembered: .deviceModel)
    package static let table = ResourceTable(
        "device_models", columns: "name, description, manufacturer, metadata_schema, default_config",
        writeFaults: [
            "device_models_name_key": ServiceError(.alreadyExists, "Another model of the organization has this name.")
        ],
        deleteFaults: [
            "device_products_model_fkey": ServiceError(.inUse, "Products are made after this model: delete them first.")
        ])

    package init(from row: inout RowReader) throws {
        (id, fields, revision) = (try row.next(), try DeviceModelFields(from: &row), try Revision(from: &row))
    }
}

package struct DeviceModelFields: StoredFields {
    /// Unique in the organization.
    package var name: String
    package var description: String
    package var manufacturer: String
    /// What the metadata of its devices must look like: see ``MetadataSchema``.
    package var metadataSchema: JSONValue
    package var defaultConfiguration: JSONValue

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

    package init(from row: inout RowReader) throws {
        name = try row.next()
        description = try row.next()
        manufacturer = try row.next()
        metadataSchema = try row.next()
        defaultConfiguration = try row.next()
    }

    package func writeColumns(to row: inout ColumnValues) {
        row.set("name", name)
        row.set("description", description)
        row.set("manufacturer", manufacturer)
        row.set("metadata_schema", metadataSchema)
        row.set("default_config", defaultConfiguration)
    }
}

/// A model with all that belongs to it.
package struct DeviceModelDescription: JSONWritable, Sendable {
    package let model: DeviceModel
    package let datapoints: [Datapoint]
    package let commands: [ModelCommand]

    package func write(to json: inout JSONWriter) {
        json.object { json in
            model.writeMembers(to: &json)
            json.field("datapoints", datapoints)
            json.field("commands", commands)
        }
    }
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
package enum DeviceModelSort: String, RowSort {
    case name
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    package static var standard: DeviceModelSort { .name }

    package var column: SortColumn<DeviceModel> {
        switch self {
        case .name: .text("name collate \"C\"") { $0.fields.name }
        case .createdAt: Self.unique
        case .updatedAt: .time("updated_at") { $0.updatedAt }
        }
    }
}

package struct DeviceModelFilter: RowFilter {
    package static let parameters = ["name", "manufacturer"]

    package var name: String?
    package var manufacturer: String?

    package init(reading query: InputReader) {
        name = query.optional("name", .text(1...200))
        manufacturer = query.optional("manufacturer", .text(1...200))
    }

    package var conditions: SQL {
        var sql = SQL.empty
        if let name { sql += " and name = \(name)" }
        if let manufacturer { sql += " and manufacturer = \(manufacturer)" }
        return sql
    }
}
