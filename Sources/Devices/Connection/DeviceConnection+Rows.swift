internal import JSON
internal import Kernel
internal import PostgresClient

/// The stored state says how a device was when it last spoke; silence since then counts although nobody writes it down.
/// What a device is now is derived here for every reader: one device by ``seen(at:_:)``, conditions and counts by
/// ``stateNow``, both at the time of the transaction.
extension DeviceConnection {
    /// Of a device `d` with its presence `p`, which may be missing. Read by ``read(from:)``.
    static let columns: SQL = """
        p.connection, p.since_at, p.seen_at, p.peer, p.protocol,
        (select t.thresholds -> 'connection' from app.device_types t where t.id = d.type_id), now()
        """

    static func read(
        from row: inout RowReader
    ) throws -> (connection: DeviceConnection, thresholds: ConnectionThresholds) {
        let stored = DeviceConnection(
            state: try row.next(String?.self).flatMap(State.init(rawValue:)) ?? .unknown, since: try row.next(),
            lastSeen: try row.next(), peer: try row.next(String?.self) ?? "",
            transport: try row.next(String?.self) ?? "")
        let thresholds = ConnectionThresholds(try row.next(JSONValue?.self))
        return (connection: stored.seen(at: try row.next(), thresholds), thresholds: thresholds)
    }

    /// The state as text, of a presence `p` and its device's type `t`.
    static let stateNow: SQL = """
        case
            when p.connection is null then 'unknown'
            when p.connection in ('online', 'degraded') and p.seen_at <= now() - make_interval(secs => coalesce(
                (t.thresholds #>> '{connection,offline_after_seconds}')::float8, 900)) then 'offline'
            when p.connection = 'online' and p.seen_at <= now() - make_interval(secs => coalesce(
                (t.thresholds #>> '{connection,degraded_after_seconds}')::float8, 300)) then 'degraded'
            else p.connection
        end
        """

    /// ` and …`: a device `d` is in one of these states. The stored states that can have become one of them are few for all
    /// but silent devices, and an index has them.
    static func condition(_ states: [State]) -> SQL {
        let silent = states.contains(.offline) || states.contains(.degraded)
        let stored = Set(states.map(\.rawValue)).union(silent ? [State.online.rawValue, State.degraded.rawValue] : [])
        let heard: SQL = """
            exists (
                select from app.device_presence p join app.device_types t on t.id = d.type_id
                where p.device_id = d.id and p.connection = any(\(stored.sorted()))
                    and \(stateNow) = any(\(states.map(\.rawValue))))
            """
        // A device that was never heard has no row.
        guard states.contains(.unknown) else { return " and \(heard)" }
        return " and (\(heard) or not exists (select from app.device_presence p where p.device_id = d.id))"
    }
}
