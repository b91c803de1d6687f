import CRE2

/// Turns resolved syntax into nodes.
struct Compiler {
    private let deepestFrame: UInt
    private static let stack: UInt = 160 << 10
    private var symbols: SymbolTable
    private var ancestors: [Int: Symbol] = [:]
    /// How many operators stand around the current part within its function.
    private var depth = 0
    /// Instructions of all regular expressions: compiling them takes time and their searches take memory.
    private(set) var regexSize = 0
    private static let maximumRegexSize = 100_000
    /// The more there are, the less memory each gets, in bytes.
    private var regexes = 0
    private static let regexMemory = 8 << 20
    private static let leastRegexMemory = 128 << 10
    /// Whether a variable was bound since the surrounding block began.
    private(set) var binds = false
    /// The functions of the library whose names are bound to something else, wherever that is.
    private(set) var shadowed: Set<String> = []

    init(_ symbols: SymbolTable) {
        self.symbols = symbols
        deepestFrame = UInt(cre2_frame_address()) - Self.stack
    }

    /// What `$eval` was given: positions in it are told to nobody.
    /// - Returns: the node, and the size of the regular expressions in it.
    /// - Throws: S….
    static func compile(
        _ source: String, _ symbols: inout SymbolTable
    ) throws(ExpressionError) -> (node: Node, regexSize: Int) {
        var parser = Parser(source, isKnown: false)
        var resolver = PathResolver()
        let syntax = try resolver.resolveWhole(parser.parse())
        // Handed over, not copied: there may be many.
        var compiler = Compiler(symbols.taken())
        defer { symbols = compiler.symbols }
        let node = try compiler.node(syntax)
        return (node, compiler.regexSize)
    }

    /// The node of a whole expression, and the names of its variables.
    mutating func compileWhole(_ syntax: Syntax) throws(ExpressionError) -> (Node, SymbolTable) {
        let node = try node(syntax)
        return (node, symbols)
    }

    private mutating func node(_ syntax: Syntax?, isTail: Bool = false) throws(ExpressionError) -> Node {
        guard let syntax else { throw ExpressionError("S0207") }
        guard UInt(cre2_frame_address()) > deepestFrame else { throw ExpressionError("S0501", at: syntax.position) }
        depth += 1
        defer { depth -= 1 }
        let isBare = syntax.extras?.predicates.isEmpty != false && syntax.extras?.group == nil && !syntax.keepsArray
        let base = try base(syntax, isTail: isTail && isBare)
        return try decorate(base, as: syntax)
    }

    /// Adds the predicates and the grouping of what is no path.
    private mutating func decorate(_ base: Node, as syntax: Syntax) throws(ExpressionError) -> Node {
        var node = base
        if let extras = syntax.extras {
            if !extras.predicates.isEmpty {
                var predicates: [Predicate] = []
                for predicate in extras.predicates { predicates.append(try self.predicate(predicate)) }
                node = FilteredNode(node, predicates)
            }
            if syntax.kind != .path, let group = extras.group {
                node = GroupedNode(node, try grouping(group.pairs, group.position))
            }
        }
        if syntax.keepsArray { node.keepsArray = true }
        return node
    }

