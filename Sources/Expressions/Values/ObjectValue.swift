/// An object that an expression made, or that was fed to one: its members in order, never changed once built.
package final class ObjectValue: Sendable {
    let members: [(name: String, value: Value)]
    /// See ``Value/height``; at least 1.
    let height: UInt16
    /// Only for large objects: small ones are searched faster than hashed.
    private let positions: [ExactText: Int]?
    private static let indexedFrom = 16

    /// `members` must not name anything twice.
    package init(uniqueMembers members: [(String, Value)]) {
        self.members = members.map { (name: $0.0, value: $0.1) }
        var height = 1
        for member in members { height = max(height, member.1.height + 1) }
        self.height = UInt16(clamping: height)
        guard members.count >= Self.indexedFrom else {
            positions = nil
            return
        }
        var positions: [ExactText: Int] = [:]
        positions.reserveCapacity(members.count)
        for (position, member) in members.enumerated() { positions[ExactText(member.0)] = position }
        self.positions = positions
    }

    var count: Int { members.count }

    subscript(_ name: String) -> Value? {
        if let positions { return positions[ExactText(name)].map { members[$0].value } }
        for member in members where member.name.isSameText(as: name) { return member.value }
        return nil
    }
}

/// Collects the members of an object; a name that comes again replaces the value and keeps its place.
struct ObjectBuilder {
    private(set) var members: [(String, Value)] = []
    private var positions: [ExactText: Int] = [:]

    init() {}

    init(_ members: [(name: String, value: Value)]) {
        for member in members { self[member.name] = member.value }
    }

    var value: Value { .object(ObjectValue(uniqueMembers: members)) }

    subscript(_ name: String) -> Value {
        get { positions[ExactText(name)].map { members[$0].1 } ?? .undefined }
        set {
            let key = ExactText(name)
            if let position = positions[key] {
                members[position].1 = newValue
            } else {
                positions[key] = members.count
                members.append((name, newValue))
            }
        }
    }
}

/// A text that equals only the same scalars: Swift's own equality takes canonically equivalent texts for the same.
struct ExactText: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: ExactText, right: ExactText) -> Bool { left.text.isSameText(as: right.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// Whether both are the same scalars. Texts that differ for Swift differ here too, and that is told faster.
    @inline(__always)
    func isSameText(as other: String) -> Bool {
        utf8.count == other.utf8.count && self == other && utf8.elementsEqual(other.utf8)
    }
}
