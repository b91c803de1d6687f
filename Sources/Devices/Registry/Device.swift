import JSON
import Kernel
import Persistence
import PostgresClient
import Resources

/// A device of the registry (DEV-1).
package struct Device: Resource {
    package typealias Parent = NoParent
    package typealias Sort = DeviceSort
    package typealias Filter = DeviceFilter

    package let id: DeviceID
    package let source: SourceNumber
    package let fields: DeviceFields
    package let status: DeviceStatus
    package let activatedAt: Timestamp?
    package let connection: DeviceConnection
    package let revision: Revision
    /// The name as lists are ordered by it.
    let nameKey: String

    package static let names = ResourceNames("device", audited: "device", remembered: .device)

    package func writeState(to json: inout JSONWriter) {
        json.field("status", status.rawValue)
        json.field("connection", connection.state.rawValue)
        json.field("last_seen_at", connection.lastSeen)
        json.field("activated_at", activatedAt)
    }
}

package struct DeviceFields: StoredFields {
    /// The organization's own name for it in topics and URLs, unique among its devices. Not given: the serial number, or
    /// what it is already.
    package var deviceKey: String?
    /// Unique among its devices. Not given: the next number by the organization's pattern, or what it is already.
    package var serialNumber: String?
    package var name: String
    package var typeID: DeviceTypeID
    package var modelID: DeviceModelID?
    package var productID: DeviceProductID?
    package var siteID: SiteID?
    package var zoneID: ZoneID?
    /// The gateway that it speaks through, and that gateway's name for it.
    package var gatewayID: DeviceID?
    package var edgeKey: String?
    package var hardwareVersion: String?
    package var firmwareVersion: String?
    package var manufacturedAt: Timestamp?
    package var batch: String?
    package var factory: String?
    package var tags: [String]
    package var metadata: JSONValue

    package init(reading input: InputReader) {
        deviceKey = input.optional("device_key", .key(1...100))
        serialNumber = input.optional("serial_number", .key(1...100))
        name = input.required("name", .name())
        typeID = input.required("type_id", .id(DeviceTypeID.self))
        modelID = input.optional("model_id", .id(DeviceModelID.self))
        productID = input.optional("product_id", .id(DeviceProductID.self))
        siteID = input.optional("site_id", .id(SiteID.self))
        zoneID = input.optional("zone_id", .id(ZoneID.self))
        gatewayID = input.optional("gateway_id", .id(DeviceID.self))
        edgeKey = input.optional("edge_key", .name())
        hardwareVersion = input.optional("hardware_version", .name(1...50))
        firmwareVersion = input.optional("firmware_version", .name(1...50))
        manufacturedAt = input.optional("manufactured_at", .time)
        batch = input.optional("batch", .name(1...100))
        factory = input.optional("factory", .name())
        tags = input.optional("tags", .list(.name(1...64), count: 0...50), default: [])
        metadata = input.optional("metadata", .document(), default: [:])
        if Set(tags).count != tags.count { input.fault("tags", "must not name anything twice") }
        if zoneID != nil, siteID == nil { input.fault("zone_id", "needs the site_id of its site") }
        if edgeKey != nil, gatewayID == nil { input.fault("edge_key", "needs a gateway_id") }
    }

    package func writeMembers(to json: inout JSONWriter) {
        json.field("device_key", deviceKey)
        json.field("serial_number", serialNumber)
        json.field("name", name)
        json.field("type_id", typeID)
        json.field("model_id", modelID)
        json.field("product_id", productID)
        json.field("site_id", siteID)
        json.field("zone_id", zoneID)
        json.field("gateway_id", gatewayID)
        json.field("edge_key", edgeKey)
        json.field("hardware_version", hardwareVersion)
        json.field("firmware_version", firmwareVersion)
        json.field("manufactured_at", manufacturedAt)
        json.field("batch", batch)
        json.field("factory", factory)
        json.field("tags", tags)
        json.field("metadata", metadata)
    }

    package init(from row: inout RowReader) throws {
        deviceKey = try row.next()
        serialNumber = try row.next()
        name = try row.next()
        typeID = try row.next()
        modelID = try row.next()
        productID = try row.next()
        siteID = try row.next()
        zoneID = try row.next()
        gatewayID = try row.next()
        edgeKey = try row.next()
        hardwareVersion = try row.next()
        firmwareVersion = try row.next()
        manufacturedAt = try row.next()
        batch = try row.next()
        factory = try row.next()
        tags = try row.next()
        metadata = try row.next()
    }

    package func writeColumns(to row: inout ColumnValues) {
        row.set("device_key", deviceKey)
        row.set("serial_number", serialNumber)
        row.set("name", name)
        row.set("type_id", typeID)
        row.set("model_id", modelID)
        row.set("product_id", productID)
        row.set("site_id", siteID)
        row.set("zone_id", zoneID)
        row.set("gateway_id", gatewayID)
        row.set("edge_key", edgeKey)
        row.set("hardware_version", hardwareVersion)
        row.set("firmware_version", firmwareVersion)
        row.set("manufactured_at", manufacturedAt)
        row.set("batch", batch)
        row.set("factory", factory)
        row.set("tags", tags)
        row.set("metadata", metadata)
    }
}

/// What is said when a device is registered.
package struct NewDevice: Sendable {
    package var fields: DeviceFields
    package var status: DeviceStatus

    private enum First: String, CaseIterable { case manufactured, provisioned, registered, active }

    init(fields: DeviceFields, status: DeviceStatus) { (self.fields, self.status) = (fields, status) }

    package init(reading input: InputReader) {
        fields = DeviceFields(reading: input)
        let first = input.optional("status", .oneOf(First.self), default: .registered)
        status = DeviceStatus(rawValue: first.rawValue) ?? .registered
    }
}

extension Device: RowDecodable {
    package init(from row: inout RowReader) throws {
        id = try row.next()
        source = SourceNumber(rawValue: try row.next())
        fields = try DeviceFields(from: &row)
        status = DeviceStatus(rawValue: try row.next()) ?? .suspended
        activatedAt = try row.next()
        revision = try Revision(from: &row)
        nameKey = try row.next()
        connection = try DeviceConnection.read(from: &row).connection
    }
}
