extension Value {
    /// Deep equality: arrays by element, objects by member in any order. Functions equal only themselves, and nothing
    /// equals ``undefined``. What is looked at is counted as often as it stands there, not as often as it is kept.
    func isEqual(to other: Value, _ run: inout Evaluation) throws(ExpressionError) -> Bool {
        switch (self, other) {
        case (.number(let left), .number(let right)): return left == right
        case (.string(let left), .string(let right)):
            try run.mayTake(left.utf8.count / 64)
            return left.isSameText(as: right)
        case (.boolean(let left), .boolean(let right)): return left == right
        case (.null, .null): return true
        case (.function(let left), .function(let right)): return left === right
        default: return try isEqualWithin(to: other, &run)
        }
    }

    private func isEqualWithin(to other: Value, _ run: inout Evaluation) throws(ExpressionError) -> Bool {
        try run.descend()
        try run.mayTake(extent + other.extent)
        if let left = elements, let right = other.elements {
            guard left.count == right.count else { return false }
            for (one, two) in zip(left, right) {
                try run.step()
                guard try one.isEqual(to: two, &run) else { return false }
            }
            return true
        }
        guard case .object(let right)? = other.asObject, isObject else { return false }
        let members = members
        guard members.count == right.count else { return false }
        for member in members {
            try run.step(1 + member.name.utf8.count / 64)
            guard let counterpart = right[member.name], try member.value.isEqual(to: counterpart, &run) else {
                return false
            }
        }
        return true
    }

    /// The same object with its members at hand; nil for what is no object.
    private var asObject: Value? {
        switch self {
        case .object: self
        case .documentObject(let node): .object(ObjectValue(uniqueMembers: node.members.map { ($0.name, $0.value) }))
        default: nil
        }
    }

    /// Equality without looking into arrays and objects: those are the same only as the same part of a document.
    func isSame(as other: Value, _ run: inout Evaluation) throws(ExpressionError) -> Bool {
        switch (self, other) {
        case (.documentObject(let left), .documentObject(let right)),
            (.documentArray(let left), .documentArray(let right)):
            left.tape === right.tape && left.index == right.index
        case (.object(let left), .object(let right)): left === right
        case (.array, _), (.documentArray, _), (.documentObject, _), (.object, _): false
        default: try isEqual(to: other, &run)
        }
    }

    /// The member of that name, or nil when there is none or this is no object.
    func member(_ name: String) -> Value? {
        switch self {
        case .object(let object): return object[name]
        case .documentObject(let node):
            let found = node.tape.member(FieldName(name), of: Int(node.index))
            return found.map { node.tape.value($0) }
        default: return nil
        }
    }

    /// What a condition takes the value for; nil for ``undefined``. An array holds when one of its values does, however
    /// deep it lies.
    @inline(__always)
    func truth(_ run: inout Evaluation) throws(ExpressionError) -> Bool? {
        isArray ? try holdsWithin(&run) : truthOfScalar
    }

    private func holdsWithin(_ run: inout Evaluation) throws(ExpressionError) -> Bool {
        try run.descend()
        try run.mayTake(extent)
        for item in items {
            try run.step()
            if try item.truth(&run) ?? false { return true }
        }
        return false
    }

    /// The same, for what is no array; nil for arrays.
    var truthOfScalar: Bool? {
        switch self {
        case .undefined, .tuples, .array, .documentArray: return nil
        case .boolean(let value): return value
        case .number(let value): return value != 0 && !value.isNaN
        case .string(let value): return !value.isEmpty
        case .null, .function: return false
        case .object(let object): return object.count > 0
        case .documentObject(let node): return node.firstIndex < node.lastIndex
        }
    }
}

extension String {
    /// The order of UTF-16 code units, as the language has it.
    func isBefore(_ other: String) -> Bool {
        var (left, right) = (self, other)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                for (one, two) in zip(left, right) where one != two {
                    // UTF-8 sorts by code point. Only U+E000…U+FFFF stand behind the surrogates of the planes above.
                    let surrogate: (UInt8) -> Bool = { $0 >= 0xF0 }
                    let above: (UInt8) -> Bool = { $0 == 0xEE || $0 == 0xEF }
                    if surrogate(one) && above(two) { return true }
                    if above(one) && surrogate(two) { return false }
                    return one < two
                }
                return left.count < right.count
            }
        }
    }

    func isBefore(_ other: String, _ run: inout Evaluation) throws(ExpressionError) -> Bool {
        try run.mayTake(min(utf8.count, other.utf8.count) / 64)
        return isBefore(other)
    }
}
