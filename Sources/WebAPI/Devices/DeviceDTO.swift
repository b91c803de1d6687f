import Devices
import JSON
import Kernel
import Resources
import Secrets

/// The answer to a question after one device's connection.
struct ConnectionAnswer: JSONWritable {
    let deviceID: DeviceID
    let connection: DeviceConnection
    let thresholds: ConnectionThresholds

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("device_id", deviceID)
            json.field("connection", connection.state.rawValue)
            json.field("since", connection.since)
            json.field("last_seen_at", connection.lastSeen)
            json.field("peer", connection.peer.isEmpty ? nil : connection.peer)
            json.field("protocol", connection.transport.isEmpty ? nil : connection.transport)
            json.field("degraded_after_seconds", thresholds.degradedAfterSeconds)
            json.field("offline_after_seconds", thresholds.offlineAfterSeconds)
        }
    }
}

extension ConnectionStatistics: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("site_id", siteID)
            json.field("at", at)
            json.field("total", total)
            json.field("by_connection") { json in
                json.object { json in
                    for state in DeviceConnection.State.allCases { json.field(named: state.rawValue, count(state)) }
                }
            }
            json.field("by_type", types)
        }
    }

    private var types: [TypeCounts] {
        var types: [TypeCounts] = []
        for row in rows {
            if types.last?.id != row.typeID { types.append(TypeCounts(id: row.typeID, name: row.typeName, rows: [])) }
            types[types.count - 1].rows.append(row)
        }
        return types
    }

    private struct TypeCounts: JSONWritable {
        let id: DeviceTypeID
        let name: String
        var rows: [Row]

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("type_id", id)
                json.field("type", name)
                json.field("devices", rows.reduce(0) { $0 + $1.devices })
                json.field("online", rows.reduce(0) { $0 + ($1.state == .online ? $1.devices : 0) })
                json.field("offline", rows.reduce(0) { $0 + ($1.state == .offline ? $1.devices : 0) })
            }
        }
    }
}

extension DeviceCredential: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in writeMembers(to: &json) }
    }

    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.field("id", id)
        json.field("device_id", deviceID)
        json.field("kind", kind.rawValue)
        json.field("valid_until", validUntil)
        json.field("revoked_at", revokedAt)
        json.field("last_used_at", lastUsed)
        revision.writeMembers(to: &json)
    }
}

extension IssuedCredential: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            credential.writeMembers(to: &json)
            json.field("token", token.revealed)
        }
    }
}
