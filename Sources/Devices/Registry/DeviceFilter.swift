import Foundation
import Kernel
import Persistence
import PostgresClient
import Resources

/// Orders of the list of devices; each has an index of its own.
package enum DeviceSort: String, RowSort {
    case name, status
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case deviceKey = "device_key"
    case serialNumber = "serial_number"
    package static var standard: DeviceSort { .createdAt }
    package static var unique: SortColumn<Device> { .id("d.id") { $0.id } }

    package var column: SortColumn<Device> {
        switch self {
        case .name: .text("d.name_key") { $0.nameKey }
        case .status: .text("d.status") { $0.status.rawValue }
        case .createdAt: Self.unique
        case .updatedAt: .time("d.updated_at") { $0.updatedAt }
        case .deviceKey: .text("d.device_key") { $0.fields.deviceKey ?? "" }
        case .serialNumber: .text("d.serial_number") { $0.fields.serialNumber ?? "" }
        }
    }
}

/// Which devices are wanted (DEV-2): all conditions hold.
package struct DeviceFilter: ListFilter {
    package static let parameters = [
        "device_key", "serial_number", "name", "type_id", "device_class", "model_id", "product_id", "site_id",
        "zone_id",
        "gateway_id", "edge_key", "status", "connection", "hardware_version", "firmware_version", "batch", "factory",
        "manufactured_from", "manufactured_to", "created_from", "created_to", "updated_from", "updated_to", "tag", "q",
        "metadata.*",
    ]
    package static let maximumWords = 8
    package static let maximumTerms = 16

    package var deviceKey: String?
    package var serialNumber: String?
    /// Without regard to case.
    package var name: String?
    package var typeID: DeviceTypeID?
    package var deviceClass: DeviceTypeFields.DeviceClass?
    package var modelID: DeviceModelID?
    package var productID: DeviceProductID?
    package var siteID: SiteID?
    package var zoneID: ZoneID?
    package var gatewayID: DeviceID?
    package var edgeKey: String?
    /// One of these.
    package var statuses: [DeviceStatus]?
    package var connections: [DeviceConnection.State]?
    package var manufactured: TimeRange
    package var created: TimeRange
    package var updated: TimeRange
    /// Field and value, found through ``SearchEntry``; without regard to case, the first 64 bytes count.
    package var terms: [(field: String, text: String)]
    /// Beginnings of words in name, key, serial number or tags.
    package var words: [String]

    /// From, inclusive, to, exclusive.
    package struct TimeRange: Sendable {
        package var from: Timestamp?
        package var to: Timestamp?
        package var isOpen: Bool { from == nil && to == nil }
    }

    package init(reading query: InputReader) {
        deviceKey = query.optional("device_key", .text(1...100))
        serialNumber = query.optional("serial_number", .text(1...100))
        name = query.optional("name", .text(1...200))
        typeID = query.optional("type_id", .id(DeviceTypeID.self))
        deviceClass = query.optional("device_class", .oneOf(DeviceTypeFields.DeviceClass.self))
        modelID = query.optional("model_id", .id(DeviceModelID.self))
        productID = query.optional("product_id", .id(DeviceProductID.self))
        siteID = query.optional("site_id", .id(SiteID.self))
        zoneID = query.optional("zone_id", .id(ZoneID.self))
        gatewayID = query.optional("gateway_id", .id(DeviceID.self))
        edgeKey = query.optional("edge_key", .text(1...200))
        statuses = query.optional("status", .list(.oneOf(DeviceStatus.self), count: 1...7))
        connections = query.optional("connection", .list(.oneOf(DeviceConnection.State.self), count: 1...6))
        manufactured = TimeRange(
            from: query.optional("manufactured_from", .time), to: query.optional("manufactured_to", .time))
        created = TimeRange(from: query.optional("created_from", .time), to: query.optional("created_to", .time))
        updated = TimeRange(from: query.optional("updated_from", .time), to: query.optional("updated_to", .time))
        terms = []
        for column in ["hardware_version", "firmware_version", "batch", "factory"] {
            if let text = query.optional(column, .text(1...200)) { terms.append((field: column, text: text)) }
        }
        for tag in query.optional("tag", .list(.text(1...64), count: 1...10)) ?? [] {
            terms.append((field: "tag", text: tag))
        }
        for parameter in query.names where parameter.hasPrefix("metadata.") {
            guard let text = query.optional(parameter, .text(1...1000)) else { continue }
            terms.append((field: "md." + parameter.dropFirst("metadata.".count), text: text))
        }
        let text = query.optional("q", .text(1...200)) ?? ""
        words = text.split(whereSeparator: \.isWhitespace).map(String.init).filter { !SearchEntry.key($0).isEmpty }
        if words.count > Self.maximumWords { query.fault("q", "must have at most \(Self.maximumWords) words") }
        if terms.count > Self.maximumTerms {
            query.fault("metadata.*", "at most \(Self.maximumTerms) conditions on tags and metadata are possible")
        }
    }

    /// Whether every device of the organization is wanted.
    package var isEmpty: Bool {
        let columns: [Any?] = [
            deviceKey, serialNumber, name, typeID, deviceClass, modelID, productID, siteID, zoneID, gatewayID, edgeKey,
            statuses, connections,
        ]
        return columns.allSatisfy { $0 == nil } && manufactured.isOpen && created.isOpen && updated.isOpen
            && terms.isEmpty
            && words.isEmpty
    }
}
