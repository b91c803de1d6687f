import MQTTCodec

/// All subscriptions, arranged so that those that match a topic are found in time that depends on the topic's levels and on
/// what matches, and not on how many there are (MQTT 5.0 §4.7).
///
/// Nodes lie in one array and are joined by one table, at about 300 bytes for a subscription to a topic of its own.
package struct TopicTree<Subscriber: Hashable> {
    private struct Node {
        /// Who subscribed to the filter that ends here.
        var subscribers = SubscriberSet<Subscriber>()
        var groups = GroupSet<Subscriber>()
        let parent: UInt32
        let level: UInt32
        /// The children `+` and `#`; 0, the root, for none.
        var one: UInt32 = 0
        var rest: UInt32 = 0
        var childCount: UInt32 = 0

        var isUnused: Bool { childCount == 0 && subscribers.isEmpty && groups.isEmpty }
    }

    /// A step from a node by a level.
    private struct Edge: Hashable {
        let parent: UInt32
        let level: UInt32
    }

    private var names = LevelNames()
    private var nodes = [Node(parent: 0, level: 0)]
    private var free: [UInt32] = []
    private var edges: [Edge: UInt32] = [:]
    /// The numbers of the levels of the topic that is being matched.
    private var levels: [UInt32] = []
    /// Subscriptions, shared ones included.
    package private(set) var count = 0

    package init() {}

    /// What the tree holds besides subscriptions; nothing when there are none.
    var nodeCount: Int { nodes.count - 1 - free.count }
    var nameCount: Int { names.count }

    // MARK: Subscribing

    /// - Parameters:
    ///   - filter: valid, without `$share/…`.
    ///   - shareName: of a shared subscription.
    ///   - isAwake: whether the subscriber is there; shares turn to those that are.
    /// - Returns: whether the subscription is new; otherwise it replaces the one before.
    @discardableResult
    package mutating func insert(
        _ subscriber: Subscriber, filter: MQTTString, shareName: MQTTString? = nil, _ subscription: Subscription,
        isAwake: Bool = true
    ) -> Bool {
        let node = Int(makeNode(filter))
        let isNew: Bool
        if let shareName {
            if let group = nodes[node].groups[shareName] {
                isNew = group.insert(subscriber, subscription, isAwake: isAwake)
            } else {
                let group = SharedGroup<Subscriber>(
                    share: Share(name: shareName.detached(), filter: filter.detached()))
                isNew = group.insert(subscriber, subscription, isAwake: isAwake)
                nodes[node].groups.insert(group)
            }
        } else {
            isNew = nodes[node].subscribers.insert(subscriber, subscription)
        }
        if isNew { count += 1 }
        return isNew
    }

    /// - Returns: whether there was such a subscription.
    @discardableResult
    package mutating func remove(_ subscriber: Subscriber, filter: MQTTString, shareName: MQTTString? = nil) -> Bool {
        guard let node = findNode(filter) else { return false }
        if let shareName {
            guard let group = nodes[Int(node)].groups[shareName], group.remove(subscriber) != nil else { return false }
            if group.isEmpty { nodes[Int(node)].groups.remove(shareName) }
        } else {
            guard nodes[Int(node)].subscribers.remove(subscriber) != nil else { return false }
        }
        count -= 1
        prune(node, filter)
        return true
    }

    package func group(_ shareName: MQTTString, filter: MQTTString) -> SharedGroup<Subscriber>? {
        guard let node = findNode(filter) else { return nil }
        return nodes[Int(node)].groups[shareName]
    }

    // MARK: Matching

    /// Calls `body` for every subscription that matches, and `shared` for every group.
    package mutating func match(
        _ topic: MQTTString, _ body: (Subscriber, Subscription) -> Void, shared: (SharedGroup<Subscriber>) -> Void
    ) {
        guard count > 0 else { return }
        levels.removeAll(keepingCapacity: true)
        topic.forEachLevel { levels.append(names.number(of: $0) ?? .max) }
        visit(0, depth: 0, isServerTopic: topic.isServerTopic, body, shared)
    }

    private func visit(
        _ node: UInt32, depth: Int, isServerTopic: Bool, _ body: (Subscriber, Subscription) -> Void,
        _ shared: (SharedGroup<Subscriber>) -> Void
    ) {
        // [MQTT-4.7.2-1]: a leading wildcard does not match a leading $.
        let wildcardsMatch = depth > 0 || !isServerTopic
        // `#` stands for its parent level too (§4.7.1.2).
        let rest = nodes[Int(node)].rest
        if rest != 0, wildcardsMatch { emit(rest, body, shared) }
        guard depth < levels.count else { return emit(node, body, shared) }
        let one = nodes[Int(node)].one
        if one != 0, wildcardsMatch {
            visit(one, depth: depth + 1, isServerTopic: isServerTopic, body, shared)
        }
        guard levels[depth] != .max, let child = edges[Edge(parent: node, level: levels[depth])] else { return }
        visit(child, depth: depth + 1, isServerTopic: isServerTopic, body, shared)
    }

    private func emit(
        _ node: UInt32, _ body: (Subscriber, Subscription) -> Void, _ shared: (SharedGroup<Subscriber>) -> Void
    ) {
        nodes[Int(node)].subscribers.forEach(body)
        nodes[Int(node)].groups.forEach(shared)
    }

    // MARK: Nodes

    private func findNode(_ filter: MQTTString) -> UInt32? {
        var node: UInt32? = 0
        filter.forEachLevel { level in
            guard let parent = node else { return }
            node = child(of: parent, level)
        }
        return node == 0 ? nil : node
    }

    private func child(of parent: UInt32, _ level: MQTTString) -> UInt32? {
        if level.isSingleLevelWildcard { return nodes[Int(parent)].one == 0 ? nil : nodes[Int(parent)].one }
        if level.isMultiLevelWildcard { return nodes[Int(parent)].rest == 0 ? nil : nodes[Int(parent)].rest }
        guard let number = names.number(of: level) else { return nil }
        return edges[Edge(parent: parent, level: number)]
    }

    private mutating func makeNode(_ filter: MQTTString) -> UInt32 {
        var levels: [MQTTString] = []
        filter.forEachLevel { levels.append($0) }
        return levels.reduce(0) { parent, level in
            if let child = child(of: parent, level) { return child }
            if level.isSingleLevelWildcard {
                let child = addNode(parent: parent, level: LevelNames.one)
                nodes[Int(parent)].one = child
                return child
            }
            if level.isMultiLevelWildcard {
                let child = addNode(parent: parent, level: LevelNames.rest)
                nodes[Int(parent)].rest = child
                return child
            }
            let number = names.use(level)
            let child = addNode(parent: parent, level: number)
            edges[Edge(parent: parent, level: number)] = child
            return child
        }
    }

    private mutating func addNode(parent: UInt32, level: UInt32) -> UInt32 {
        nodes[Int(parent)].childCount += 1
        let node = Node(parent: parent, level: level)
        if let index = free.popLast() {
            nodes[Int(index)] = node
            return index
        }
        nodes.append(node)
        return UInt32(nodes.count - 1)
    }

    /// Takes out the nodes that nobody needs any more, from the filter's end upwards.
    private mutating func prune(_ leaf: UInt32, _ filter: MQTTString) {
        var levels: [MQTTString] = []
        filter.forEachLevel { levels.append($0) }
        var node = leaf
        while node != 0, nodes[Int(node)].isUnused, let text = levels.popLast() {
            let parent = nodes[Int(node)].parent
            let level = nodes[Int(node)].level
            switch level {
            case LevelNames.one: nodes[Int(parent)].one = 0
            case LevelNames.rest: nodes[Int(parent)].rest = 0
            default:
                edges[Edge(parent: parent, level: level)] = nil
                names.release(text, level)
            }
            nodes[Int(parent)].childCount -= 1
            free.append(node)
            node = parent
        }
    }
}
