import CRE2

/// Turns what is written into what is meant: chains of `.` become paths of steps, predicates, groupings, orders and
/// bindings become parts of their step, and each `%` finds the step whose object it means.
struct PathResolver {
    private var nextLabel = 0
    private let deepestFrame: UInt
    private static let stack: UInt = 160 << 10

    init() { deepestFrame = UInt(cre2_frame_address()) - Self.stack }

    /// - Throws: S0201…S0217.
    mutating func resolveWhole(_ syntax: Syntax) throws(ExpressionError) -> Syntax {
        let resolved = try resolve(syntax)
        if resolved.kind == .parent || !resolved.seeking.isEmpty {
            throw ExpressionError("S0217", at: resolved.position, token: resolved.token)
        }
        return resolved
    }

    private mutating func resolve(_ syntax: Syntax) throws(ExpressionError) -> Syntax {
        guard UInt(cre2_frame_address()) > deepestFrame else { throw ExpressionError("S0501", at: syntax.position) }
        let resolved = try resolveKind(syntax)
        if syntax.keepsArray { resolved.keepsArray = true }
        return resolved
    }

    private mutating func resolve(_ syntax: Syntax?) throws(ExpressionError) -> Syntax {
        guard let syntax else { throw ExpressionError("S0207") }
        return try resolve(syntax)
    }

    private mutating func resolveKind(_ syntax: Syntax) throws(ExpressionError) -> Syntax {
        switch syntax.kind {
        case .binary: return try resolveBinary(syntax)
        case .name:
            let path = Syntax(.path, syntax.position)
            path.items = [syntax]
            path.keepsSingleton = syntax.keepsArray
            return path
        case .parent:
            syntax.with { $0.ancestor = Ancestor(label: nextLabel) }
            nextLabel += 1
            return syntax
        case .string, .number, .literal, .wildcard, .descendants, .variable, .regex, .placeholder: return syntax
        case .end: throw ExpressionError("S0207", at: syntax.position, token: "(end)")
        case .array:
            for index in syntax.items.indices { syntax.items[index] = try within(syntax, syntax.items[index]) }
            return syntax
        case .object:
            for index in syntax.pairs.indices {
                syntax.pairs[index].0 = try within(syntax, syntax.pairs[index].0)
                syntax.pairs[index].1 = try within(syntax, syntax.pairs[index].1)
            }
            return syntax
        case .negation:
            let operand = try within(syntax, syntax.left)
            if operand.kind == .number, operand.extras == nil {
                operand.number = -operand.number
                return operand
            }
            syntax.left = operand
            return syntax
        case .call, .partial:
            for index in syntax.items.indices { syntax.items[index] = try within(syntax, syntax.items[index]) }
            syntax.left = try resolve(syntax.left)
            return syntax
        case .lambda:
            syntax.left = try resolve(syntax.left)
            return syntax
        case .condition, .fallback, .coalesce:
            syntax.left = try within(syntax, syntax.left)
            syntax.right = try within(syntax, syntax.right)
            if let third = syntax.third { syntax.third = try within(syntax, third) }
            return syntax
        case .transform:
            syntax.left = try resolve(syntax.left)
            syntax.right = try resolve(syntax.right)
            if let third = syntax.third { syntax.third = try resolve(third) }
            return syntax
        case .block:
            for index in syntax.items.indices {
                let item = try within(syntax, syntax.items[index])
                syntax.items[index] = item
                if item.isConstructed || (item.kind == .path && item.items[0].isConstructed) {
                    syntax.isConstructed = true
                }
            }
            return syntax
        case .path, .bind, .apply, .sort: return syntax
        }
    }

    /// Resolves a part; a `%` in it that looks for its object outside looks for it outside of `whole` too.
    private mutating func within(_ whole: Syntax, _ part: Syntax?) throws(ExpressionError) -> Syntax {
        let resolved = try resolve(part)
        Self.pass(resolved, to: whole)
        return resolved
    }

    private static func pass(_ part: Syntax, to whole: Syntax) {
        var seeking = part.seeking
        if part.kind == .parent, let ancestor = part.extras?.ancestor { seeking.append(ancestor) }
        if !seeking.isEmpty { whole.with { $0.seeking.append(contentsOf: seeking) } }
    }

    private mutating func resolveBinary(_ syntax: Syntax) throws(ExpressionError) -> Syntax {
        switch syntax.operation {
        case .dot: return try resolveDot(syntax)
        case .openBracket: return try resolvePredicate(syntax)
        case .openBrace:
            let grouped = try resolve(syntax.left)
            guard grouped.extras?.group == nil else { throw ExpressionError("S0210", at: syntax.position) }
            var pairs: [(Syntax, Syntax)] = []
            for pair in syntax.pairs { pairs.append((try resolve(pair.0), try resolve(pair.1))) }
            grouped.with { $0.group = (pairs, syntax.position) }
            return grouped
        case .caret:
            let path = try asPath(try resolve(syntax.left))
            let sort = Syntax(.sort, syntax.position, text: "^")
            for term in syntax.terms {
                sort.terms.append((term.isDescending, try within(sort, term.expression)))
            }
            path.items.append(sort)
            try findAncestors(in: path)
            return path
        case .assign:
            let bind = Syntax(.bind, syntax.position, text: syntax.left?.text ?? "")
            bind.right = try within(bind, syntax.right)
            return bind
        case .at: return try resolveFocus(syntax)
        case .hash:
            let resolved = try asPath(try resolve(syntax.left))
            let step = resolved.items[resolved.items.count - 1]
            let variable = syntax.right?.text ?? ""
            step.with { extras in
                if extras.stages.isEmpty { extras.index = variable } else { extras.stages.append(.index(variable)) }
            }
            step.carriesTuples = true
            return resolved
        case .chain:
            let apply = Syntax(.apply, syntax.position, text: "~>")
            let left = try resolve(syntax.left)
            let right = try resolve(syntax.right)
            apply.left = left
            apply.right = right
            apply.keepsArray = left.keepsArray || right.keepsArray
            return apply
        default:
            syntax.left = try within(syntax, syntax.left)
            syntax.right = try within(syntax, syntax.right)
            return syntax
        }
    }

