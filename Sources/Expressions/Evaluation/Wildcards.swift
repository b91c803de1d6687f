/// `*`: the values of all members, or elements, their arrays flattened.
final class WildcardNode: Node {
    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        let input = input.unwrapped
        try run.mayTake(input.extent)
        var found = List(flags: .sequence)
        for value in input.elements ?? input.members.map(\.value) {
            // The outcome is an array like any other once an array went into it.
            if value.isArray { found.flags = [] }
            try flatten(value, into: &found, &run)
        }
        return finish(.array(found))
    }

    private func flatten(_ value: Value, into found: inout List, _ run: inout Evaluation) throws(ExpressionError) {
        guard let elements = value.elements else {
            found.append(value)
            return try run.spend(sequence: found.count)
        }
        try run.descend()
        try run.step(elements.count)
        for element in elements { try flatten(element, into: &found, &run) }
    }
}

/// `**`: the context and all values within it.
final class DescendantsNode: Node {
    override func evaluate(_ input: Value, _ frame: Frame?, _ run: inout Evaluation) throws(ExpressionError) -> Value {
        if case .undefined = input { return .undefined }
        var found = List(flags: .sequence)
        try collect(input, into: &found, &run)
        return finish(.array(found))
    }

    private func collect(_ value: Value, into found: inout List, _ run: inout Evaluation) throws(ExpressionError) {
        try run.descend()
        if let elements = value.elements {
            try run.step(elements.count)
            for element in elements { try collect(element, into: &found, &run) }
            return
        }
        found.append(value)
        try run.spend(sequence: found.count)
        for member in value.members { try collect(member.value, into: &found, &run) }
    }
}
