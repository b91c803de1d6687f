import JSON
import Kernel

extension RouteTable {
    /// Where the routes and their description differ: paths, permissions, parameters, bodies, statuses. Empty when they agree.
    /// Each line says what to do.
    package func differences(from description: OpenAPIDescription) -> [String] {
        var differences: [String] = []
        var described: [String: DescribedOperation] = [:]
        for (path, item) in description.document["paths"]?.object?.members ?? [] {
            let shared = item["parameters"]?.array ?? []
            for (method, operation) in item.object?.members ?? [] where Self.methods.contains(method) {
                described["\(method.uppercased()) \(path)"] = DescribedOperation(
                    operation, sharedParameters: shared, in: description.document)
            }
        }
        for route in routes where route.isDocumented {
            let name = "\(route.method) \(route.path)"
            guard let operation = described.removeValue(forKey: name) else {
                differences.append("\(name): describe it in openapi/")
                continue
            }
            differences += operation.differences(from: route).map { "\(name): \($0)" }
        }
        differences += described.keys.sorted().map { "\($0): is described, but there is no such route" }
        return differences
    }

    private static let methods: Set<String> = ["get", "put", "post", "delete", "patch", "head", "options"]
}

/// What the description says of one operation.
private struct DescribedOperation {
    let permission: String?
    /// `in` and `name` of each parameter.
    let parameters: Set<String>
    let statuses: Set<Int>
    let hasBody: Bool
    let hasOperationID: Bool

    init(_ operation: JSONValue, sharedParameters: [JSONValue], in document: JSONValue) {
        permission = operation["x-permission"]?.string
        let all = (sharedParameters + (operation["parameters"]?.array ?? [])).map { Self.resolve($0, document) }
        parameters = Set(all.map { "\($0["in"]?.string ?? "?") \($0["name"]?.string ?? "?")" })
        statuses = Set((operation["responses"]?.object?.names ?? []).compactMap { Int($0) })
        hasBody = operation["requestBody"] != nil
        hasOperationID = operation["operationId"]?.string?.isEmpty == false
    }

    private static func resolve(_ value: JSONValue, _ document: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.string, reference.hasPrefix("#/") else { return value }
        return reference.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] ?? .null }
    }

    func differences(from route: RouteDescription) -> [String] {
        var found: [String] = []
        if permission != route.access.name {
            found.append("x-permission is '\(permission ?? "missing")', the route says '\(route.access.name)'")
        }
        if !hasOperationID { found.append("operationId is missing") }
        if hasBody != (route.body != .none) {
            found.append(
                hasBody ? "a requestBody is described, the route takes none" : "its requestBody is not described")
        }
        var expected = Set(route.pathParameters.map { "path \($0)" }).union(route.parameters.map { "query \($0)" })
        if route.takesIdempotencyKey { expected.insert("header Idempotency-Key") }
        if route.refuses.contains(.preconditionRequired) { expected.insert("header If-Match") }
        for missing in expected.subtracting(parameters).sorted() {
            found.append("parameter '\(missing)' is not described")
        }
        // Routes do not declare the header fields that they look at.
        let foreign = parameters.subtracting(expected).filter { !$0.hasPrefix("header ") }
        for foreign in foreign.sorted() {
            found.append("parameter '\(foreign)' is described, the route does not take it")
        }
        for missing in route.statuses.subtracting(statuses).sorted() {
            found.append("status \(missing) is not described")
        }
        let optional: Set<Int> = route.method == "GET" ? [304] : []
        for foreign in statuses.subtracting(route.statuses).subtracting(optional).sorted() {
            found.append("status \(foreign) is described, the route never answers it")
        }
        return found
    }
}
