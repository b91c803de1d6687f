import JSON
import Kernel

/// The subset of JSON Schema (2020-12) that describes metadata and command parameters.
///
/// Checked: `type` (one name or a list), `properties`, `required`, `additionalProperties` (true or false), `items` (one
/// schema), `enum`, `const`, `minimum`, `maximum`, `minLength`, `maxLength`, `minItems`, `maxItems`. Kept as notes: `title`,
/// `description`, `default`, `examples`, `format`. Any other keyword is refused by name, because a rule that is silently
/// ignored protects nobody. There are no patterns: a regular expression of a tenant could stop the server.
package enum MetadataSchema {
    private static let typeNames = ["object", "array", "string", "number", "integer", "boolean", "null"]
    private static let notes: Set<String> = ["title", "description", "default", "examples", "format"]
    package typealias Fault = (subpath: String, text: String)

    /// What is wrong with a schema.
    package static func faults(in schema: JSONValue, at path: String = "") -> [Fault] {
        guard let object = schema.object else { return [(path, "must be an object")] }
        var faults: [Fault] = []
        for (keyword, value) in object.members {
            let place = "\(path)/\(keyword)"
            switch keyword {
            case "type":
                let names = value.array ?? [value]
                let areKnown = names.allSatisfy { $0.string.map(typeNames.contains) ?? false }
                if names.isEmpty || !areKnown {
                    faults.append((place, "must be one or a list of \(typeNames.joined(separator: ", "))"))
                }
            case "properties":
                guard let properties = value.object else { faults.append((place, "must be an object")); continue }
                for (name, property) in properties.members {
                    faults += Self.faults(in: property, at: "\(place)/\(name)")
                }
            case "required":
                let isList = value.array?.allSatisfy { $0.string != nil } ?? false
                if !isList { faults.append((place, "must be a list of names")) }
            case "additionalProperties":
                if value.boolean == nil { faults.append((place, "must be true or false")) }
            case "items": faults += Self.faults(in: value, at: place)
            case "enum":
                if value.array?.isEmpty ?? true { faults.append((place, "must be a list of values")) }
            case "const": break
            case "minimum", "maximum":
                if value.number == nil { faults.append((place, "must be a number")) }
            case "minLength", "maxLength", "minItems", "maxItems":
                if value.integer.map({ $0 < 0 }) ?? true { faults.append((place, "must be a whole number from 0")) }
            default:
                if !notes.contains(keyword) { faults.append((place, "is a keyword that is not supported")) }
            }
        }
        return faults
    }

    /// Where a value does not obey a schema that has no faults.
    package static func violations(of value: JSONValue, _ schema: JSONValue, at path: String = "") -> [Fault] {
        guard let object = schema.object, !object.isEmpty else { return [] }
        if let types = object["type"] {
            let names = (types.array ?? [types]).compactMap(\.string)
            guard names.contains(where: { has(value, type: $0) }) else {
                return [(path, "must be \(names.joined(separator: " or "))")]
            }
        }
        var faults: [Fault] = []
        if let allowed = object["enum"]?.array, !allowed.contains(where: { isEqual($0, value) }) {
            faults.append((path, "must be one of \(allowed.map(\.text).joined(separator: ", "))"))
        }
        if let only = object["const"], !isEqual(only, value) { faults.append((path, "must be \(only.text)")) }
        switch value {
        case .integer, .number: faults += numberViolations(value.number ?? 0, object, path)
        case .string(let text):
            faults += countViolations(text.unicodeScalars.count, "Length", "characters", object, path)
        case .array(let elements):
            faults += countViolations(elements.count, "Items", "entries", object, path)
            if let items = object["items"] {
                for (index, element) in elements.enumerated() {
                    faults += violations(of: element, items, at: "\(path)/\(index)")
                }
            }
        case .object(let members): faults += memberViolations(members, object, path)
        default: break
        }
        return faults
    }

    private static func memberViolations(_ members: JSONObject, _ schema: JSONObject, _ path: String) -> [Fault] {
        var faults: [Fault] = []
        let properties = schema["properties"]?.object ?? [:]
        for (name, value) in members.members {
            if let property = properties[name] {
                faults += violations(of: value, property, at: "\(path)/\(name)")
            } else if schema["additionalProperties"]?.boolean == false {
                faults.append(("\(path)/\(name)", "is not a known field"))
            }
        }
        for name in (schema["required"]?.array ?? []).compactMap(\.string) where members[name] == nil {
            faults.append(("\(path)/\(name)", "is required"))
        }
        return faults
    }

    private static func numberViolations(_ number: Double, _ schema: JSONObject, _ path: String) -> [Fault] {
        var faults: [Fault] = []
        if let low = schema["minimum"], let limit = low.number, number < limit {
            faults.append((path, "must be at least \(low.text)"))
        }
        if let high = schema["maximum"], let limit = high.number, number > limit {
            faults.append((path, "must be at most \(high.text)"))
        }
        return faults
    }

    private static func countViolations(
        _ count: Int, _ keyword: String, _ what: String, _ schema: JSONObject, _ path: String
    ) -> [Fault] {
        var faults: [Fault] = []
        if let low = schema["min\(keyword)"]?.integer, count < low {
            faults.append((path, "must have at least \(low) \(what)"))
        }
        if let high = schema["max\(keyword)"]?.integer, count > high {
            faults.append((path, "must have at most \(high) \(what)"))
        }
        return faults
    }

    private static func has(_ value: JSONValue, type: String) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .boolean), ("null", .null): true
        case ("number", .integer), ("number", .number): true
        case ("integer", _): value.integer != nil
        default: false
        }
    }

    /// 1 and 1.0 are the same number.
    private static func isEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        left == right || (left.number != nil && left.number == right.number)
    }
}

extension InputRule where Value == JSONValue {
    /// A schema in the subset of ``MetadataSchema``, for an object.
    package static var metadataSchema: InputRule {
        InputRule(placeholder: [:]) { value, _ in
            guard value.bytes.count <= 65_536 else {
                return .failure(InputRefusal("must have at most 65536 bytes as JSON"))
            }
            let faults = MetadataSchema.faults(in: value)
            return faults.isEmpty ? .success(value) : .failure(InputRefusal(faults))
        }
    }
}
