/// A statement prepared on one connection.
final class PreparedStatement {
    let name: String
    let key: StatementKey
    var lastUse: UInt64
    /// It must not be used again: evicted, refused by the server, or outdated by a schema change.
    var isStale = false
    /// Why the server did not take it: the error of all that had relied on it.
    var refusal: PostgresError?

    init(name: String, key: StatementKey, lastUse: UInt64) {
        self.name = name
        self.key = key
        self.lastUse = lastUse
    }
}

/// Which statements a connection knows, with the least recently used one leaving first.
struct StatementCache {
    private var statements: [StatementKey: PreparedStatement] = [:]
    private var clock: UInt64 = 0
    private let capacity: Int
    /// Names to DEALLOCATE at the next moment outside a transaction.
    private(set) var discarded: [String] = []

    init(capacity: Int) { self.capacity = max(8, capacity) }

    var count: Int { statements.count }

    mutating func find(_ key: StatementKey) -> PreparedStatement? {
        guard let statement = statements[key] else { return nil }
        clock += 1
        statement.lastUse = clock
        return statement
    }

    /// Names a new statement. `keeping`: those that the request being sent still needs.
    mutating func insert(_ key: StatementKey, keeping: [PreparedStatement]) -> PreparedStatement {
        if statements.count >= capacity { evict(keeping: keeping) }
        clock += 1
        let statement = PreparedStatement(name: "s\(clock)", key: key, lastUse: clock)
        statements[key] = statement
        return statement
    }

    /// Forgets a statement. `isOnServer`: it exists there and has to be deallocated.
    mutating func remove(_ statement: PreparedStatement, isOnServer: Bool) {
        guard !statement.isStale else { return }
        statement.isStale = true
        if statements[statement.key] === statement { statements[statement.key] = nil }
        if isOnServer { discarded.append(statement.name) }
    }

    mutating func takeDiscarded() -> [String] {
        defer { discarded.removeAll() }
        return discarded
    }

    private mutating func evict(keeping: [PreparedStatement]) {
        let candidates = statements.values.filter { statement in !keeping.contains { $0 === statement } }
        if let oldest = candidates.min(by: { $0.lastUse < $1.lastUse }) { remove(oldest, isOnServer: true) }
    }
}
