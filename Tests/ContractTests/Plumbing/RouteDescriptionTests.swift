import JSON
import Kernel
import Tenancy
import Testing

@testable import WebAPI

@Suite("Routes and their description")
struct RouteDescriptionTests {
    static let route = RouteDescription(
        method: "POST", path: "/api/v1/sites/{id}/zones", access: .permission(.sitesWrite), parameters: ["dry_run"],
        body: .json,
        answers: [201], refuses: [.alreadyExists], takesIdempotencyKey: true,
        isRateLimited: true,
        isDocumented: true)

    /// A description of ``route`` that agrees with it, changed by `change`.
    static func differences(_ change: (inout JSONObject) -> Void = { _ in }) -> [String] {
        let responses = route.statuses.map { (String($0), JSONValue.object(["description": "x"])) }
        var operation: JSONObject = [
            "operationId": "createZone", "x-permission": "sites:write", "requestBody": [:],
            "parameters": [
                ["in": "path", "name": "id"], ["in": "query", "name": "dry_run"],
                ["$ref": "#/components/parameters/Key"],
            ],
            "responses": .object(JSONObject(uniqueMembers: responses)),
        ]
        change(&operation)
        let description = OpenAPIDescription(document: [
            "paths": ["/api/v1/sites/{id}/zones": ["post": .object(operation)]],
            "components": ["parameters": ["Key": ["in": "header", "name": "Idempotency-Key"]]],
        ])
        return RouteTable(routes: [route]).differences(from: description)
    }

    @Test("statuses follow from the kind of a route")
    func statuses() {
        #expect(Self.route.statuses == [201, 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503])
        #expect(Self.route.pathParameters == ["id"])
    }

    @Test("a description that agrees has no differences")
    func agreement() { #expect(Self.differences() == []) }

    @Test("a difference in path, permission, parameter, body or status is found")
    func disagreement() {
        #expect(Self.differences { $0["x-permission"] = "sites:read" }.count == 1)
        #expect(Self.differences { $0["x-permission"] = nil }.count == 1)
        #expect(Self.differences { $0["requestBody"] = nil }.count == 1)
        #expect(Self.differences { $0["parameters"] = [] }.count == 3)
        #expect(Self.differences { $0["responses"] = [:] }.count == Self.route.statuses.count)
        let undescribed = RouteTable(routes: [Self.route]).differences(from: OpenAPIDescription(document: [:]))
        #expect(undescribed.count == 1)
        let foreign = OpenAPIDescription(document: ["paths": ["/x": ["get": [:], "parameters": []]]])
        #expect(
            RouteTable(routes: []).differences(from: foreign) == ["GET /x: is described, but there is no such route"])
    }
}
