import JSON
import Kernel
import Tenancy

/// What live connections need from the rest of the platform.
package protocol RealtimeReader: Sendable {
    /// Checks that what the topics name exists in the connection's organization.
    /// - Throws: ``ServiceError`` `not-found`, the same for another organization's ids as for unknown ones.
    func requireExistence(of topics: [RealtimeTopic], for connection: RealtimeConnection) async throws

    /// How things stand for these topics now: one JSON object.
    func state(of topics: Set<RealtimeTopic>, for connection: RealtimeConnection) async throws -> [UInt8]
}

/// The conversation with one client, whatever carries it.
package struct RealtimeSession: Sendable {
    package let hub: RealtimeHub
    package let connection: RealtimeConnection
    private let reader: any RealtimeReader
    package static let heartbeatSeconds = 30

    package init(hub: RealtimeHub, connection: RealtimeConnection, reader: any RealtimeReader) {
        self.hub = hub
        self.connection = connection
        self.reader = reader
    }

    /// Says where the sequence stands. Call it before anything is received.
    package func begin() {
        let standing = hub.standing(of: connection)
        let welcome = ServerMessage.welcome(
            connectionID: connection.id, epoch: standing.epoch, sequence: standing.sequence,
            heartbeatSeconds: Self.heartbeatSeconds)
        hub.answer(connection, welcome)
    }

    /// Does what the client says in one text message; the answer goes through the connection's queue.
    package func receive(_ bytes: [UInt8]) async {
        var id: JSONValue?
        do {
            let message: ClientMessage
            do throws(ClientMessage.Fault) {
                message = try ClientMessage(parsing: bytes)
            } catch {
                return hub.answer(connection, ServerMessage.refused(error.id, error.error))
            }
            id = message.id
            try await fulfil(message)
        } catch let error as ServiceError {
            hub.answer(connection, ServerMessage.refused(id, error))
        } catch {
            hub.answer(
                connection,
                ServerMessage.refused(id, ServiceError(.unavailable, "This cannot be checked at present; try again.")))
        }
    }

    private func fulfil(_ message: ClientMessage) async throws {
        switch message.wish {
        case .ping: hub.answer(connection, ServerMessage.pong(message.id))
        case .subscribe(let topics): try await listen(to: topics, answering: message.id)
        case .resume(let topics, let epoch, let since):
            try await listen(to: topics, resuming: (epoch: epoch, sequence: since), answering: message.id)
        case .unsubscribe(let topics):
            hub.unsubscribe(connection, from: topics) { ServerMessage.acknowledged(message.id, $0) }
        }
    }

    /// Listens to all of the topics or, when one of them is refused, to none.
    /// - Throws: ``ServiceError`` `forbidden`, `not-found`, `invalid-input`, `conflict`.
    package func listen(
        to topics: [RealtimeTopic], resuming position: (epoch: String, sequence: Int64)? = nil,
        answering id: JSONValue? = nil
    ) async throws {
        for topic in topics where !connection.principal.permissions.contains(topic.permission) {
            throw ServiceError(.forbidden, "Listening to \(topic) needs the permission \(topic.permission.rawValue).")
        }
        try await reader.requireExistence(of: topics, for: connection)
        try hub.subscribe(connection, to: topics, resuming: position) { ServerMessage.acknowledged(id, $0) }
    }

    /// The snapshot that takes the place of missing events.
    package func snapshot(_ gap: RealtimeConnection.Gap, sequence: Int64) async -> [UInt8] {
        let standing = hub.standing(of: connection)
        let state = try? await reader.state(of: standing.topics, for: connection)
        return ServerMessage.snapshot(gap, epoch: standing.epoch, sequence: sequence, state: state)
    }
}
