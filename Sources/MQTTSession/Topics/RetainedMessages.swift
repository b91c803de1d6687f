import MQTTCodec

/// The last retained message of every topic (§3.3.1.3).
struct RetainedMessages {
    private final class Node {
        var children: [MQTTString: Node] = [:]
        var message: Message?
        /// Where it stands among those with a message.
        var place = 0
    }

    private let root = Node()
    private let limits: QueueLimits
    /// The nodes with a message, in no order.
    private var holders: [Node] = []
    /// How many of them will expire, and where the last search for those that have ended.
    private var expiring = 0
    private var next = 0
    /// The topics whose messages have expired and were removed, until somebody takes them.
    private var forgotten: [MQTTString] = []
    /// About what it all takes, with the nodes of the tree.
    private(set) var bytes = 0

    var count: Int { holders.count }

    init(limits: QueueLimits) { self.limits = limits }

    subscript(topic: MQTTString) -> Message? {
        var node: Node? = root
        topic.forEachLevel { node = node?.children[$0] }
        return node?.message
    }

    private static func footprint(ofLevel level: MQTTString) -> Int { 250 + level.count }

    /// Whether there is room for the message, perhaps in place of another one or of those that have expired.
    mutating func hasRoom(for message: Message, now: Instant) -> Bool {
        if fits(message) { return true }
        removeExpired(now)
        return fits(message)
    }

    private func fits(_ message: Message) -> Bool {
        if message.payload.isEmpty { return true }
        var node: Node? = root
        var added = message.footprint
        message.topic.forEachLevel { level in
            node = node?.children[level]
            if node == nil { added += RetainedMessages.footprint(ofLevel: level) }
        }
        if let present = node?.message { return bytes - present.footprint + added <= limits.bytes }
        return count < limits.messages && bytes + added <= limits.bytes
    }

    /// Keeps the message in place of the one before ([MQTT-3.3.1-5]); without a payload it only removes that
    /// ([MQTT-3.3.1-6], [MQTT-3.3.1-7]).
    ///
    /// - Returns: false when there is no room.
    mutating func set(_ message: Message, now: Instant) -> Bool {
        guard !message.payload.isEmpty else {
            remove(message.topic)
            return true
        }
        guard hasRoom(for: message, now: now) else { return false }
        var node = root
        message.topic.forEachLevel { level in
            if let child = node.children[level] {
                node = child
            } else {
                let child = Node()
                node.children[level.detached()] = child
                bytes += RetainedMessages.footprint(ofLevel: level)
                node = child
            }
        }
        if let present = node.message {
            count(present, -1)
        } else {
            node.place = holders.count
            holders.append(node)
        }
        node.message = message
        count(message, 1)
        return true
    }

    private mutating func count(_ message: Message, _ sign: Int) {
        bytes += sign * message.footprint
        if message.expiry != nil { expiring += sign }
    }

    mutating func remove(_ topic: MQTTString) {
        var path: [(node: Node, level: MQTTString)] = []
        var node: Node? = root
        topic.forEachLevel { level in
            guard let parent = node else { return }
            path.append((parent, level))
            node = parent.children[level]
        }
        guard let found = node, let message = found.message else { return }
        found.message = nil
        count(message, -1)
        let last = holders.removeLast()
        if last !== found {
            holders[found.place] = last
            last.place = found.place
        }
        var leaf = found
        while let (parent, level) = path.popLast(), leaf.children.isEmpty, leaf.message == nil {
            parent.children[level] = nil
            bytes -= RetainedMessages.footprint(ofLevel: level)
            leaf = parent
        }
    }

    /// Looks at some messages in turn, and not at all of them: whoever fills the room with messages that expire one after the
    /// other would make every publish take as long as there are messages.
    mutating func removeExpired(_ now: Instant) {
        guard expiring > 0 else { return }
        for _ in 0..<min(256, count) {
            if next >= count { next = 0 }
            guard next < count, let message = holders[next].message, message.hasExpired(at: now) else {
                next += 1
                continue
            }
            forget(message.topic)
        }
    }

    private mutating func forget(_ topic: MQTTString) {
        remove(topic)
        forgotten.append(topic)
    }

    mutating func takeForgotten() -> [MQTTString] {
        guard !forgotten.isEmpty else { return [] }
        defer { forgotten = [] }
        return forgotten
    }

    /// The messages whose topics match; those that have expired are forgotten on the way.
    ///
    /// - Parameter visited: grows by the nodes that were looked at, which is what the search costs.
    mutating func matching(_ filter: MQTTString, now: Instant, visited: inout Int) -> [Message] {
        var levels: [MQTTString] = []
        filter.forEachLevel { levels.append($0) }
        var found: [Message] = []
        RetainedMessages.collect(root, levels[...], isRoot: true, &found, &visited)
        for message in found where message.hasExpired(at: now) { forget(message.topic) }
        return found.filter { !$0.hasExpired(at: now) }
    }

    private static func collect(
        _ node: Node, _ levels: ArraySlice<MQTTString>, isRoot: Bool, _ found: inout [Message], _ visited: inout Int
    ) {
        visited += 1
        guard let level = levels.first else {
            if let message = node.message { found.append(message) }
            return
        }
        if level.isMultiLevelWildcard {
            // `#` stands for its parent level too (§4.7.1.2).
            if !isRoot, let message = node.message { found.append(message) }
            for (name, child) in node.children where !(isRoot && name.isServerTopic) {
                collect(child, levels, isRoot: false, &found, &visited)
            }
        } else if level.isSingleLevelWildcard {
            for (name, child) in node.children where !(isRoot && name.isServerTopic) {
                collect(child, levels.dropFirst(), isRoot: false, &found, &visited)
            }
        } else if let child = node.children[level] {
            collect(child, levels.dropFirst(), isRoot: false, &found, &visited)
        }
    }
}
