import JSON
import WebAPI

/// A place in the query or body of an operation that takes text, found in the OpenAPI description.
struct DescribedPlace: Hashable, CustomStringConvertible {
    enum Location: Hashable {
        case query(String)
        /// The names on the way; `0` is the first element of a list.
        case body([String])
    }

    let location: Location
    /// Whether it names something: its format is `uuid`, or it says so by `x-identifies`.
    let isReference: Bool

    /// The last name on the way that is no list's.
    var name: String {
        switch location {
        case .query(let name): name
        case .body(let names): names.last { $0 != "0" } ?? ""
        }
    }

    var description: String {
        switch location {
        case .query(let name): "?\(name)"
        case .body(let names): "/" + names.joined(separator: "/")
        }
    }

    /// A target with the text in this place of its query.
    func target(_ target: String, with text: String) -> String {
        guard case .query(let name) = location else { return target }
        // A standard of the fixture gives way.
        let parts = target.split(separator: "?", maxSplits: 1)
        let kept = parts.dropFirst().first.map { $0.split(separator: "&").filter { !$0.hasPrefix("\(name)=") } } ?? []
        let added =
            "\(name)=" + text.replacing(":", with: "%3A").replacing(" ", with: "%20").replacing("@", with: "%40")
        return parts[0] + "?" + (kept.map(String.init) + [added]).joined(separator: "&")
    }

    /// A body with the text in this place.
    func body(_ body: JSONValue?, with text: String) -> JSONValue? {
        guard case .body(let names) = location else { return body }
        return Self.set(names[...], of: body ?? .null, to: .string(text))
    }

    private static func set(_ names: ArraySlice<String>, of value: JSONValue, to leaf: JSONValue) -> JSONValue {
        guard let name = names.first else { return leaf }
        if name == "0" {
            var elements = value.array ?? []
            let first = set(names.dropFirst(), of: elements.first ?? .null, to: leaf)
            if elements.isEmpty { elements = [first] } else { elements[0] = first }
            return .array(elements)
        }
        var object = value.object ?? JSONObject()
        object[name] = set(names.dropFirst(), of: object[name] ?? .null, to: leaf)
        return .object(object)
    }
}

/// Reads from the description where operations take text.
struct DescribedPlaces {
    private let document: JSONValue
    private static let deepest = 8

    init(_ description: OpenAPIDescription) { document = description.document }

    /// Sorted; those that hold one of a few words, a time or a number in text are left out.
    func places(of route: RouteDescription) -> [DescribedPlace] {
        guard let item = document["paths"]?[route.path], let operation = item[route.method.lowercased()] else {
            return []
        }
        var found = Set<DescribedPlace>()
        for parameter in (item["parameters"]?.array ?? []) + (operation["parameters"]?.array ?? []) {
            let parameter = resolve(parameter)
            guard parameter["in"] == "query", let name = parameter["name"]?.string, name != "cursor" else { continue }
            collect(parameter["schema"] ?? .null, into: &found) { _ in .query(name) }
        }
        for (_, content) in resolve(operation["requestBody"] ?? .null)["content"]?.object?.members ?? [] {
            collect(content["schema"] ?? .null, into: &found) { .body($0) }
        }
        return found.sorted { $0.description < $1.description }
    }

    /// The words that a query parameter may be, such as the orders of a list.
    func choices(of parameter: String, _ route: RouteDescription) -> [String] {
        let item = document["paths"]?[route.path]
        let operation = item?[route.method.lowercased()]
        let all = (item?["parameters"]?.array ?? []) + (operation?["parameters"]?.array ?? [])
        let schema = resolve(all.map(resolve).first { $0["name"]?.string == parameter }?["schema"] ?? .null)
        // One word, or a list of them.
        let words = schema["enum"] ?? resolve(schema["items"] ?? .null)["enum"]
        return words?.array?.compactMap(\.string) ?? []
    }

    /// Operations whose body is described as an object without saying of what: nobody could see what it refers to.
    func isOpaque(_ route: RouteDescription) -> Bool {
        let operation = document["paths"]?[route.path]?[route.method.lowercased()]
        return resolve(operation?["requestBody"] ?? .null)["content"]?.object?.members.contains { _, content in
            let schema = resolve(content["schema"] ?? .null)
            return schema["type"] == "object" && schema["properties"] == nil && schema["additionalProperties"] == true
        } ?? false
    }

    private func resolve(_ value: JSONValue) -> JSONValue {
        guard let reference = value["$ref"]?.string, reference.hasPrefix("#/") else { return value }
        return resolve(reference.dropFirst(2).split(separator: "/").reduce(document) { $0[String($1)] ?? .null })
    }

    private func collect(
        _ schema: JSONValue, at names: [String] = [], into found: inout Set<DescribedPlace>,
        _ location: ([String]) -> DescribedPlace.Location
    ) {
        guard names.count <= Self.deepest else { return }
        let schema = resolve(schema)
        let types = schema["type"]?.array ?? (schema["type"].map { [$0] } ?? [])
        let isReference = schema["format"] == "uuid" || schema["x-identifies"] != nil
        let isFree = types.contains("string") && schema["enum"] == nil && schema["format"] == nil
        if isReference || isFree {
            found.insert(DescribedPlace(location: location(names), isReference: isReference))
        }
        for word in ["anyOf", "oneOf", "allOf"] {
            for part in schema[word]?.array ?? [] { collect(part, at: names, into: &found, location) }
        }
        for (name, property) in schema["properties"]?.object?.members ?? [] {
            collect(property, at: names + [name], into: &found, location)
        }
        if let items = schema["items"], items.object != nil {
            collect(items, at: names + ["0"], into: &found, location)
        }
    }
}
