import Foundation
import JSON
import NIOCore
import Secrets
import Yams

/// The OpenAPI description: `rookery.yaml` and, in the order of their names, the files of the domains beside it, bundled
/// into one JSON document.
package struct OpenAPIDescription: Sendable {
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    package let document: JSONValue
    package let json: ByteBuffer
    package let entityTag: String

    /// - Parameter directory: holds the YAML files.
    /// - Throws: ``Fault`` for what is no YAML, and for a path or component that two files define.
    package init(directory: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".yaml") }
            .sorted()
        let frame = "rookery.yaml"
        guard names.contains(frame) else { throw Fault(description: "\(directory) has no \(frame)") }
        var bundle = try Self.read("\(directory)/\(frame)")
        for name in names where name != frame {
            try Self.merge(try Self.read("\(directory)/\(name)"), into: &bundle, from: name)
        }
        self.init(document: bundle)
    }

    init(document: JSONValue) {
        self.document = document
        let bytes = document.bytes
        json = ByteBuffer(bytes: bytes)
        entityTag = "\"\(SHA256.digest(bytes).hexadecimal.prefix(32))\""
    }

    static func read(_ path: String) throws -> JSONValue {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let node = try Yams.compose(yaml: text) else { return .object([:]) }
        return try value(of: node)
    }

    /// Adds the `paths` and `components` of a domain's file.
    private static func merge(_ part: JSONValue, into bundle: inout JSONValue, from name: String) throws {
        guard var whole = bundle.object, let part = part.object else {
            throw Fault(description: "\(name) is no mapping")
        }
        for (section, value) in part.members {
            switch section {
            case "paths":
                whole["paths"] = .object(
                    try union(whole["paths"]?.object ?? [:], value.object ?? [:], "\(name): paths"))
            case "components":
                var components = whole["components"]?.object ?? [:]
                for (kind, members) in value.object?.members ?? [] {
                    let merged = try union(
                        components[kind]?.object ?? [:], members.object ?? [:], "\(name): components/\(kind)")
                    components[kind] = .object(merged)
                }
                whole["components"] = .object(components)
            case "tags":
                whole["tags"] = .array((whole["tags"]?.array ?? []) + (value.array ?? []))
            case "openapi", "info": continue
            default: throw Fault(description: "\(name): only paths, components and tags belong here, not \(section)")
            }
        }
        bundle = .object(whole)
    }

    private static func union(_ left: JSONObject, _ right: JSONObject, _ place: String) throws -> JSONObject {
        var result = left
        for (name, value) in right.members {
            guard result[name] == nil else { throw Fault(description: "\(place): \(name) is defined twice") }
            result[name] = value
        }
        return result
    }

    /// YAML's core schema; a quoted scalar is text. References to another file of the bundle become references within it.
    private static func value(of node: Node) throws -> JSONValue {
        switch node {
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, member) in mapping {
                guard let name = key.scalar?.string else { throw Fault(description: "a mapping's key is no scalar") }
                guard object[name] == nil else { throw Fault(description: "\(name) occurs twice in a mapping") }
                if name == "$ref", let target = member.scalar?.string, let hash = target.firstIndex(of: "#") {
                    object[name] = .string(String(target[hash...]))
                } else {
                    object[name] = .some(try value(of: member))
                }
            }
            return .object(object)
        case .sequence(let sequence): return .array(try sequence.map(value(of:)))
        case .scalar(let scalar): return Self.value(of: scalar)
        case .alias: throw Fault(description: "aliases are not used here")
        }
    }

    private static func value(of scalar: Node.Scalar) -> JSONValue {
        guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
        switch scalar.string {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .boolean(true)
        case "false", "False", "FALSE": return .boolean(false)
        case let text:
            if let integer = Int64(text) { return .integer(integer) }
            let isNumeric = text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || "+-.eE".utf8.contains($0) }
            if isNumeric, text.utf8.contains(where: { $0 >= 0x30 && $0 <= 0x39 }), let number = Double(text) {
                return .number(number)
            }
            return .string(text)
        }
    }
}
