/// `| pattern | update, delete |`: a function that copies its argument and changes the objects which the pattern finds.
final class TransformNode: Node {
    private let pattern: Node
    private let update: Node
    private let deletion: Node?
    private let clone: VariableNode

    static let signature = Signature.library("<(oa):o>")

    init(_ pattern: Node, _ update: Node, _ deletion: Node?, clone: VariableNode, position: Int) {
        self.pattern = pattern
        self.update = update
        self.deletion = deletion
        self.clone = clone
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.capture(frame)
        return .function(Function(.transform(self, frame: frame)))
    }

    func apply(to value: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        if case .undefined = value { return .undefined }
        guard case .function(let cloning) = try clone.evaluate(.undefined, frame, &run) else {
            throw ExpressionError("T2013", at: position)
        }
        let cloned = try cloning.call([value], frame, &run)
        // Every object of the copy is one of its own, so what the pattern finds is known by its identity.
        let copy = try cloned.copied(&run)
        var changes = Changes()
        for found in try pattern.evaluate(copy, frame, &run).items {
            let match = try changes.applied(to: found, &run)
            let changed = try update.evaluate(match, frame, &run)
            try run.step()
            try run.mayTake(match.extent + changed.extent)
            var object = ObjectBuilder(changes.members(of: found) ?? match.members)
            if !changed.isUndefined {
                guard changed.isObject else { throw ExpressionError("T2011", at: update.position, value: changed) }
                for member in changed.members { object[member.name] = member.value }
            }
            var members = object.members
            if let deletion {
                let names = try deletion.evaluate(match, frame, &run)
                let texts = names.items
                guard texts.allSatisfy(\.isString) else {
                    throw ExpressionError("T2012", at: deletion.position, value: names)
                }
                var deleted: Set<ExactText> = []
                for case .string(let name) in texts {
                    try run.step(1 + name.utf8.count / 64)
                    deleted.insert(ExactText(name))
                }
                members.removeAll { deleted.contains(ExactText($0.0)) }
            }
            if case .object(let original) = found { changes.set(original, to: members) }
        }
        return changes.isEmpty ? copy : try changes.applied(to: copy, &run)
    }
}

/// The new members of objects, by the identity of the old.
private struct Changes {
    private var members: [ObjectIdentifier: [(String, Value)]] = [:]
    /// Keeps the objects alive, so that no other gets their identity.
    private var originals: [ObjectValue] = []

    var isEmpty: Bool { members.isEmpty }

    mutating func set(_ object: ObjectValue, to changed: [(String, Value)]) {
        members[ObjectIdentifier(object)] = changed
        originals.append(object)
    }

    /// The members of an object as they are now. Those among them that are objects are the old ones, so that a later change
    /// of them finds its place.
    func members(of value: Value) -> [(name: String, value: Value)]? {
        guard case .object(let object) = value else { return nil }
        return members[ObjectIdentifier(object)]?.map { (name: $0.0, value: $0.1) } ?? object.members
    }

    /// The value as it is now. Its objects are others, so that one of them may be put within itself.
    func applied(to value: Value, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        switch value {
        case .array(let list):
            var elements: [Value] = []
            elements.reserveCapacity(list.count)
            for element in list.elements { elements.append(try applied(to: element, &run)) }
            return .array(List(elements, flags: list.flags))
        case .object(let object):
            var result: [(String, Value)] = []
            for member in members[ObjectIdentifier(object)] ?? object.members.map({ ($0.name, $0.value) }) {
                result.append((member.0, try applied(to: member.1, &run)))
            }
            let changed = Value.object(ObjectValue(uniqueMembers: result))
            try run.checkHeight(changed)
            return changed
        default: return value
        }
    }
}

extension Value {
    /// A copy down to the last object.
    func copied(_ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        try run.mayTake(extent)
        switch self {
        case .array, .documentArray:
            var elements: [Value] = []
            for element in items { elements.append(try element.copied(&run)) }
            return .array(List(elements))
        case .object, .documentObject:
            var members: [(String, Value)] = []
            for member in self.members { members.append((member.name, try member.value.copied(&run))) }
            return .object(ObjectValue(uniqueMembers: members))
        case .function: return .string("")
        default: return self
        }
    }
}
