extension Value {
    /// The member of that name; of an array, those of all its elements, however deep, as a sequence.
    func lookup(_ name: FieldName, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        switch self {
        case .documentObject(let node):
            try run.mayTake(node.tape.effort(toFind: name, in: Int(node.index)))
            guard let found = node.tape.member(name, of: Int(node.index)) else { return .undefined }
            return node.tape.value(found)
        case .object(let object):
            try run.mayTake(name.weight)
            return object[name.text] ?? .undefined
        case .array, .documentArray:
            var found = List(flags: .sequence)
            try collect(name, into: &found, &run)
            return .array(found)
        default: return .undefined
        }
    }

    /// Adds the members of that name of all elements, their arrays flattened by one level.
    private func collect(
        _ name: FieldName, into found: inout List, _ run: inout Evaluation
    ) throws(ExpressionError) {
        if case .documentArray(let node) = self {
            let tape = node.tape
            var at = node.firstIndex
            let last = node.lastIndex
            let before = found.count
            try run.mayTake(node.extent * name.weight)
            // Later ones would make it grow by just that much each time.
            if before == 0 { found.reserve(node.count) }
            while at < last {
                if tape.tag(at) == UInt8(ascii: "{") {
                    if let member = tape.member(name, of: at) { found.join(tape.value(member)) }
                } else if tape.tag(at) == UInt8(ascii: "[") {
                    try run.descend()
                    try tape.value(at).collect(name, into: &found, &run)
                }
                at = tape.end(of: at)
            }
            try run.spend(sequence: found.count, added: found.count - before)
            return
        }
        for item in items {
            let before = found.count
            if item.isArray {
                try run.descend()
                try item.collect(name, into: &found, &run)
            } else {
                found.join(try item.lookup(name, &run))
                try run.spend(sequence: found.count, added: 1 + found.count - before)
            }
        }
    }
}

extension List {
    /// The same, and counts what was added.
    mutating func join(_ value: Value, _ run: inout Evaluation) throws(ExpressionError) {
        let before = count
        join(value)
        try run.spend(sequence: count, added: max(1, count - before))
    }

    /// Adds a value, or the elements of an array; nothing of ``Value/undefined``.
    @inline(__always)
    mutating func join(_ value: Value) {
        switch value {
        case .undefined: break
        case .array(let list): append(contentsOf: list.elements)
        case .documentArray(let node): append(contentsOf: node.elements)
        default: append(value)
        }
    }
}

/// A name as a step: the member of that name.
final class NameNode: Node {
    let name: FieldName

    init(_ name: FieldName, position: Int) {
        self.name = name
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        finish(try input.lookup(name, &run))
    }
}

/// A path of names alone, the most frequent of all.
final class NamesPathNode: Node {
    let names: [FieldName]
    /// The longest name's.
    private let weight: Int
    private let keepsSingleton: Bool

    init(_ names: [FieldName], keepsSingleton: Bool, position: Int) {
        self.names = names
        weight = names.reduce(1) { max($0, $1.weight) }
        self.keepsSingleton = keepsSingleton
        super.init(position: position)
    }

    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.step(names.count)
        var position = 0
        let result: Value
        if case .documentObject(let node) = input {
            // Stays on the tape as long as there are objects.
            let tape = node.tape
            if tape.isLarge { try run.mayTake(node.span / 128 * weight) }
            var index = Int(node.index)
            while position < names.count, tape.tag(index) == UInt8(ascii: "{") {
                guard let next = tape.member(names[position], of: index) else { return .undefined }
                index = next
                position += 1
            }
            let reached = tape.value(index)
            result = position == names.count ? reached : try follow(reached, from: position, &run)
        } else {
            result = try follow(input, from: 0, &run)
        }
        guard keepsSingleton || keepsArray else { return result.collapsed }
        return finish(try result.keepingSingleton(&run))
    }

    private func follow(
        _ value: Value, from start: Int, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        var current = value
        for position in start..<names.count {
            let isLast = position == names.count - 1
            switch current {
            case .object, .documentObject:
                current = try current.lookup(names[position], &run)
                if current.isUndefined { return .undefined }
            case .array, .documentArray:
                current = try step(current, names[position], isLast: isLast, &run)
                if case .array(let list) = current, list.count == 0, list.flags.contains(.sequence) {
                    return .undefined
                }
            default: return .undefined
            }
        }
        return current
    }

    /// One step from each element of an array. When it is the last and finds one array alone, that array is the outcome.
    private func step(
        _ array: Value, _ name: FieldName, isLast: Bool, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        var joined = List(flags: .sequence)
        var found = 0
        var only = Value.undefined
        if case .documentArray(let node) = array {
            let tape = node.tape
            var at = node.firstIndex
            let last = node.lastIndex
            try run.mayTake(node.extent * name.weight)
            joined.reserve(node.count)
            while at < last {
                var value = Value.undefined
                switch tape.tag(at) {
                case UInt8(ascii: "{"): if let member = tape.member(name, of: at) { value = tape.value(member) }
                case UInt8(ascii: "["): value = try tape.value(at).lookup(name, &run).collapsed
                default: break
                }
                at = tape.end(of: at)
                if case .undefined = value { continue }
                joined.join(value)
                found += 1
                if found == 1, value.isArray { only = value }
            }
        } else {
            for item in array.items {
                try run.step()
                let value = try item.lookup(name, &run).collapsed
                if case .undefined = value { continue }
                joined.join(value)
                found += 1
                if found == 1, value.isArray { only = value }
                try run.spend(sequence: joined.count, added: 0)
            }
        }
        try run.spend(sequence: joined.count, added: joined.count)
        guard isLast, found == 1, only.isArray, !only.isSequence else { return .array(joined) }
        return only
    }
}

extension Value {
    /// A sequence that does not collapse; an array written as `[…]` becomes the one value of such a sequence.
    func keepingSingleton(_ run: inout Evaluation) throws(ExpressionError) -> Value {
        guard case .array(var list) = self else {
            if case .documentArray(let node) = self {
                try run.spend(sequence: node.count, added: node.count)
                return .array(List(node.elements, flags: .keepsSingleton))
            }
            if case .undefined = self { return self }
            return .array(List([self], flags: [.sequence, .keepsSingleton]))
        }
        if list.flags.contains(.constructed), !list.flags.contains(.sequence) {
            return .array(List([self], flags: [.sequence, .keepsSingleton]))
        }
        list.flags.insert(.keepsSingleton)
        return .array(list)
    }
}
