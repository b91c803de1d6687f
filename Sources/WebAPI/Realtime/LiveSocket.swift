import HTTPServer
import Kernel
import NIOCore
import NIOWebSocket
import Realtime

/// Carries a live connection over a WebSocket: one JSON text a message, both ways.
struct LiveSocket: Sendable {
    let hub: RealtimeHub
    let reader: any RealtimeReader
    let review: CredentialReview
    let request: TenantRequest

    func run(_ socket: WebSocketConnection) async {
        let connection: RealtimeConnection
        do throws(ServiceError) {
            connection = try hub.connect(request.principal, scope: request.scope, transport: .webSocket)
        } catch {
            socket.sender.send(ByteBuffer(bytes: ServerMessage.refused(nil, error)))
            // 1013, "try again later" (IANA registry of close codes).
            return socket.sender.close(.unknown(1013))
        }
        review.watch(connection, opened: request)
        defer {
            review.forget(connection)
            hub.disconnect(connection)
        }
        let session = RealtimeSession(hub: hub, connection: connection, reader: reader)
        session.begin()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await send(session, to: socket.sender) }
            await receive(socket.messages, session)
            connection.end(.abandoned)
            group.cancelAll()
        }
    }

    private func receive(_ messages: WebSocketMessages, _ session: RealtimeSession) async {
        do {
            for try await message in messages {
                switch message {
                case .text(let text): await session.receive(Array(text.utf8))
                case .binary:
                    let refusal = ServiceError(.unsupportedMediaType, "Messages are JSON texts, not binary.")
                    hub.answer(session.connection, ServerMessage.refused(nil, refusal))
                }
            }
        } catch {
            // The socket broke; there is nobody to tell.
            return
        }
    }

    /// Sends what waits until the connection ends. A client that reads too slowly is waited for; meanwhile its events
    /// collect in the connection's queue, which turns into a snapshot when it is full.
    private func send(_ session: RealtimeSession, to sender: WebSocketSender) async {
        let (room, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        sender.onCaughtUp { signal.yield() }
        session.connection.deliver { event in sender.send(ByteBuffer(bytes: event.bytes)) == .queued }
        var waiting = room.makeAsyncIterator()
        do throws(RealtimeConnection.Ending) {
            while true {
                for message in try await session.connection.next() {
                    let text = ByteBuffer(bytes: await bytes(of: message, session))
                    while sender.send(text) == .full {
                        guard await waiting.next() != nil else { return }
                        if let ending = session.connection.ending { throw ending }
                    }
                }
            }
        } catch {
            sender.send(ByteBuffer(bytes: ServerMessage.goodbye(error)))
            sender.close(Self.closeCode(error))
        }
    }

    private func bytes(of message: RealtimeConnection.Message, _ session: RealtimeSession) async -> [UInt8] {
        switch message {
        case .event(let event): event.bytes
        case .answer(let bytes): bytes
        case .snapshot(let gap, let sequence): await session.snapshot(gap, sequence: sequence)
        }
    }

    private static func closeCode(_ ending: RealtimeConnection.Ending) -> WebSocketErrorCode {
        switch ending {
        case .revoked, .unread: .policyViolation
        case .shutdown: .goingAway
        case .abandoned: .normalClosure
        }
    }
}
