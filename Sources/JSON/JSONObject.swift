/// The members of a JSON object in the order in which they were written. Equality ignores the order.
package struct JSONObject: Sendable {
    package private(set) var members: [(name: String, value: JSONValue)] = []
    /// Only for large objects: small ones are searched faster than hashed.
    private var positions: [String: Int]?
    private static let indexedFrom = 24

    package init() {}

    /// `members` must not name anything twice.
    package init(uniqueMembers members: [(String, JSONValue)]) {
        self.members = members.map { (name: $0.0, value: $0.1) }
        buildIndex()
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
    package var names: [String] { members.map(\.name) }

    package subscript(_ name: String) -> JSONValue? {
        get { position(of: name).map { members[$0].value } }
        set {
            switch (position(of: name), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                buildIndex()
            case (nil, let value?):
                members.append((name: name, value: value))
                if positions != nil { positions?[name] = members.count - 1 } else { buildIndex() }
            case (nil, nil): break
            }
        }
    }

    private func position(of name: String) -> Int? {
        if let positions { return positions[name] }
        return members.firstIndex { $0.name == name }
    }

    private mutating func buildIndex() {
        guard members.count >= Self.indexedFrom else { return positions = nil }
        var positions: [String: Int] = [:]
        for (position, member) in members.enumerated() { positions[member.name] = position }
        self.positions = positions
    }
}

extension JSONObject: Hashable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.name] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for name in names.sorted() {
            hasher.combine(name)
            hasher.combine(self[name])
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(uniqueMembers: elements) }
}
