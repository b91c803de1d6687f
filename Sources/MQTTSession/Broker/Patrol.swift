/// Things that are looked at in turn to see whether their time has come.
///
/// A timer of its own would cost each connection more memory than all the rest of its state; going round them costs some
/// nanoseconds each. With many of them a round takes longer than a second, and deadlines are noticed that much later.
struct Patrol<Element: Patrolled> {
    private var elements: [Element] = []
    private var next = 0

    var count: Int { elements.count }
    var all: [Element] { elements }

    mutating func add(_ element: Element) {
        guard element.patrolPlace == nil else { return }
        element.patrolPlace = elements.count
        elements.append(element)
    }

    mutating func remove(_ element: Element) {
        guard let place = element.patrolPlace else { return }
        let last = elements.removeLast()
        if place < elements.count {
            elements[place] = last
            last.patrolPlace = place
        }
        element.patrolPlace = nil
    }

    /// The next ones in turn: a fifth of all, at least 100 and at most 5,000.
    mutating func nextOnes() -> ArraySlice<Element> {
        if next >= elements.count { next = 0 }
        let end = min(elements.count, next + min(5_000, max(100, elements.count / 5)))
        defer { next = end }
        return elements[next..<end]
    }
}

protocol Patrolled: AnyObject {
    /// Where it stands in its patrol.
    var patrolPlace: Int? { get set }
}
