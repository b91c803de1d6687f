internal import Audit
package import JSON
package import Kernel
package import PostgresClient

/// A kind of device in the organization's own words, and how its messages are processed (DEV-6). Five are there from the
/// beginning: milk_meter, environmental_sensor, rfid_reader, wearable, gateway.
package struct DeviceType: Sendable {
    package let id: DeviceTypeID
    package let fields: DeviceTypeFields
    package let version: Int
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
}

package struct DeviceTypeFields: EditableFields {
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

    init(
        name: String, code: String, description: String, deviceClass: DeviceClass, processing: Processing,
        dialect: String,
        profile: JSONValue, metadataSchema: JSONValue, defaultConfiguration: JSONValue, thresholds: JSONValue,
        allowedCommands: [String]
    ) {
        self.name = name
        self.code = code
        self.description = description
        self.deviceClass = deviceClass
        self.processing = processing
        self.dialect = dialect
        self.profile = profile
        self.metadataSchema = metadataSchema
        self.defaultConfiguration = defaultConfiguration
        self.thresholds = thresholds
        self.allowedCommands = allowedCommands
    }

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
}

/// Orders of the list of types.
package enum DeviceTypeSort: String, ListSort {
    case name, code
    case createdAt = "created_at"
    package static var standard: DeviceTypeSort { .name }
}

package struct DeviceTypeFilter: Sendable {
    package var name: String?
    package var code: String?
    package var deviceClass: DeviceTypeFields.DeviceClass?

    package init(reading input: InputReader) {
        name = input.optional("name", .text(1...200))
        code = input.optional("code", .text(1...50))
        deviceClass = input.optional("device_class", .oneOf(DeviceTypeFields.DeviceClass.self))
    }
}

extension DeviceType: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        fields = DeviceTypeFields(
            name: try row.next(), code: try row.next(), description: try row.next(),
            deviceClass: DeviceTypeFields.DeviceClass(rawValue: try row.next()) ?? .smartSensor,
            processing: DeviceTypeFields.Processing(rawValue: try row.next()) ?? .endpoint, dialect: try row.next(),
            profile: try row.next(), metadataSchema: try row.next(), defaultConfiguration: try row.next(),
            thresholds: try row.next(), allowedCommands: try row.next())
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}
