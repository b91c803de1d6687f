import JSON

extension Value: JSONWritable {
    /// Functions become the empty string and what is no value becomes null, as JSON has no other words for them.
    package func write(to json: inout JSONWriter) {
        switch self {
        case .undefined, .null, .tuples: json.null()
        case .boolean(let value): json.value(value)
        case .number(let value): json.number(value)
        case .string(let value): json.value(value)
        case .function: json.value("")
        case .array, .documentArray:
            json.array { json in for element in items { json.value(element) } }
        case .object, .documentObject:
            json.object { json in for member in members { json.field(named: member.name, member.value) } }
        }
    }

    /// The value without functions, as ``JSONValue``; nil for ``undefined``.
    package var json: JSONValue? {
        switch self {
        case .undefined, .tuples: return nil
        case .null: return .null
        case .boolean(let value): return .boolean(value)
        case .number(let value): return .number(value)
        case .string(let value): return .string(value)
        case .function: return .string("")
        case .array, .documentArray: return .array(items.map { $0.json ?? .null })
        case .object, .documentObject:
            return .object(JSONObject(uniqueMembers: members.map { ($0.name, $0.value.json ?? .null) }))
        }
    }
}