    private mutating func base(_ syntax: Syntax, isTail: Bool) throws(ExpressionError) -> Node {
        let position = syntax.position
        switch syntax.kind {
        case .path: return try path(syntax)
        case .name: return NameNode(FieldName(syntax.text), position: position)
        case .string: return LiteralNode(.string(syntax.text), position: position)
        case .number: return LiteralNode(.number(syntax.number), position: position)
        case .literal:
            let value: Value = syntax.text == "null" ? .null : .boolean(syntax.text == "true")
            return LiteralNode(value, position: position)
        case .variable: return variable(syntax)
        case .wildcard: return WildcardNode(position: position)
        case .descendants: return DescendantsNode(position: position)
        case .parent: return ParentNode(symbol(of: syntax.extras?.ancestor), position: position)
        case .regex:
            regexes += 1
            let memory = max(Self.regexMemory / regexes, Self.leastRegexMemory)
            let pattern = try RegexPattern(
                syntax.text, syntax.regexFlags, at: position, memory: min(memory, RegexPattern.mostMemory))
            // Some for the pattern itself, however small.
            regexSize += pattern.size + 64
            guard regexSize <= Self.maximumRegexSize else {
                throw ExpressionError(
                    "S0303", at: position, token: syntax.text, words: "there are too many in one expression")
            }
            return LiteralNode(.function(Function(.regex(pattern))), position: position)
        case .binary: return try binary(syntax)
        case .negation: return NegationNode(try node(syntax.left), position: position)
        case .array:
            var parts: [(node: Node, isArray: Bool)] = []
            for item in syntax.items { parts.append((try node(item), item.kind == .array)) }
            return ArrayNode(parts, isConstructed: syntax.isConstructed, position: position)
        case .object: return ObjectNode(try grouping(syntax.pairs, position))
        case .condition:
            let otherwise = syntax.third
            return ConditionNode(
                try node(syntax.left), try node(syntax.right, isTail: isTail),
                otherwise == nil ? nil : try node(otherwise, isTail: isTail), position: position)
        case .fallback, .coalesce:
            return FallbackNode(
                try node(syntax.left), try node(syntax.right, isTail: isTail), onlyMissing: syntax.kind == .coalesce,
                position: position)
        case .block: return try block(syntax, isTail: isTail)
        case .bind:
            let value = try node(syntax.right)
            binds = true
            return BindNode(bound(syntax.text), value, position: position)
        case .call: return try call(syntax, piped: nil, isTail: isTail)
        case .partial: return try partial(syntax)
        case .lambda: return try lambda(syntax)
        case .apply: return try apply(syntax)
        case .transform:
            let clone = VariableNode(symbols.symbol("clone"), name: "clone", position: position)
            return TransformNode(
                try node(syntax.left), try node(syntax.right), syntax.third == nil ? nil : try node(syntax.third),
                clone: clone, position: position)
        case .end, .placeholder, .sort: throw ExpressionError("S0206", at: position, token: syntax.token)
        }
    }

    private mutating func variable(_ syntax: Syntax) -> Node {
        switch syntax.text {
        case "": return ContextNode(position: syntax.position)
        case "$": return RootNode(position: syntax.position)
        default: return VariableNode(symbols.symbol(syntax.text), name: syntax.text, position: syntax.position)
        }
    }

    private mutating func binary(_ syntax: Syntax) throws(ExpressionError) -> Node {
        let left = try node(syntax.left)
        let right = try node(syntax.right)
        let position = syntax.position
        switch syntax.operation {
        case .plus, .minus, .times, .divide, .percent:
            return ArithmeticNode(syntax.operation, left, right, position: position)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return ComparisonNode(syntax.operation, left, right, position: position)
        case .equal: return EqualityNode(negated: false, left, right, position: position)
        case .unequal: return EqualityNode(negated: true, left, right, position: position)
        case .and: return LogicNode(isAnd: true, left, right, position: position)
        case .or: return LogicNode(isAnd: false, left, right, position: position)
        case .concatenate: return ConcatenationNode(left, right, position: position)
        case .contained: return ContainmentNode(left, right, position: position)
        case .range: return RangeNode(left, right, position: position)
        default: throw ExpressionError("S0201", at: position, token: syntax.token)
        }
    }

    private mutating func block(_ syntax: Syntax, isTail: Bool) throws(ExpressionError) -> Node {
        let outerBinds = binds
        binds = false
        var parts: [Node] = []
        for (index, item) in syntax.items.enumerated() {
            parts.append(try node(item, isTail: isTail && index == syntax.items.count - 1))
        }
        let block = BlockNode(parts, binds: binds, position: syntax.position)
        binds = outerBinds
        return block
    }
}

extension Compiler {
    private mutating func path(_ syntax: Syntax) throws(ExpressionError) -> Node {
        let group = syntax.extras?.group
        let isPlain = syntax.items.allSatisfy { step in
            step.kind == .name && step.extras == nil && !step.carriesTuples
        }
        if isPlain, group == nil, !syntax.carriesTuples {
            let names = syntax.items.map { FieldName($0.text) }
            return NamesPathNode(names, keepsSingleton: syntax.keepsSingleton, position: syntax.position)
        }
        var steps: [Step] = []
        for item in syntax.items { steps.append(try step(item)) }
        return PathNode(
            steps, group: group == nil ? nil : try grouping(group?.pairs ?? [], group?.position ?? 0),
            keepsSingleton: syntax.keepsSingleton, yieldsTuples: syntax.carriesTuples,
            startsWithVariable: syntax.items[0].kind == .variable, position: syntax.position)
    }

