extension Value {
    /// Deep equality: arrays by element, objects by member in any order. Functions equal only themselves, and nothing
    /// equals ``undefined``.
    func isEqual(to other: Value) -> Bool {
        switch (self, other) {
        case (.number(let left), .number(let right)): return left == right
        case (.string(let left), .string(let right)): return left.isSameText(as: right)
        case (.boolean(let left), .boolean(let right)): return left == right
        case (.null, .null): return true
        case (.function(let left), .function(let right)): return left === right
        default: break
        }
        if let left = elements, let right = other.elements {
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEqual(to: $1) }
        }
        guard isObject, other.isObject else { return false }
        let members = members
        guard members.count == other.memberCount else { return false }
        return members.allSatisfy { member in
            guard let counterpart = other.member(member.name) else { return false }
            return member.value.isEqual(to: counterpart)
        }
    }

    /// Equality without looking into arrays and objects: those are the same only as the same part of a document.
    func isSame(as other: Value) -> Bool {
        switch (self, other) {
        case (.documentObject(let left), .documentObject(let right)),
            (.documentArray(let left), .documentArray(let right)):
            left.tape === right.tape && left.index == right.index
        case (.object(let left), .object(let right)): left === right
        case (.array, _), (.documentArray, _), (.documentObject, _), (.object, _): false
        default: isEqual(to: other)
        }
    }

    var memberCount: Int {
        switch self {
        case .object(let object): object.count
        case .documentObject(let node): node.members.count
        default: 0
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

    /// What a condition takes the value for; nil for ``undefined``.
    package var truth: Bool? {
        switch self {
        case .undefined, .tuples: return nil
        case .boolean(let value): return value
        case .number(let value): return value != 0 && !value.isNaN
        case .string(let value): return !value.isEmpty
        case .null, .function: return false
        case .object(let object): return object.count > 0
        case .documentObject(let node): return node.firstIndex < node.lastIndex
        case .array, .documentArray:
            return items.contains { $0.truth ?? false }
        }
    }
}

extension String {
    /// The order of UTF-16 code units, as the language has it.
    func isBefore(_ other: String) -> Bool {
        var left = utf8.makeIterator()
        var right = other.utf8.makeIterator()
        while true {
            switch (left.next(), right.next()) {
            case (nil, nil): return false
            case (nil, _?): return true
            case (_?, nil): return false
            case (let one?, let two?):
                if one == two { continue }
                // UTF-8 sorts by code point. Only U+E000…U+FFFF stand behind the surrogates of the planes above.
                let surrogate: (UInt8) -> Bool = { $0 >= 0xF0 }
                let above: (UInt8) -> Bool = { $0 == 0xEE || $0 == 0xEF }
                if surrogate(one) && above(two) { return true }
                if above(one) && surrogate(two) { return false }
                return one < two
            }
        }
    }
}
