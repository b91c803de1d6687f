import JSON

/// Reads an input object member by member and collects every fault, so that the sender learns of all of them at once.
///
/// ```swift
/// let input = InputReader(body)
/// let name = input.required("name", .text(1...200))
/// let site = input.optional("site_id", .id(SiteID.self))
/// try input.finish()                       // throws invalid-input with all faults; refuses unknown members
/// ```
/// After a fault a reading returns the rule's placeholder; it cannot be used, because `finish()` throws.
package final class InputReader {
    /// Where an input comes from: it decides how values are read and how faults are named.
    package enum Origin: Sendable { case body, query }

    private final class Faults { var list: [FieldFault] = [] }

    private let members: JSONObject
    private let path: String
    private let origin: Origin
    private let faults: Faults
    private var read = Set<String>()
    private var nested: [InputReader] = []
    private static let reportedFaults = 100

    /// A reader for a request body, which must be an object.
    package convenience init(_ body: JSONValue) {
        self.init(members: body.object ?? [:], path: "", origin: .body, faults: Faults())
        if body.object == nil { fault("", "must be an object") }
    }

    /// A reader for query parameters: every value is text.
    package convenience init(query: JSONObject) {
        self.init(members: query, path: "", origin: .query, faults: Faults())
    }

    private init(members: JSONObject, path: String, origin: Origin, faults: Faults) {
        self.members = members
        self.path = path
        self.origin = origin
        self.faults = faults
    }

    /// A member that must be there and not null.
    package func required<Value>(_ name: String, _ rule: InputRule<Value>) -> Value {
        guard let value = take(name) else {
            fault(name, "is required")
            return rule.placeholder
        }
        return apply(rule, to: value, name) ?? rule.placeholder
    }

    /// A member that may be absent or null.
    package func optional<Value>(_ name: String, _ rule: InputRule<Value>) -> Value? {
        take(name).flatMap { apply(rule, to: $0, name) }
    }

    package func optional<Value>(_ name: String, _ rule: InputRule<Value>, default standard: Value) -> Value {
        optional(name, rule) ?? standard
    }

    /// A nested object that may be absent or null.
    package func optionalObject<Value>(_ name: String, _ body: (InputReader) -> Value) -> Value? {
        take(name).map { body(child($0, name)) }
    }

    /// A nested object that must be there. `body` runs on an empty one when it is not.
    package func requiredObject<Value>(_ name: String, _ body: (InputReader) -> Value) -> Value {
        guard let value = take(name) else {
            fault(name, "is required")
            return body(child([:], name))
        }
        return body(child(value, name))
    }

    /// A list of objects; absent or null is an empty one.
    package func objects<Value>(_ name: String, count: ClosedRange<Int>, _ body: (InputReader) -> Value) -> [Value] {
        guard let value = take(name) else {
            if count.lowerBound > 0 { fault(name, "is required") }
            return []
        }
        guard let elements = value.array else {
            fault(name, "must be a list")
            return []
        }
        guard count.contains(elements.count) else {
            fault(name, "must have \(count.lowerBound) to \(count.upperBound) entries")
            return []
        }
        return elements.enumerated().map { body(child($1, "\(name)/\($0)")) }
    }

    /// Records a fault that no single rule can see, such as `low` above `high`.
    package func fault(_ name: String, _ detail: String) {
        guard faults.list.count < Self.reportedFaults else { return }
        let pointer = origin == .query ? name : name.isEmpty ? path : "\(path)/\(name)"
        faults.list.append(FieldFault(pointer: pointer, detail: detail))
    }

    /// The names that were sent, in order.
    package var names: [String] { members.names }

    package var hasFaults: Bool { !faults.list.isEmpty }

    /// Ends the reading.
    /// - Throws: ``ServiceError`` `invalid-input` (for a query `invalid-parameter`) with every fault, unknown names included.
    package func finish() throws(ServiceError) {
        refuseUnknown()
        guard !faults.list.isEmpty else { return }
        throw origin == .query ? .invalidParameters(faults.list) : .invalidInput(faults.list)
    }

    private func refuseUnknown() {
        for name in members.names where !read.contains(name) {
            fault(Self.escaped(name), origin == .query ? "is not a parameter of this request" : "is not a known field")
        }
        for reader in nested { reader.refuseUnknown() }
    }

    private func take(_ name: String) -> JSONValue? {
        read.insert(name)
        guard let value = members[name], !value.isNull else { return nil }
        return value
    }

    private func child(_ value: JSONValue, _ name: String) -> InputReader {
        let reader = InputReader(members: value.object ?? [:], path: "\(path)/\(name)", origin: origin, faults: faults)
        if value.object == nil { reader.fault("", "must be an object") }
        nested.append(reader)
        return reader
    }

    private func apply<Value>(_ rule: InputRule<Value>, to value: JSONValue, _ name: String) -> Value? {
        switch rule.read(value, origin) {
        case .success(let result): return result
        case .failure(let refusal):
            for detail in refusal.details { fault(name + detail.subpath, detail.text) }
            return nil
        }
    }

    /// RFC 6901, section 3.
    private static func escaped(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return name }
        var result = ""
        for character in name {
            switch character {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.append(character)
            }
        }
        return result
    }
}
