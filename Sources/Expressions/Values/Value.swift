import JSON

/// A value of an expression: what JSON knows, and functions.
///
/// Arrays and objects come in two forms: those of a ``JSONDocument`` are read in place on its tape, those that an
/// expression made are kept in memory. Both are read through the same properties; who needs the difference asks for the
/// case. Objects keep the order of their members; numbers are doubles.
package enum Value: Sendable {
    /// No value: what a path finds that leads nowhere.
    case undefined
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array(List)
    case object(ObjectValue)
    case documentArray(DocumentNode)
    case documentObject(DocumentNode)
    case function(Function)
    /// Items of a path with what was bound on the way to each; it never leaves the path's evaluation.
    case tuples(TupleStream)

    /// The root of a document.
    package init(_ document: JSONDocument) {
        self = DocumentNode(tape: Tape(document), index: Int32(JSONDocument.rootIndex)).value
    }

    /// Copies a JSON value.
    package init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .number(Double(value))
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .array(List(elements.map { Value($0) }))
        case .object(let object):
            self = .object(ObjectValue(uniqueMembers: object.members.map { ($0.name, Value($0.value)) }))
        }
    }
}

extension Value {
    package var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// Whether this is an array, of a document or made by an expression.
    var isArray: Bool {
        switch self {
        case .array, .documentArray: true
        default: false
        }
    }

    var isEmptyArray: Bool {
        switch self {
        case .array(let list): list.count == 0
        case .documentArray(let node): node.firstIndex == node.lastIndex
        default: false
        }
    }

    var isSequence: Bool { if case .array(let list) = self { list.flags.contains(.sequence) } else { false } }

    var isObject: Bool {
        switch self {
        case .object, .documentObject: true
        default: false
        }
    }

    var isFunction: Bool { if case .function = self { true } else { false } }

    /// The elements of an array; of anything else the value alone, and nothing of ``undefined``.
    var items: [Value] {
        switch self {
        case .array(let list): list.elements
        case .documentArray(let node): node.elements
        case .undefined: []
        default: [self]
        }
    }

    /// The elements, or nil when this is no array.
    var elements: [Value]? {
        switch self {
        case .array(let list): list.elements
        case .documentArray(let node): node.elements
        default: nil
        }
    }

    /// The members in order; none when this is no object.
    var members: [(name: String, value: Value)] {
        switch self {
        case .object(let object): object.members
        case .documentObject(let node): node.members
        default: []
        }
    }

    /// How long a look at all of it may take, in steps, without what lies within its elements.
    var extent: Int {
        switch self {
        case .string(let text): text.utf8.count / 64
        case .array(let list): list.count / 8
        case .object(let object): object.count / 8
        case .documentArray(let node), .documentObject(let node): node.extent
        default: 0
        }
    }

    /// How many arrays and objects lie within each other here; what a document holds counts as one.
    var height: Int {
        switch self {
        case .array(let list): Int(list.height)
        case .object(let object): Int(object.height)
        case .documentArray, .documentObject: 1
        case .function(let function): Int(function.height)
        default: 0
        }
    }

    /// A sequence that carries one value is that value, an empty one is no value, unless it is to stay an array.
    @inline(__always)
    var collapsed: Value {
        guard case .array(let list) = self, list.flags.contains(.sequence), list.elements.count < 2 else { return self }
        guard let first = list.elements.first else { return .undefined }
        return list.flags.contains(.keepsSingleton) ? self : first
    }
}
