import JSON
import Kernel
import PostgresClient

/// Whether a device is there (DEV-4).
package struct DeviceConnection: Sendable, Hashable {
    package enum State: String, Sendable, CaseIterable { case unknown, connecting, online, degraded, offline, error }

    package let state: State
    /// Since when it is in this state.
    package let since: Timestamp?
    package let lastSeen: Timestamp?
    package let peer: String
    package let transport: String

    package static let never = DeviceConnection(state: .unknown, since: nil, lastSeen: nil, peer: "", transport: "")

    package init(state: State, since: Timestamp?, lastSeen: Timestamp?, peer: String, transport: String) {
        self.state = state
        self.since = since
        self.lastSeen = lastSeen
        self.peer = peer
        self.transport = transport
    }

    /// What the stored state means at `now`: silence counts although nobody has written it down yet.
    package func seen(at now: Timestamp, _ thresholds: ConnectionThresholds) -> DeviceConnection {
        guard let lastSeen, state == .online || state == .degraded else { return self }
        let silence = now - lastSeen
        let degradedAt = lastSeen + .seconds(thresholds.degradedAfterSeconds)
        let offlineAt = lastSeen + .seconds(thresholds.offlineAfterSeconds)
        if silence >= .seconds(thresholds.offlineAfterSeconds) { return changed(to: .offline, offlineAt) }
        if silence >= .seconds(thresholds.degradedAfterSeconds), state == .online {
            return changed(to: .degraded, degradedAt)
        }
        return self
    }

    private func changed(to state: State, _ since: Timestamp) -> DeviceConnection {
        DeviceConnection(state: state, since: since, lastSeen: lastSeen, peer: peer, transport: transport)
    }
}

/// When silence means what, by device type.
package struct ConnectionThresholds: Sendable, Hashable {
    package var degradedAfterSeconds: Int64
    package var offlineAfterSeconds: Int64
    package static let standard = ConnectionThresholds(degradedAfterSeconds: 300, offlineAfterSeconds: 900)

    package init(degradedAfterSeconds: Int64, offlineAfterSeconds: Int64) {
        self.degradedAfterSeconds = degradedAfterSeconds
        self.offlineAfterSeconds = offlineAfterSeconds
    }

    /// From a type's `thresholds.connection`; what is not given is the standard.
    package init(_ document: JSONValue?) {
        degradedAfterSeconds = document?["degraded_after_seconds"]?.integer ?? Self.standard.degradedAfterSeconds
        offlineAfterSeconds = document?["offline_after_seconds"]?.integer ?? Self.standard.offlineAfterSeconds
    }

    static func faults(in document: JSONValue?) -> [MetadataSchema.Fault] {
        guard let document else { return [] }
        guard let members = document.object?.members else { return [("", "must be an object")] }
        var faults: [MetadataSchema.Fault] = []
        for (name, value) in members {
            guard ["degraded_after_seconds", "offline_after_seconds"].contains(name) else {
                faults.append(("/\(name)", "is not a known field"))
                continue
            }
            if !(value.integer.map { (10...31_536_000).contains($0) } ?? false) {
                faults.append(("/\(name)", "must be a whole number from 10 to 31536000"))
            }
        }
        let thresholds = ConnectionThresholds(document)
        if faults.isEmpty, thresholds.degradedAfterSeconds >= thresholds.offlineAfterSeconds {
            faults.append(("/degraded_after_seconds", "must be below offline_after_seconds"))
        }
        return faults
    }
}

/// How many devices are in which state.
package struct ConnectionStatistics: Sendable {
    package struct Row: Sendable {
        package let typeID: DeviceTypeID
        package let typeName: String
        package let state: DeviceConnection.State
        package let devices: Int
    }

    package let siteID: SiteID
    package let at: Timestamp
    package let rows: [Row]

    package var total: Int { rows.reduce(0) { $0 + $1.devices } }

    package func count(_ state: DeviceConnection.State) -> Int {
        rows.reduce(0) { $0 + ($1.state == state ? $1.devices : 0) }
    }
}
