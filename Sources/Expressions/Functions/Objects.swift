extension Builtin {
    static let objects: [Builtin] = [
        Builtin("keys", "<x-:a<s>>", arity: 1) { (arguments, run) throws(ExpressionError) in
            var names = ObjectBuilder()
            try collectNames(arguments[0], into: &names, &run)
            return .array(List(scalars: names.members.map { .string($0.0) }, flags: .sequence))
        },
        Builtin("lookup", "<x-s:x>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .string(let name) = arguments[1] else { return .undefined }
            return try arguments[0].lookup(FieldName(name), &run)
        },
        Builtin("spread", "<x-:a<o>>", arity: 1) { (arguments, run) throws(ExpressionError) in
            try spread(arguments[0], &run)
        },
        Builtin("merge", "<a<o>:o>", arity: 1) { (arguments, run) throws(ExpressionError) in
            guard let elements = arguments[0].elements else { return .undefined }
            var merged = ObjectBuilder()
            for element in elements {
                try run.mayTake(element.extent)
                for member in element.members {
                    try run.step(1 + member.name.utf8.count / 64)
                    merged[member.name] = member.value
                }
            }
            return merged.value
        },
        Builtin("each", "<o-f:a>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .function(let function) = arguments[1] else { return .undefined }
            var found = List(flags: .sequence)
            for member in arguments[0].members {
                let value = try function.call(member, of: arguments[0], arguments.frame, &run).collapsed
                if !value.isUndefined { found.append(value) }
                try run.spend(sequence: found.count)
            }
            return .array(found)
        },
        Builtin("sift", "<o-f?:o>", arity: 2) { (arguments, run) throws(ExpressionError) in
            guard case .function(let function) = arguments[1] else { return .undefined }
            var kept: [(String, Value)] = []
            for member in arguments[0].members {
                let value = try function.call(member, of: arguments[0], arguments.frame, &run)
                if try value.truth(&run) ?? false { kept.append((member.name, member.value)) }
            }
            return kept.isEmpty ? .undefined : .object(ObjectValue(uniqueMembers: kept))
        },
        Builtin("clone", "<(oa)-:o>", arity: 1) { (arguments, run) throws(ExpressionError) in
            try arguments[0].unwrapped.copied(&run)
        },
    ]

    private static func collectNames(
        _ value: Value, into names: inout ObjectBuilder, _ run: inout Evaluation
    ) throws(ExpressionError) {
        try run.descend()
        try run.mayTake(value.extent)
        if let elements = value.elements {
            try run.step(elements.count)
            for element in elements { try collectNames(element, into: &names, &run) }
        } else {
            for member in value.members {
                try run.step(1 + member.name.utf8.count / 64)
                names[member.name] = .null
            }
        }
    }

    private static func spread(_ value: Value, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        try run.descend()
        try run.mayTake(value.extent)
        var spreading = List(flags: .sequence)
        if let elements = value.elements {
            for element in elements {
                let before = spreading.count
                let parts = try spread(element, &run)
                // The outcome is an array like any other once something went into it.
                if !parts.isUndefined { spreading.flags = [] }
                spreading.join(parts)
                try run.spend(sequence: spreading.count, added: 1 + spreading.count - before)
            }
        } else if value.isObject {
            for member in value.members {
                spreading.append(.object(ObjectValue(uniqueMembers: [(member.name, member.value)])))
                try run.spend(sequence: spreading.count)
            }
        } else {
            return value
        }
        return .array(spreading)
    }
}

extension Function {
    /// How many of `offered` arguments, of which the first is always given, a function gets that may take fewer.
    func wanted(of offered: Int) -> Int { max(1, min(offered, arity)) }

    /// Calls it with a member's value, its name and the object, or as many of them as it takes.
    fileprivate func call(
        _ member: (name: String, value: Value), of object: Value, _ frame: Frame?, _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        let given = [member.value, .string(member.name), object]
        return try call(Array(given.prefix(wanted(of: 3))), frame, &run)
    }
}
