import JSON
import Kernel

/// What the server says on a live connection beside events; each is one JSON object with a `type`.
package enum ServerMessage {
    /// The first message: where the organization's sequence stands, to resume from before anything else has come.
    package static func welcome(
        connectionID: String, epoch: String, sequence: Int64, heartbeatSeconds: Int
    ) -> [UInt8] {
        object("welcome") { json in
            json.field("connection_id", connectionID)
            json.field("epoch", epoch)
            json.field("seq", sequence)
            json.field("heartbeat_seconds", heartbeatSeconds)
        }
    }

    /// The answer to `subscribe`, `unsubscribe` and `resume`: all topics now listened to, and the sequence from which on
    /// they are.
    package static func acknowledged(_ id: JSONValue?, _ standing: RealtimeStanding) -> [UInt8] {
        object("ack", id: id) { json in
            json.field("epoch", standing.epoch)
            json.field("seq", standing.sequence)
            json.field("topics", standing.topics.map(\.description).sorted())
        }
    }

    package static func pong(_ id: JSONValue?) -> [UInt8] { object("pong", id: id) { _ in } }

    /// A sign of life where the transport has none of its own.
    package static let heartbeat: [UInt8] = object("heartbeat") { _ in }

    /// A refusal, with the same codes and faults as a problem of the HTTP API. The connection goes on.
    package static func refused(_ id: JSONValue?, _ error: ServiceError) -> [UInt8] {
        object("error", id: id) { json in
            json.field("code", error.code.rawValue)
            json.field("title", error.code.title)
            json.field("detail", error.detail)
            guard !error.fields.isEmpty else { return }
            json.field("errors") { json in
                json.array { json in
                    for fault in error.fields {
                        json.object { json in
                            json.field("pointer", fault.pointer)
                            json.field("detail", fault.detail)
                        }
                    }
                }
            }
        }
    }

    /// Events up to `sequence` are left out. `state` is one JSON value that says how things stand at least since then;
    /// nil when it could not be read: the client asks the HTTP API.
    package static func snapshot(
        _ gap: RealtimeConnection.Gap, epoch: String, sequence: Int64, state: [UInt8]?
    ) -> [UInt8] {
        object("snapshot") { json in
            json.field("epoch", epoch)
            json.field("seq", sequence)
            json.field("reason", gap.rawValue)
            json.field("state") { json in
                if let state { json.raw(state) } else { json.null() }
            }
        }
    }

    /// The last message of a connection that the server ends.
    package static func goodbye(_ ending: RealtimeConnection.Ending) -> [UInt8] {
        object("goodbye") { $0.field("reason", ending.rawValue) }
    }

    private static func object(
        _ type: String, id: JSONValue? = nil, _ members: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("type", type)
            if let id { json.field("id", id) }
            members(&json)
        }
        return json.bytes
    }
}