    /// A path of that one step, whose predicates become the step's stages.
    private func asPath(_ syntax: Syntax) throws(ExpressionError) -> Syntax {
        guard syntax.kind != .path else { return syntax }
        let path = Syntax(.path, syntax.position)
        path.items = [syntax]
        if syntax.extras?.predicates.isEmpty == false {
            syntax.with { extras in
                extras.stages = extras.predicates.map { .filter($0) }
                extras.predicates = []
            }
        }
        return path
    }

    private mutating func resolveDot(_ syntax: Syntax) throws(ExpressionError) -> Syntax {
        let first = try resolve(syntax.left)
        let path: Syntax
        if first.kind == .path {
            path = first
        } else {
            path = Syntax(.path, first.position)
            path.items = [first]
            if first.kind == .parent, let ancestor = first.extras?.ancestor { path.with { $0.seeking = [ancestor] } }
        }
        let rest = try resolve(syntax.right)
        if rest.kind == .path, rest.extras?.group == nil {
            path.items.append(contentsOf: rest.items)
        } else {
            if rest.extras?.predicates.isEmpty == false { _ = try asPath(rest) }
            path.items.append(rest)
        }
        for step in path.items {
            switch step.kind {
            case .number, .literal:
                throw ExpressionError("S0213", at: step.position, token: step.text, words: step.text)
            case .string: step.kind = .name
            default: break
            }
            if step.keepsArray { path.keepsSingleton = true }
        }
        if let step = path.items.first, step.kind == .array { step.isConstructed = true }
        if let step = path.items.last, step.kind == .array { step.isConstructed = true }
        try findAncestors(in: path)
        return path
    }

    private mutating func resolvePredicate(_ syntax: Syntax) throws(ExpressionError) -> Syntax {
        let result = try resolve(syntax.left)
        let step = result.kind == .path ? result.items[result.items.count - 1] : result
        guard step.extras?.group == nil else { throw ExpressionError("S0209", at: syntax.position) }
        let predicate = try resolve(syntax.right)
        if !predicate.seeking.isEmpty {
            for ancestor in predicate.seeking {
                if ancestor.level == 1 { try Self.find(ancestor, in: step) } else { ancestor.level -= 1 }
            }
            Self.pass(predicate, to: step)
        }
        step.with { extras in
            if result.kind == .path {
                extras.stages.append(.filter(predicate))
            } else {
                extras.predicates.append(predicate)
            }
        }
        return result
    }

    private mutating func resolveFocus(_ syntax: Syntax) throws(ExpressionError) -> Syntax {
        let result = try resolve(syntax.left)
        let step = result.kind == .path ? result.items[result.items.count - 1] : result
        if let extras = step.extras, !extras.stages.isEmpty || !extras.predicates.isEmpty {
            throw ExpressionError("S0215", at: syntax.position)
        }
        guard step.kind != .sort else { throw ExpressionError("S0216", at: syntax.position) }
        if syntax.keepsArray { step.keepsArray = true }
        step.with { $0.focus = syntax.right?.text }
        step.carriesTuples = true
        return result
    }
}

extension PathResolver {
    /// Lets what the last step seeks be found by the steps before it.
    private func findAncestors(in path: Syntax) throws(ExpressionError) {
        guard let last = path.items.last else { return }
        var seeking = last.seeking
        if last.kind == .parent, let ancestor = last.extras?.ancestor { seeking.append(ancestor) }
        for ancestor in seeking {
            var index = path.items.count - 2
            while ancestor.level > 0 {
                guard index >= 0 else {
                    path.with { $0.seeking.append(ancestor) }
                    break
                }
                var step = path.items[index]
                index -= 1
                // Steps that bind a variable one after the other step from the same object.
                while index >= 0, step.extras?.focus != nil, path.items[index].extras?.focus != nil {
                    step = path.items[index]
                    index -= 1
                }
                try Self.find(ancestor, in: step)
            }
        }
    }

    /// Looks for the object in `step`: one level less, and found when none is left.
    private static func find(_ ancestor: Ancestor, in step: Syntax) throws(ExpressionError) {
        switch step.kind {
        case .name, .wildcard:
            ancestor.level -= 1
            guard ancestor.level == 0 else { return }
            if let known = step.extras?.ancestor { ancestor.label = known.label }
            step.with { $0.ancestor = ancestor }
            step.carriesTuples = true
        case .parent: ancestor.level += 1
        case .block:
            guard let last = step.items.last else { return }
            step.carriesTuples = true
            try find(ancestor, in: last)
        case .path:
            step.carriesTuples = true
            var index = step.items.count - 1
            repeat {
                try find(ancestor, in: step.items[index])
                index -= 1
            } while ancestor.level > 0 && index >= 0
        default: throw ExpressionError("S0217", at: step.position, token: step.token)
        }
    }
}
