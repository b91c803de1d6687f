/// `{ name: value, … }`: as an object on its own, or behind a path, whose items it groups by name.
struct Grouping {
    let pairs: [(name: Node, value: Node)]
    let position: Int

    func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        if case .tuples(let stream) = input { return try evaluate(stream, frame, &run) }
        try run.mayTake(input.extent)
        var items = input.elements ?? [input]
        if items.isEmpty { items = [.undefined] }
        if items.count == 1 { return try evaluate(single: items[0], frame, &run) }
        var groups = Groups()
        try run.step(items.count * max(pairs.count, 1))
        for item in items {
            for (pair, names) in pairs.enumerated() {
                guard let name = try name(names.name.evaluate(item, frame, &run), &run) else { continue }
                try groups.add(Tuple(context: item), to: name, pair: pair, position)
            }
        }
        var members: [(String, Value)] = []
        for group in groups.all {
            var data = group.members[0].context
            if group.members.count > 1 {
                var joined = List(flags: [])
                for member in group.members {
                    let before = joined.count
                    joined.join(member.context)
                    try run.spend(sequence: joined.count, added: joined.count - before)
                }
                data = .array(joined)
            }
            let value = try pairs[group.pair].value.evaluate(data, frame, &run)
            if !value.isUndefined { members.append((group.name, value)) }
        }
        return try object(members, &run)
    }

    private func evaluate(
        _ stream: TupleStream, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        var groups = Groups()
        for tuple in stream.tuples {
            try run.step(tuple.weight + pairs.count)
            let inner = tuple.frame(within: frame)
            for (pair, names) in pairs.enumerated() {
                guard let name = try name(names.name.evaluate(tuple.context, inner, &run), &run) else { continue }
                try groups.add(tuple, to: name, pair: pair, position)
            }
        }
        var members: [(String, Value)] = []
        for group in groups.all {
            let reduced = try TupleStream.reduced(group.members, &run)
            let inner = reduced.frame(within: frame)
            let value = try pairs[group.pair].value.evaluate(reduced.context, inner, &run)
            if !value.isUndefined { members.append((group.name, value)) }
        }
        return try object(members, &run)
    }

    /// One item: nothing to group.
    private func evaluate(
        single item: Value, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        var names: [(String, Node)] = []
        names.reserveCapacity(pairs.count)
        var known: Set<ExactText> = []
        let areMany = pairs.count > 16
        for pair in pairs {
            guard let name = try name(pair.name.evaluate(item, frame, &run), &run) else { continue }
            let isKnown =
                areMany
                ? !known.insert(ExactText(name)).inserted : names.contains { $0.0.isSameText(as: name) }
            if isKnown {
                throw ExpressionError("D1009", at: position, value: .string(name))
            }
            names.append((name, pair.value))
        }
        var members: [(String, Value)] = []
        members.reserveCapacity(names.count)
        for (name, node) in names {
            let value = try node.evaluate(item, frame, &run)
            if !value.isUndefined { members.append((name, value)) }
        }
        try run.step(members.count)
        return try object(members, &run)
    }

    private func object(
        _ members: [(String, Value)], _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        let object = Value.object(ObjectValue(uniqueMembers: members))
        try run.checkHeight(object)
        return object
    }

    private func name(_ value: Value, _ run: inout Evaluation) throws(ExpressionError) -> String? {
        switch value {
        case .undefined: return nil
        case .string(let name):
            // It is hashed.
            try run.mayTake(name.utf8.count / 64)
            return name
        default: throw ExpressionError("T1003", at: position, value: value)
        }
    }
}

/// Items by the name they were given, in the order in which the names came up.
private struct Groups {
    struct Group {
        let name: String
        /// Which of the pairs made the name: two of them must not make the same.
        let pair: Int
        var members: [Tuple]
    }

    private(set) var all: [Group] = []
    private var positions: [ExactText: Int] = [:]

    mutating func add(_ item: Tuple, to name: String, pair: Int, _ place: Int) throws(ExpressionError) {
        if let position = positions[ExactText(name)] {
            guard all[position].pair == pair else {
                throw ExpressionError("D1009", at: place, value: .string(name))
            }
            all[position].members.append(item)
        } else {
            positions[ExactText(name)] = all.count
            all.append(Group(name: name, pair: pair, members: [item]))
        }
    }
}

/// `{ … }` on its own.
final class ObjectNode: Node {
    private let grouping: Grouping

    init(_ grouping: Grouping) {
        self.grouping = grouping
        super.init(position: grouping.position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try grouping.evaluate(input, frame, &run)
    }
}

/// Something that is no path, grouped.
final class GroupedNode: Node {
    private let value: Node
    private let grouping: Grouping

    init(_ value: Node, _ grouping: Grouping) {
        self.value = value
        self.grouping = grouping
        super.init(position: value.position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try grouping.evaluate(value.evaluate(input, frame, &run), frame, &run)
    }
}

/// `[ … ]`: the values of its parts one after the other; arrays among them are flattened unless written as `[…]` too.
final class ArrayNode: Node {
    private let parts: [(node: Node, isArray: Bool)]
    private let flags: List.Flags

    init(_ parts: [(node: Node, isArray: Bool)], isConstructed: Bool, position: Int) {
        self.parts = parts
        flags = isConstructed ? .constructed : []
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        var list = List(flags: flags)
        for part in parts {
            let before = list.count
            let value = try part.node.evaluate(input, frame, &run)
            if part.isArray {
                list.append(value)
            } else if list.count == 0, case .array(var other) = value {
                // Takes over the elements as they are instead of copying them.
                other.flags = flags
                list = other
            } else {
                list.join(value)
            }
            try run.spend(sequence: list.count, added: list.count - before)
        }
        let array = Value.array(list)
        try run.checkHeight(array)
        return array
    }
}
