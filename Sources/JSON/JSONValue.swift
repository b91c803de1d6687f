/// A JSON document as a value: for what is free in form (metadata, settings, rule definitions).
package enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Parses a whole text. Duplicate member names are refused, because two readers would disagree on which counts.
    package init(parsing bytes: some Collection<UInt8>) throws {
        let parsed = try bytes.withContiguousStorageIfAvailable { buffer in
            try JSONParser.withPooled { try $0.parse(UnsafeRawBufferPointer(buffer), JSONValue.init(view:)) }
        }
        if let parsed { self = parsed } else { self = try JSONValue(parsing: Array(bytes)) }
    }

    package init(parsing text: String) throws { self = try JSONValue(parsing: Array(text.utf8)) }

    /// Copies a view into a value.
    package init(view: JSONView) throws {
        switch view.kind {
        case .null: self = .null
        case .boolean: self = .boolean(view.boolean ?? false)
        case .integer:
            if let integer = view.integer { self = .integer(integer) } else { self = .number(view.number ?? 0) }
        case .number: self = .number(view.number ?? 0)
        case .string: self = .string(view.string ?? "")
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(view.count)
            try view.forEachElement { elements.append(try JSONValue(view: $0)) }
            self = .array(elements)
        case .object:
            var members: [(String, JSONValue)] = []
            members.reserveCapacity(view.count)
            var names = Set<String>()
            try view.forEachMember { name, member in
                let name = String(decoding: name, as: UTF8.self)
                guard names.insert(name).inserted else { throw JSONError("the member \"\(name)\" occurs twice") }
                members.append((name, try JSONValue(view: member)))
            }
            self = .object(JSONObject(uniqueMembers: members))
        }
    }

    /// The text without insignificant white space.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }
}

extension JSONValue {
    package var isNull: Bool { self == .null }

    package var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

    package var string: String? { if case .string(let value) = self { value } else { nil } }

    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        default: nil
        }
    }

    package var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The member of that name, or nil when this is no object or has none.
    package subscript(_ name: String) -> JSONValue? { object?[name] }

    /// Applies a JSON merge patch (RFC 7396).
    package func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = object ?? JSONObject()
        for (name, change) in changes.members {
            result[name] = change.isNull ? nil : (result[name] ?? .null).merging(change)
        }
        return .object(result)
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(uniqueMembers: elements))
    }
}