    private mutating func step(_ syntax: Syntax) throws(ExpressionError) -> Step {
        let extras = syntax.extras ?? Syntax.Extras()
        var stages: [Step.Stage] = []
        for stage in extras.stages {
            switch stage {
            case .filter(let predicate): stages.append(.filter(try self.predicate(predicate)))
            case .index(let name): stages.append(.index(bound(name)))
            }
        }
        var sort: SortNode?
        if syntax.kind == .sort {
            var terms: [(isDescending: Bool, expression: Node)] = []
            for term in syntax.terms { terms.append((term.isDescending, try node(term.expression))) }
            sort = SortNode(terms, position: syntax.position)
        }
        let stepNode: Node
        if let sort { stepNode = sort } else { stepNode = try node(syntax) }
        return Step(
            node: stepNode, stages: stages, focus: extras.focus.map { bound($0) },
            index: extras.index.map { bound($0) },
            ancestor: syntax.kind == .parent || extras.ancestor == nil ? nil : symbol(of: extras.ancestor),
            carriesTuples: syntax.carriesTuples, isConstructed: syntax.isConstructed, sort: sort)
    }

    /// The symbol of a variable that is given a value.
    private mutating func bound(_ name: String) -> Symbol {
        if Builtin.named(name) != nil { shadowed.insert(name) }
        return symbols.symbol(name)
    }

    private mutating func symbol(of ancestor: Ancestor?) -> Symbol {
        guard let ancestor else { return .none }
        if let known = ancestors[ancestor.label] { return known }
        let symbol = symbols.anonymous()
        ancestors[ancestor.label] = symbol
        return symbol
    }

    private mutating func predicate(_ syntax: Syntax) throws(ExpressionError) -> Predicate {
        let position = syntax.kind == .number && syntax.extras == nil ? syntax.number : nil
        return Predicate(expression: try node(syntax), position: position)
    }

    private mutating func grouping(_ pairs: [(Syntax, Syntax)], _ position: Int) throws(ExpressionError) -> Grouping {
        var compiled: [(name: Node, value: Node)] = []
        for pair in pairs { compiled.append((try node(pair.0), try node(pair.1))) }
        return Grouping(pairs: compiled, position: position)
    }

    /// What errors call the function that is called, and the variable that a plain name may have meant.
    private mutating func names(ofCalled procedure: Syntax) -> (String?, VariableNode?) {
        guard procedure.kind == .path, let first = procedure.items.first else {
            return (procedure.kind == .variable ? procedure.text : nil, nil)
        }
        let variable = VariableNode(symbols.symbol(first.text), name: first.text, position: procedure.position)
        return (first.text, variable)
    }

    private mutating func call(_ syntax: Syntax, piped: Node?, isTail: Bool) throws(ExpressionError) -> Node {
        guard let procedure = syntax.left else { throw ExpressionError("S0207") }
        let (name, misspelt) = names(ofCalled: procedure)
        let called = try node(procedure)
        var arguments: [Node] = []
        for argument in syntax.items { arguments.append(try node(argument)) }
        // $eval may bind variables where it is called.
        if name == "eval" { binds = true }
        return CallNode(
            called, arguments, piped: piped, name: name, misspelt: misspelt, weight: depth, isTail: isTail,
            position: syntax.position)
    }

    private mutating func partial(_ syntax: Syntax) throws(ExpressionError) -> Node {
        guard let procedure = syntax.left else { throw ExpressionError("S0207") }
        let (name, misspelt) = names(ofCalled: procedure)
        let called = try node(procedure)
        var arguments: [Node?] = []
        for argument in syntax.items { arguments.append(argument.kind == .placeholder ? nil : try node(argument)) }
        return PartialNode(called, arguments, name: name, misspelt: misspelt, position: syntax.position)
    }

    private mutating func lambda(_ syntax: Syntax) throws(ExpressionError) -> Node {
        let outer = (depth, binds)
        depth = 0
        let body = try node(syntax.left, isTail: true)
        (depth, binds) = outer
        let parameters = syntax.items.map { bound($0.text) }
        return LambdaNode(Lambda(parameters, syntax.signature, body: body), position: syntax.position)
    }

    private mutating func apply(_ syntax: Syntax) throws(ExpressionError) -> Node {
        guard let function = syntax.right else { throw ExpressionError("S0207") }
        let value = try node(syntax.left)
        if function.kind == .call {
            return try decorate(try call(function, piped: value, isTail: false), as: function)
        }
        let (name, _) = names(ofCalled: function)
        return ApplyNode(value, try node(function), name: name, position: syntax.position)
    }
}
