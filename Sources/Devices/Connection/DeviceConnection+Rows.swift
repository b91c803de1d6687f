import JSON
import Kernel
import PostgresClient

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

    /// ` and …`: a device `d` is in one of these states. What silence makes of a state is asked device by device; the others
    /// are stored as they are, and an index finds the few that have them.
    static func condition(_ states: [State]) -> SQL {
        let fading = states.filter { [.online, .degraded, .offline].contains($0) }
        let lasting = states.filter { !fading.contains($0) }
        var alternatives: [SQL] = []
        if !fading.isEmpty {
            let stored = fading == [.online] ? fading : [.online, .degraded, .offline]
            alternatives.append(
                """
                exists (
                    select from app.device_presence p join app.device_types t on t.id = d.type_id
                    where p.device_id = d.id and p.connection = any(\(stored.map(\.rawValue)))
                        and \(stateNow) = any(\(fading.map(\.rawValue))))
                """)
        }
        if !lasting.isEmpty {
            alternatives.append(
                """
                d.id in (
                    select p.device_id from app.device_presence p where p.connection = any(\(lasting.map(\.rawValue))))
                """)
        }
        // A device that was never heard has no row.
        if states.contains(.unknown) {
            alternatives.append("not exists (select from app.device_presence p where p.device_id = d.id)")
        }
        // One alone is a join to the planner; among others it would be asked of every device.
        guard let first = alternatives.first else { return .empty }
        if alternatives.count == 1 { return " and \(first)" }
        return alternatives.dropFirst().reduce(" and (\(first)") { $0 + " or \($1)" } + ")"
    }
}
