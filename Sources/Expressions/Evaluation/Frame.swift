/// The variables of a block, a call or a step, and the frame around it. Used by one evaluation only.
final class Frame {
    private(set) var parent: Frame?
    private var first: (symbol: Symbol, value: Value) = (.none, .undefined)
    private var second: (symbol: Symbol, value: Value) = (.none, .undefined)
    private var others: [(symbol: Symbol, value: Value)] = []
    /// Whether a function refers to it: then it must be emptied at the end, or the two keep each other alive.
    private(set) var isCaptured = false

    init(parent: Frame?) { self.parent = parent }

    /// With `variables`, none of which is among them twice.
    init(parent: Frame?, variables: [(symbol: Symbol, value: Value)]) {
        self.parent = parent
        if let variable = variables.first { first = variable }
        if variables.count > 1 { second = variables[1] }
        if variables.count > 2 { others = Array(variables[2...]) }
    }

    /// How many variables it has, beyond the first two.
    var count: Int { others.count }

    func bind(_ symbol: Symbol, _ value: Value) {
        if first.symbol == symbol || first.symbol == .none {
            first = (symbol, value)
        } else if second.symbol == symbol || second.symbol == .none {
            second = (symbol, value)
        } else if let position = others.firstIndex(where: { $0.symbol == symbol }) {
            others[position].value = value
        } else {
            others.append((symbol, value))
        }
    }

    /// The value in the nearest frame that binds `symbol`, or nil.
    func value(of symbol: Symbol) -> Value? {
        var frame = self
        while true {
            if frame.first.symbol == symbol { return frame.first.value }
            if frame.second.symbol == symbol { return frame.second.value }
            for other in frame.others where other.symbol == symbol { return other.value }
            guard let parent = frame.parent else { return nil }
            frame = parent
        }
    }

    /// Notes that a function refers to this frame and so to those around it; adds those that were not noted yet.
    func capture(into captured: inout [Frame]) {
        var frame: Frame? = self
        while let current = frame, !current.isCaptured {
            current.isCaptured = true
            captured.append(current)
            frame = current.parent
        }
    }

    func empty() {
        parent = nil
        first.value = .undefined
        second.value = .undefined
        others = []
    }
}

/// A variable's name as a number.
struct Symbol: Hashable, Sendable {
    let number: Int32
    static let none = Symbol(number: -1)
}

/// The names of variables. Numbers once given stay: what an evaluation compiles itself adds to those it began with.
struct SymbolTable: Sendable {
    private var symbols: [ExactText: Symbol] = [:]
    private var next: Int32 = 0

    mutating func symbol(_ name: String) -> Symbol {
        if let known = symbols[ExactText(name)] { return known }
        let symbol = anonymous()
        symbols[ExactText(name)] = symbol
        return symbol
    }

    /// A symbol that no name leads to.
    mutating func anonymous() -> Symbol {
        defer { next += 1 }
        return Symbol(number: next)
    }

    /// The table, which leaves an empty one behind.
    mutating func taken() -> SymbolTable {
        let table = self
        self = SymbolTable()
        return table
    }
}
