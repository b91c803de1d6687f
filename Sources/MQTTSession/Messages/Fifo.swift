/// First in, first out: an array whose used-up beginning is cut off when it is the larger part. Empty it owns no memory.
struct Fifo<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }
    var first: Element? { isEmpty ? nil : elements[head] }
    var last: Element? { isEmpty ? nil : elements[elements.count - 1] }

    subscript(index: Int) -> Element {
        get {
            guard let element = elements[head + index] else { preconditionFailure("the element was taken") }
            return element
        }
        set { elements[head + index] = newValue }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        trim()
        return element
    }

    mutating func remove(at index: Int) -> Element? {
        guard index > 0 else { return popFirst() }
        defer { trim() }
        return elements.remove(at: head + index)
    }

    mutating func removeAll() { (elements, head) = ([], 0) }

    mutating func removeAll(where isUnwanted: (Element) -> Bool) {
        guard !isEmpty else { return }
        elements.removeAll { $0.map(isUnwanted) ?? true }
        head = 0
        trim()
    }

    private mutating func trim() {
        if head == elements.count {
            // A large empty array is given back; a small one serves the next message.
            if elements.capacity > 32 { elements = [] } else { elements.removeAll(keepingCapacity: true) }
            head = 0
        } else if head >= 32, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
    }

    var array: [Element] { (0..<count).map { self[$0] } }
}
