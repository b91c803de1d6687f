/// A part of an expression, first as it is written, then with its paths resolved (``PathResolver``).
final class Syntax {
    enum Kind {
        case name, string, number, literal, variable, wildcard, descendants, parent, regex, end, placeholder
        /// `operation` with `left` and `right`.
        case binary
        /// A list of values: `items`.
        case array
        /// An object: `pairs`.
        case object
        case negation
        /// A call of `left` with the arguments `items`; `partial` has placeholders among them.
        case call, partial
        /// Parameters `items`, body `left`.
        case lambda
        /// `left` decides between `right` and `third`.
        case condition
        /// `left` unless it is missing or false, otherwise `right`.
        case fallback, coalesce
        /// Pattern `left`, update `right`, deletion `third`.
        case transform
        /// `items` one after the other; the value is the last one's.
        case block
        /// A step that brings the items into the order of `terms`.
        case sort

        // Only once resolved:
        /// `items` are its steps.
        case path
        /// `text` names the variable, `right` is its value.
        case bind
        /// `left ~> right`.
        case apply
    }

    var kind: Kind
    /// The byte just behind the word that makes it what it is.
    let position: Int
    var text = ""
    var number = 0.0
    var operation = Operator.end
    var left: Syntax?
    var right: Syntax?
    var third: Syntax?
    var items: [Syntax] = []
    var pairs: [(Syntax, Syntax)] = []
    var terms: [(isDescending: Bool, expression: Syntax)] = []
    var signature: Signature?
    var regexFlags = RegexFlags()
    /// How many parts lie within each other from here on.
    var height = 1

    /// Followed by `[]`: one value stays an array.
    var keepsArray = false
    /// A path of which a step keeps its array.
    var keepsSingleton = false
    /// An array that does not flatten into its path.
    var isConstructed = false
    var carriesTuples = false
    var extras: Extras?

    /// What only parts of paths have.
    struct Extras {
        /// Predicates of something that is no step of a path.
        var predicates: [Syntax] = []
        var stages: [Stage] = []
        var group: (pairs: [(Syntax, Syntax)], position: Int)?
        /// The variable of `@`, of `#`.
        var focus: String?
        var index: String?
        /// Where a `%` further on finds what this step stepped from.
        var ancestor: Ancestor?
        /// The `%` within that did not find their object yet.
        var seeking: [Ancestor] = []
    }

    enum Stage {
        case filter(Syntax)
        case index(String)
    }

    init(_ kind: Kind, _ position: Int, text: String = "") {
        self.kind = kind
        self.position = position
        self.text = text
    }
}

/// The object that a `%` means: how many levels up it is still to be looked for, and under which number the step that is
/// found keeps it.
final class Ancestor {
    var level = 1
    var label: Int

    init(label: Int) { self.label = label }
}

extension Syntax {
    func with(_ change: (inout Extras) -> Void) {
        var changed = extras ?? Extras()
        // Not held twice, so that what grows in it is not copied each time.
        extras = nil
        change(&changed)
        extras = changed
    }

    var seeking: [Ancestor] { extras?.seeking ?? [] }

    /// What messages call it.
    var token: String {
        switch kind {
        case .path, .sort: items.first?.text ?? "path"
        case .parent: "%"
        case .wildcard: "*"
        case .array: "["
        case .object: "{"
        case .end: "(end)"
        default: text.isEmpty ? (operation == .end ? "this" : operation.rawValue) : text
        }
    }
}
