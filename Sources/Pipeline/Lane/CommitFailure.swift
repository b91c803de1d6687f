import PostgresClient

/// What a lane makes of a failed statement.
enum CommitFailure {
    /// It decided from knowledge that is not current. Read again and decide again, at once.
    case stale
    /// PostgreSQL is away or busy, or the outcome is unknown: try again after a pause. Storing twice has no effect.
    case transient
    /// A message in it can never be stored. Find it and put it aside.
    case poison(String)

    /// Knowledge that stays stale is no such thing: after a few attempts a broken unique is a message's own fault.
    private static let patience = 5

    init(_ error: PostgresError, attempt: Int) {
        guard let fault = error.serverFault else {
            self = .transient
            return
        }
        switch fault.sqlState {
        // RK003: the latest values are another writer's by now, or a rule was changed. 23505: a message was stored already, or an alarm is open
        // already. 40001, 40P01: in each other's way.
        case let state where ["RK003", "23505", "40001", "40P01"].contains(state) && attempt < Self.patience:
            self = .stale
        case "RK003", "40001", "40P01": self = .transient
        // Data exceptions, broken constraints, limits of a row, and what a trigger refuses.
        case let state
        where state.hasPrefix("22") || state.hasPrefix("23") || state.hasPrefix("54") || state == "P0001":
            self = .poison(fault.description)
        default: self = .transient
        }
    }
}
