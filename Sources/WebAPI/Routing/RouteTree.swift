/// Finds what belongs to a path: literal segments win over parameters, `{*rest}` takes what is left.
struct RouteTree<Leaf: Sendable>: Sendable {
    struct Match: Sendable {
        let leaves: [String: Leaf]
        let parameters: [String: String]
    }

    private struct Node: Sendable {
        var literals: [String: Int] = [:]
        var parameter: Int?
        var rest: Int?
        /// By method; each with the names of the parameters on its way, because `/devices/{id}` and `/devices/{key}/x` may
        /// name the same place differently.
        var leaves: [String: Leaf] = [:]
        var names: [String] = []
    }

    private var nodes: [Node] = [Node()]

    /// - Precondition: method and path are new, and all methods of a path name its parameters alike.
    mutating func insert(_ leaf: Leaf, method: String, path: String) {
        var at = 0
        var names: [String] = []
        for segment in path.split(separator: "/") {
            if segment.hasPrefix("{*") {
                names.append(String(segment.dropFirst(2).dropLast()))
                at = child(of: at, \.rest)
            } else if segment.hasPrefix("{") {
                names.append(String(segment.dropFirst().dropLast()))
                at = child(of: at, \.parameter)
            } else if let next = nodes[at].literals[String(segment)] {
                at = next
            } else {
                nodes.append(Node())
                nodes[at].literals[String(segment)] = nodes.count - 1
                at = nodes.count - 1
            }
        }
        precondition(nodes[at].leaves[method] == nil, "\(method) \(path) is registered twice")
        precondition(
            nodes[at].leaves.isEmpty || nodes[at].names == names, "\(path): its methods name its parameters differently"
        )
        nodes[at].leaves[method] = leaf
        nodes[at].names = names
    }

    private mutating func child(of at: Int, _ kind: WritableKeyPath<Node, Int?>) -> Int {
        if let next = nodes[at][keyPath: kind] { return next }
        nodes.append(Node())
        nodes[at][keyPath: kind] = nodes.count - 1
        return nodes.count - 1
    }

    /// Nil when nothing is at that path for any method.
    /// - Parameter segments: the path's segments, percent-decoded.
    func find(_ segments: [String]) -> Match? {
        var values: [String] = []
        guard let node = find(segments[...], at: 0, &values) else { return nil }
        let names = nodes[node].names
        let parameters = Dictionary(zip(names, values)) { first, _ in first }
        return Match(leaves: nodes[node].leaves, parameters: parameters)
    }

    private func find(_ segments: ArraySlice<String>, at: Int, _ values: inout [String]) -> Int? {
        guard let segment = segments.first else { return nodes[at].leaves.isEmpty ? nil : at }
        if let next = nodes[at].literals[segment], let found = find(segments.dropFirst(), at: next, &values) {
            return found
        }
        if let next = nodes[at].parameter, !segment.isEmpty {
            values.append(segment)
            if let found = find(segments.dropFirst(), at: next, &values) { return found }
            values.removeLast()
        }
        if let next = nodes[at].rest, !nodes[next].leaves.isEmpty {
            values.append(segments.joined(separator: "/"))
            return next
        }
        return nil
    }
}
