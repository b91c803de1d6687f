import HummingbirdCore
import JSON
import Kernel
import NIOCore
import Realtime
import ServiceLifecycle

/// Carries a live connection as server-sent events (HTML Living Standard, section 9.2): the event's kind as `event`, its
/// place in the sequence as `id`, and the same JSON as on a WebSocket as `data`.
struct LiveEventStream: Sendable {
    let session: RealtimeSession
    /// Ends the connection also when nobody ever reads the stream.
    let lease: LiveLease
    let review: CredentialReview
    let request: TenantRequest

    private static let heartbeat = Duration.seconds(15)

    /// Writes until either side ends it, or the server shuts down.
    func write(to writer: inout any ResponseBodyWriter) async throws {
        let connection = session.connection
        try await withGracefulShutdownHandler {
            try await writeEvents(to: &writer)
        } onGracefulShutdown: {
            connection.end(.shutdown)
        }
    }

    private func writeEvents(to writer: inout any ResponseBodyWriter) async throws {
        let connection = session.connection
        defer { lease.giveUp() }
        let beating = Task {
            while (try? await Task.sleep(for: Self.heartbeat)) != nil { connection.beat(ServerMessage.heartbeat) }
        }
        review.watch(connection, opened: request)
        defer {
            beating.cancel()
            review.forget(connection)
        }
        var buffer = ByteBuffer()
        buffer.writeString("retry: 3000\n\n")
        try await writer.write(buffer)
        while true {
            let messages: [RealtimeConnection.Message]
            do throws(RealtimeConnection.Ending) {
                messages = try await connection.next()
            } catch {
                buffer.clear()
                buffer.writeEvent("goodbye", id: nil, ServerMessage.goodbye(error))
                return try await writer.write(buffer)
            }
            let epoch = session.hub.standing(of: connection).epoch
            buffer.clear()
            for message in messages {
                switch message {
                case .event(let event):
                    buffer.writeEvent(event.event.kind.rawValue, id: (epoch, event.sequence), event.bytes)
                case .answer(let bytes) where bytes == ServerMessage.heartbeat: buffer.writeString(": heartbeat\n\n")
                case .answer(let bytes): buffer.writeEvent("control", id: nil, bytes)
                case .snapshot(let gap, let sequence):
                    buffer.writeEvent(
                        "snapshot", id: (epoch, sequence), await session.snapshot(gap, sequence: sequence))
                }
            }
            try await writer.write(buffer)
        }
    }

    /// Reads `Last-Event-ID`: the epoch and the number of the last event that the client has seen.
    static func position(lastEventID text: String) -> (epoch: String, sequence: Int64)? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count <= 64, let sequence = Int64(parts[1]), sequence >= 0 else {
            return nil
        }
        return (epoch: String(parts[0]), sequence: sequence)
    }
}

/// Takes a connection off the hub at the latest when whoever carries it is gone.
final class LiveLease: Sendable {
    private let hub: RealtimeHub
    private let connection: RealtimeConnection

    init(hub: RealtimeHub, connection: RealtimeConnection) {
        self.hub = hub
        self.connection = connection
    }

    func giveUp() { hub.disconnect(connection) }

    deinit { giveUp() }
}

extension ByteBuffer {
    /// The data is one line: the platform's JSON has no line breaks outside of strings, where they are escaped.
    fileprivate mutating func writeEvent(_ name: String, id: (epoch: String, sequence: Int64)?, _ data: [UInt8]) {
        if let id { writeString("id: \(id.epoch).\(id.sequence)\n") }
        writeString("event: \(name)\ndata: ")
        writeBytes(data)
        writeString("\n\n")
    }
}
