import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// A kind of device in the organization's own words, and how its messages are processed (DEV-6). Five are there from the
/// beginning: milk_meter, environmental_sensor, rfid_reader, wearable, gateway.
package struct DeviceType: StoredResource {
    package typealias Parent = NoParent
    package typealias Sort = DeviceTypeSort
    package typealias Filter = DeviceTypeFilter

    package let id: DeviceTypeID
    package let fields: DeviceTypeFields
    package let revision: Revision

    package static let names = ResourceNames("device type", audited: "device_type", remembered: .deviceType)
    package static let table = ResourceTable(
        "device_types",
        columns: """
            name, code_key, description, role, processing, dialect, profile, metadata_schema, default_config, thresholds,
            allowed_commands
            """,
        writeFaults: [
            "device_types_name_key": ServiceError(
                .alreadyExists, "Another device type of the organization has this name."),
            "device_types_code_key": ServiceError(
                .alreadyExists, "Another device type of the organization has this code."),
        ],
        deleteFaults: [
            "devices_type_fkey": ServiceError(
                .inUse, "Devices are of this type, perhaps deleted ones that are kept a while.")
        ])

    package init(from row: inout RowReader) throws {
        (id, fields, revision) = (try row.next(), try DeviceTypeFields(from: &row), try Revision(from: &row))
    }
}

package struct DeviceTypeFields: StoredFields {
    package enum DeviceClass: String, Sendable, CaseIterable {
        case gateway, peripheral, smartSensor = "smart_sensor", api
    }
    package enum Processing: String, Sendable, CaseIterable {
        case endpoint, gateway, gatewayChunked = "gateway_chunked", rtuMultiport = "rtu_multiport"
    }

    /// Unique in the organization.
    package var name: String
    /// Unique short code; stands in serial numbers.
    package var code: String
    package var description: String
    package var deviceClass: DeviceClass
    package var processing: Processing
    /// The form of its messages; `rookery` is the platform's own.
    package var dialect: String
    /// Schema, extraction, demultiplexing, chunking, transformations.
    package var profile: JSONValue
    package var metadataSchema: JSONValue
    package var defaultConfiguration: JSONValue
    /// `connection` holds when a device that is not heard counts as degraded and offline: see ``ConnectionThresholds``.
    package var thresholds: JSONValue
    package var allowedCommands: [String]

    package init(reading input: InputReader) {
        name = input.required("name", .name())
        code = input.required("code", .key(1...50))
        description = input.optional("description", .text(0...4000), default: "")
        deviceClass = input.required("device_class", .oneOf(DeviceClass.self))
        processing = input.optional(
            "processing_mode", .oneOf(Processing.self), default: deviceClass == .gateway ? .gateway : .endpoint)
        dialect = input.optional("dialect", .key(1...100), default: "rookery")
        profile = input.optional("profile", .document(), default: [:])
        metadataSchema = input.optional("metadata_schema", .metadataSchema, default: [:])
        defaultConfiguration = input.optional("default_config", .document(), default: [:])
        thresholds = input.optional("thresholds", .document(), default: [:])
        allowedCommands = input.optional("allowed_commands", .list(.key(1...100), count: 0...200), default: [])
        for fault in ConnectionThresholds.faults(in: thresholds["connection"]) {
            input.fault("thresholds/connection\(fault.subpath)", fault.text)
        }
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("name", name)
        json.field("code", code)
        json.field("description", description)
        json.field("device_class", deviceClass.rawValue)
        json.field("processing_mode", processing.rawValue)
        json.field("dialect", dialect)
        json.field("profile", profile)
        json.field("metadata_schema", metadataSchema)
        json.field("default_config", defaultConfiguration)
        json.field("thresholds", thresholds)
        json.field("allowed_commands", allowedCommands)
    }

    package init(from row: inout RowReader) throws {
        name = try row.next()
        code = try row.next()
        description = try row.next()
        deviceClass = DeviceClass(rawValue: try row.next()) ?? .smartSensor
        processing = Processing(rawValue: try row.next()) ?? .endpoint
        dialect = try row.next()
        profile = try row.next()
        metadataSchema = try row.next()
        defaultConfiguration = try row.next()
        thresholds = try row.next()
        allowedCommands = try row.next()
    }

    package func writeColumns(to row: inout ColumnValues) {
        row.set("name", name)
        row.set("code_key", code)
        row.set("description", description)
        row.set("role", deviceClass.rawValue)
        row.set("processing", processing.rawValue)
        row.set("dialect", dialect)
        row.set("profile", profile)
        row.set("metadata_schema", metadataSchema)
        row.set("default_config", defaultConfiguration)
        row.set("thresholds", thresholds)
        row.set("allowed_commands", allowedCommands)
    }
}

/// Orders of the list of types.
package enum DeviceTypeSort: String, RowSort {
    case name, code
    case createdAt = "created_at"
    package static var standard: DeviceTypeSort { .name }

    package var column: SortColumn<DeviceType> {
        switch self {
        case .name: .text("name collate \"C\"") { $0.fields.name }
        case .code: .text("code_key") { $0.fields.code }
        case .createdAt: Self.unique
        }
    }
}

package struct DeviceTypeFilter: RowFilter {
    package static let parameters = ["name", "code", "device_class"]

    package var name: String?
    package var code: String?
    package var deviceClass: DeviceTypeFields.DeviceClass?

    package init(reading query: InputReader) {
        name = query.optional("name", .text(1...200))
        code = query.optional("code", .text(1...50))
        deviceClass = query.optional("device_class", .oneOf(DeviceTypeFields.DeviceClass.self))
    }

    package var conditions: SQL {
        var sql = SQL.empty
        if let name { sql += " and name = \(name)" }
        if let code { sql += " and code_key = \(code)" }
        if let deviceClass { sql += " and role = \(deviceClass.rawValue)" }
        return sql
    }
}
