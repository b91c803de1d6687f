import CRE2

/// Which parts of its input an expression may look at: paths of names, each with all that lies beneath it.
///
/// It never names too little; where that cannot be told, it names the object within which the expression looks.
package struct ReadPaths: Sendable, Equatable {
    /// More of them stand for the whole input, and longer ones for their beginning.
    private static let mostPaths = 256
    private static let mostNames = 8
    /// In the order in which the expression comes to them. A path of no names is the whole input.
    package private(set) var paths: [[String]] = []

    /// Whether the value may depend on the member of that name of the input.
    package func touches(_ name: String) -> Bool { paths.contains { $0.first.map { $0 == name } ?? true } }

    /// Whether it reads the input as a whole.
    package var isEverything: Bool { paths.contains([]) }

    init(paths: [[String]]) { for path in paths { add(Array(path.prefix(Self.mostNames))) } }

    /// `shadowed` names the functions of the library that `syntax` binds to something of its own.
    init(of syntax: Syntax, shadowed: Set<String>) {
        var reader = Reader(shadowed: shadowed)
        reader.note(syntax, at: .input([]))
        self.init(paths: reader.found)
    }

    private mutating func add(_ path: [String]) {
        guard !paths.contains(where: { path.starts(with: $0) }) else { return }
        paths.removeAll { $0.starts(with: path) }
        paths.append(path)
        if paths.count > Self.mostPaths { paths = [[]] }
    }

    /// Where a value comes from.
    private enum Origin {
        /// It lies at this path of the input, or in an array there.
        case input([String])
        /// It was made; what it was made from has been noted.
        case made
    }

    private struct Reader {
        private(set) var found: [[String]] = []
        private let shadowed: Set<String>
        private let deepestFrame = UInt(cre2_frame_address()) - (160 << 10)

        init(shadowed: Set<String>) { self.shadowed = shadowed }

        /// Notes that the value there is looked at.
        mutating func note(_ origin: Origin) { if case .input(let path) = origin { found.append(path) } }

        mutating func note(_ syntax: Syntax?, at context: Origin) {
            guard let syntax else { return }
            note(read(syntax, at: context))
        }

        /// Where the value of `syntax` comes from; what it looks at on the way is noted.
        mutating func read(_ syntax: Syntax, at context: Origin) -> Origin {
            guard UInt(cre2_frame_address()) > deepestFrame else {
                note(.input([]))
                return .made
            }
            return readExtras(of: syntax, from: readKind(syntax, at: context), at: context)
        }

        /// Where the value comes from once it went from `base` through what follows on `syntax`.
        private mutating func readExtras(of syntax: Syntax, from base: Origin, at context: Origin) -> Origin {
            var origin = base
            guard let extras = syntax.extras else { return origin }
            for predicate in extras.predicates { note(predicate, at: origin) }
            if let group = extras.group {
                let known = found.count
                for pair in group.pairs {
                    note(pair.0, at: origin)
                    note(pair.1, at: origin)
                }
                noteItems(of: origin, since: known)
                origin = .made
            }
            if extras.focus != nil {
                // The variable leads to it from anywhere further on, while the context stays what it was.
                note(origin)
                origin = context
            } else if extras.isNumbered {
                // Whatever lies beneath it, it counts.
                note(origin)
            }
            for case .filter(let predicate) in extras.stages { note(predicate, at: origin) }
            return origin
        }

        private mutating func readKind(_ syntax: Syntax, at context: Origin) -> Origin {
            switch syntax.kind {
            case .path:
                return readPath(syntax.items, at: context)
            case .name:
                guard case .input(let path) = context else { return .made }
                return path.count < ReadPaths.mostNames ? .input(path + [syntax.text]) : context
            case .variable:
                switch syntax.text {
                case "": return context
                case "$": return .input([])
                case "eval":
                    // What it is going to be given may read anything, wherever it is called.
                    note(.input([]))
                    return .made
                default: return .made
                }
            case .sort:
                for term in syntax.terms { note(term.expression, at: context) }
                return context
            case .wildcard, .descendants:
                note(context)
                return .made
            case .parent:
                // Anything around the context.
                note(.input([]))
                return .made
            case .block:
                var origin = Origin.made
                for (index, item) in syntax.items.enumerated() {
                    origin = read(item, at: context)
                    if index < syntax.items.count - 1 { note(origin) }
                }
                return origin
            case .call, .partial:
                readCall(syntax, at: context, piped: false)
                return .made
            case .apply:
                note(syntax.left, at: context)
                if let right = syntax.right, right.kind == .call {
                    readCall(right, at: context, piped: true)
                    note(readExtras(of: right, from: .made, at: context))
                } else {
                    note(syntax.right, at: context)
                }
                return .made
            case .transform:
                // Within it the context is a copy of what it is applied to, which is noted there.
                for part in [syntax.left, syntax.right, syntax.third] { note(part, at: .made) }
                return .made
            case .lambda:
                note(syntax.left, at: context)
                return .made
            default:
                for part in [syntax.left, syntax.right, syntax.third] { note(part, at: context) }
                for item in syntax.items { note(item, at: context) }
                for pair in syntax.pairs {
                    note(pair.0, at: context)
                    note(pair.1, at: context)
                }
                return .made
            }
        }

        private mutating func readPath(_ steps: [Syntax], at context: Origin) -> Origin {
            var origin = context
            for (position, step) in steps.enumerated() {
                let before = origin
                let known = found.count
                origin = read(step, at: before)
                guard position > 0, case .input(let path) = before else { continue }
                if case .input(let next) = origin, next.starts(with: path) { continue }
                noteItems(of: before, since: known)
            }
            return origin
        }

        /// Notes what is stepped from unless something beneath it has been noted since: what looks at nothing there is
        /// evaluated all the same as often as there are items.
        private mutating func noteItems(of origin: Origin, since known: Int) {
            guard case .input(let path) = origin else { return }
            if found[known...].last(where: { $0.starts(with: path) }) == nil { note(origin) }
        }

        private mutating func readCall(_ syntax: Syntax, at context: Origin, piped: Bool) {
            for argument in syntax.items { note(argument, at: context) }
            guard let procedure = syntax.left else { return }
            guard procedure.kind == .variable, procedure.text != "eval", !shadowed.contains(procedure.text),
                let builtin = Builtin.named(procedure.text)
            else {
                // A function of one's own, or one that takes the context if it likes.
                note(procedure, at: context)
                if procedure.kind != .lambda || procedure.signature != nil { note(context) }
                return
            }
            let given = syntax.items.count + (piped ? 1 : 0)
            if builtin.signature.mayUseContext(given: given) { note(context) }
        }
    }
}

extension Syntax.Extras {
    fileprivate var isNumbered: Bool {
        index != nil || stages.contains { stage in if case .index = stage { true } else { false } }
    }
}
