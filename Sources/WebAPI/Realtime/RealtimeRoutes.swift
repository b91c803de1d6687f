import Alarms
import HTTPServer
import HTTPTypes
import JSON
import Kernel
import Persistence
import Realtime
import Telemetry
import Tenancy

/// `/ws`, `/stream` and `/realtime/connections` (RTM-1).
package struct RealtimeRoutes: Sendable {
    private let hub: RealtimeHub
    private let reader: LiveSubjects
    private let review: CredentialReview

    package init(
        hub: RealtimeHub, tenants: TenantDatabase, alarms: AlarmService, telemetry: TelemetryReader,
        review: CredentialReview
    ) {
        self.hub = hub
        reader = LiveSubjects(tenants: tenants, alarms: alarms, telemetry: telemetry)
        self.review = review
    }

    package func register(in api: APIRoutes) {
        api.socket("/ws", .realtimeRead, open)
        api.raw(.get, "/stream", .realtimeRead, parameters: ["topics"], refuses: [.notFound], stream)
        api.raw(.get, "/realtime/connections", .auditRead, connections)
    }

    private func open(_ request: TenantRequest) async throws -> WebSocketAcceptance {
        let socket = LiveSocket(hub: hub, reader: reader, review: review, request: request)
        return WebSocketAcceptance { await socket.run($0) }
    }

    private func stream(_ request: TenantRequest) async throws -> Answer {
        let query = request.query()
        let topics = query.required("topics", .list(.topic, count: 1...100))
        var position: (epoch: String, sequence: Int64)?
        if let text = request.request.headers[.lastEventID], !text.isEmpty {
            // An id that this server never gave is from another run: it leads to a snapshot.
            position = LiveEventStream.position(lastEventID: text) ?? (epoch: "", sequence: 0)
        }
        try query.finish()
        let connection = try hub.connect(request.principal, scope: request.scope, transport: .eventStream)
        let lease = LiveLease(hub: hub, connection: connection)
        let session = RealtimeSession(hub: hub, connection: connection, reader: reader)
        session.begin()
        try await session.listen(to: topics, resuming: position)
        let events = LiveEventStream(session: session, lease: lease, review: review, request: request)
        var answer = Answer.stream(type: "text/event-stream") { writer in try await events.write(to: &writer) }
        answer.headers[.cacheControl] = "no-store"
        return answer
    }

    private func connections(_ request: TenantRequest) async throws -> Answer {
        try request.query().finish()
        let list = hub.connections(in: request.organizationID).map(ConnectionEntry.init)
        return .items(list)
    }
}

extension HTTPField.Name {
    // The names are valid tokens.
    fileprivate static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .accept
}

/// One live connection, for the list.
private struct ConnectionEntry: JSONWritable {
    let connection: RealtimeConnection
    let topics: Set<RealtimeTopic>

    init(_ entry: (connection: RealtimeConnection, topics: Set<RealtimeTopic>)) {
        connection = entry.connection
        topics = entry.topics
    }

    func write(to json: inout JSONWriter) {
        let (actor, progress) = (connection.principal.actor, connection.progress)
        json.object { json in
            json.field("id", connection.id)
            json.field("transport", connection.transport.rawValue)
            json.field("actor_kind", actor.kind.rawValue)
            json.field("actor_id", actor.id)
            json.field("actor_label", actor.label)
            json.field("address", actor.address)
            json.field("connected_at", connection.connectedAt)
            json.field("topics", topics.map(\.description).sorted())
            json.field("queued", progress.queued)
            json.field("delivered", progress.delivered)
            json.field("snapshots", progress.snapshots)
        }
    }
}
