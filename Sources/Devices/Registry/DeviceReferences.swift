import JSON
import Kernel
import Persistence
import PostgresClient

/// What a device refers to, read in one statement so that every wrong reference is named at once.
struct DeviceReferences: Sendable {
    let typeCode: String?
    let typeSchema: JSONValue?
    let modelSchema: JSONValue?
    let modelOfProduct: DeviceModelID?
    let hasSite: Bool
    let siteOfZone: SiteID?
    let classOfGateway: String?

    static func find(_ tx: borrowing TenantTransaction, _ fields: DeviceFields) async throws -> DeviceReferences {
        let sql: SQL = """
            select t.code_key, t.metadata_schema, m.metadata_schema, p.model_id, s.id is not null, z.site_id, gt.role
            from (values (1)) as one (n)
            left join app.device_types t on t.id = \(fields.typeID)
            left join app.device_models m on m.id = \(fields.modelID)
            left join app.device_products p on p.id = \(fields.productID)
            left join app.sites s on s.id = \(fields.siteID)
            left join app.zones z on z.id = \(fields.zoneID)
            left join app.devices g on g.id = \(fields.gatewayID) and g.deleted_at is null
            left join app.device_types gt on gt.id = g.type_id /* devices.references */
            """
        let found = try await tx.first(sql) { row in
            DeviceReferences(
                typeCode: try row.next(), typeSchema: try row.next(), modelSchema: try row.next(),
                modelOfProduct: try row.next(), hasSite: try row.next(), siteOfZone: try row.next(),
                classOfGateway: try row.next())
        }
        guard let found else { throw ServiceError(.internalError, "A query without a table answered no row.") }
        return found
    }

    /// Every reference that does not hold, and every member of the metadata that a schema refuses.
    func faults(of fields: DeviceFields) -> [FieldFault] {
        var faults: [FieldFault] = []
        func require(_ holds: Bool, _ pointer: String, _ detail: String) {
            if !holds { faults.append(FieldFault(pointer: pointer, detail: detail)) }
        }
        require(typeCode != nil, "/type_id", "is no device type of the organization")
        require(fields.modelID == nil || modelSchema != nil, "/model_id", "is no device model of the organization")
        require(fields.productID == nil || modelOfProduct != nil, "/product_id", "is no product of the organization")
        if let model = fields.modelID, let made = modelOfProduct, fields.productID != nil {
            require(made == model, "/product_id", "is not of this model")
        }
        require(fields.siteID == nil || hasSite, "/site_id", "is no site of the organization")
        if fields.zoneID != nil {
            require(siteOfZone != nil && siteOfZone == fields.siteID, "/zone_id", "is no zone of the site")
        }
        require(fields.gatewayID == nil || classOfGateway != nil, "/gateway_id", "is no device of the organization")
        require(classOfGateway == nil || classOfGateway == "gateway", "/gateway_id", "is no gateway")
        for schema in [typeSchema, modelSchema].compactMap(\.self) {
            for violation in MetadataSchema.violations(of: fields.metadata, schema) {
                let fault = FieldFault(pointer: "/metadata\(violation.subpath)", detail: violation.text)
                if !faults.contains(fault) { faults.append(fault) }
            }
        }
        return faults
    }
}
