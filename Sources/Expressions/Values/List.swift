/// An array that an expression made.
package struct List: Sendable {
    /// What an array is besides its elements; this decides how it joins others and how it collapses.
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        /// The outcome of a path or of a function that yields any number of values: it flattens into others, and is no
        /// array any more when it holds one value or none.
        static let sequence = Flags(rawValue: 1)
        /// Stays an array with one value.
        static let keepsSingleton = Flags(rawValue: 2)
        /// Written as `[…]` within a path: it does not flatten.
        static let constructed = Flags(rawValue: 4)
        /// Holds the input that is an array itself, so that a path takes it as one item.
        static let wrapsInput = Flags(rawValue: 8)
    }

    private(set) var elements: [Value]
    var flags: Flags
    /// See ``Value/height``; at least 1.
    private(set) var height: UInt16

    init(_ elements: [Value], flags: Flags = []) {
        self.elements = elements
        self.flags = flags
        height = 1
        for element in elements { raise(over: element) }
    }

    /// Elements that are known to be no arrays, objects or functions.
    init(scalars elements: [Value], flags: Flags = []) {
        self.elements = elements
        self.flags = flags
        height = 1
    }

    init(flags: Flags) { self.init(scalars: [], flags: flags) }

    static func sequence(_ elements: [Value]) -> List { List(elements, flags: .sequence) }

    var count: Int { elements.count }

    mutating func append(_ element: Value) {
        raise(over: element)
        elements.append(element)
    }

    mutating func append(contentsOf others: [Value]) {
        for other in others { raise(over: other) }
        elements.append(contentsOf: others)
    }

    mutating func reserve(_ count: Int) { elements.reserveCapacity(count) }

    @inline(__always)
    private mutating func raise(over element: Value) {
        let under = element.height
        if under >= Int(height) { height = UInt16(clamping: under + 1) }
    }
}
