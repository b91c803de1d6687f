import JSON
import Kernel
import Logging
import PostgresClient
import TestStorage
import TestSupport
import Testing

/// The ids of what ``WallFixtures`` makes: two of each, so that every list has a second page.
struct WallParts: Sendable {
    var sites: [String] = []
    var zones: [String] = []
    var models: [String] = []
    var datapoints: [String] = []
    var commands: [String] = []
    var types: [String] = []
    var rules: [String] = []
    var alarms: [String] = []
    var credentials: [String] = []
    var keys: [String] = []
    var children: [String] = []
    var gateway = ""
    var product = ""
    var person = ""
    var session = ""
    let device: TestDevice

    /// Everything but the children's tree.
    var all: [String] {
        [device.id, gateway, product, person, session]
            + [sites, zones, models, datapoints, commands, types, rules, alarms, credentials, keys].flatMap { $0 }
    }

    /// By the names that paths give them.
    func named(_ organization: TestOrganization) -> [String: String] {
        [
            "organizations": organization.id, "sites": sites[0], "zone_id": zones[0], "device-models": models[0],
            "datapoint_id": datapoints[0], "command_id": commands[0], "devices": device.id, "device": device.id,
            "credential_id": credentials[0], "alarm-rules": rules[0], "alarms": alarms[0], "device-types": types[0],
            "api-keys": keys[0], "users": person, "user": person, "sessions": session, "type": "device",
            "resource": device.id, "tiers": "free",
        ]
    }

    static func rule(_ name: String, _ model: String, _ datapoint: String = "temperature") -> JSONValue {
        [
            "name": .string(name), "scope": "model", "scope_id": .string(model), "datapoint": .string(datapoint),
            "condition": ["operator": "gt", "value": 30],
        ]
    }

    static func make(_ organization: TestOrganization) async throws -> WallParts {
        let (admin, canary) = (organization.admin, organization.name)
        func made(_ path: String, _ body: JSONValue) async throws -> String {
            try await admin.post(path, body).expect(201).json["id"]?.string ?? ""
        }
        func name(_ kind: String, _ number: Int) -> JSONValue {
            .string(number == 0 ? "\(kind) \(canary)" : "\(kind) \(canary) \(number)")
        }
        let site = try await made("/sites", ["name": name("Site", 0), "code": .string(canary)])
        let zone = try await made("/sites/\(site)/zones", ["name": name("Zone", 0), "kind": "barn"])
        let model = try await made("/device-models", ["name": name("Model", 0)])
        let type = try await made("/device-types", type(name("Type", 0), "C0"))
        let builtIn = try await admin.get("/device-types?limit=100").expect(200).items
        let gatewayType = builtIn.first { $0["name"] == "gateway" }?["id"] ?? .null
        let gateway = try await organization.device([
            "name": name("Gateway", 0), "type_id": gatewayType, "site_id": .string(site),
        ]).id
        let product = try await product(organization, model)
        let device = try await organization.device([
            "name": name("Device", 0), "serial_number": .string("S-\(canary)"), "type_id": .string(type),
            "model_id": .string(model), "product_id": .string(product), "site_id": .string(site),
            "zone_id": .string(zone), "gateway_id": .string(gateway), "tags": [.string("tag-\(canary)")],
            "metadata": ["place": .string(canary)],
        ])
        var parts = WallParts(device: device)
        (parts.gateway, parts.product) = (gateway, product)
        (parts.sites, parts.zones, parts.models, parts.types) = ([site], [zone], [model], [type])
        parts.sites.append(try await made("/sites", ["name": name("Site", 1)]))
        parts.zones.append(try await made("/sites/\(site)/zones", ["name": name("Zone", 1), "kind": "barn"]))
        parts.zones.append(
            try await made(
                "/sites/\(site)/zones",
                ["name": name("Zone", 2), "kind": "stall", "parent_id": .string(parts.zones[1])]))
        parts.models.append(try await made("/device-models", ["name": name("Model", 1)]))
        parts.types.append(try await made("/device-types", Self.type(name("Type", 1), "C1")))
        for number in 0..<2 {
            parts.datapoints.append(
                try await made("/device-models/\(model)/datapoints", ["key": .string("datapoint-\(number)")]))
            parts.commands.append(
                try await made("/device-models/\(model)/commands", ["name": .string("command-\(number)")]))
            parts.credentials.append(try await made("/devices/\(device.id)/credentials", [:]))
            parts.keys.append(try await made("/api-keys", ["name": name("Key", number), "scopes": ["devices:read"]]))
            try await admin.post(
                "/devices/\(device.id)/events",
                [
                    "type": "state_change", "title": name("Event", number),
                    "correlation_key": .string("correlation-\(canary)"),
                ]
            ).expect(201)
            parts.children.append(
                try await made(
                    "/organizations", ["slug": .string("\(canary)-\(number)"), "name": name("Child", number)]))
        }
        try await admin.patch("/devices/\(device.id)", ["batch": .string(canary)]).expect(200)
        try await parts.raiseAlarms(organization, model)
        parts.person = try await admin.get("/auth/me").expect(200).json["id"]?.string ?? ""
        _ = try await organization.member("viewer")
        parts.session = try await admin.get("/auth/sessions").expect(200).items.first?["id"]?.string ?? ""
        return parts
    }

    /// Four rules and their alarms: two that stay open, two that are cleared; and comments on the first.
    private mutating func raiseAlarms(_ organization: TestOrganization, _ model: String) async throws {
        let admin = organization.admin
        for number in 0..<4 {
            let name = number == 0 ? "Rule \(organization.name)" : "Rule \(organization.name) \(number)"
            let made = try await admin.post("/alarm-rules", Self.rule(name, model)).expect(201)
            rules.append(made.json["id"]?.string ?? "")
        }
        for value in [98, 99] {
            try await device.client.post(
                "/devices/me/telemetry", ["values": ["temperature": .integer(Int64(value))]]
            ).expect(200)
        }
        for rule in rules {
            let found = try await admin.get("/alarms?rule_id=\(rule)").expect(200).items
            alarms.append(found.first?["id"]?.string ?? "")
        }
        for alarm in alarms.dropFirst(2) { try await admin.post("/alarms/\(alarm)/clear", [:]).expect(200) }
        for text in ["Seen by \(organization.name)", "Looked after by \(organization.name)"] {
            try await admin.post("/alarms/\(alarms[0])/comments", ["body": .string(text)]).expect(201)
        }
    }

    private static func type(_ name: JSONValue, _ code: String) -> JSONValue {
        ["name": name, "code": .string(code), "device_class": "smart_sensor"]
    }

    /// Products have no routes yet; devices refer to them all the same.
    private static func product(_ organization: TestOrganization, _ model: String) async throws -> String {
        let console = try await PostgresConsole.open(
            organization.platform.database.configuration.signedIn(
                as: "rookery_api", password: TestDatabase.rolePassword), logger: Logger(label: "test"))
        defer { console.close() }
        try await console.run(
            script: "begin; select set_config('app.organization_id', '\(organization.id)', true)")
        let made = try await console.query(
            """
            insert into app.device_products (organization_id, model_id, name, sku_key)
            values (\(organization.id)::text::uuid, \(model)::text::uuid, \("Product " + organization.name), \(organization.name))
            returning id::text
            """
        ).map { (row: inout RowReader) throws -> String in try row.next() }
        try await console.run(script: "commit")
        return made.first ?? ""
    }
}
