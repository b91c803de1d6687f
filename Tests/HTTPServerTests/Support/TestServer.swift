import HTTPServer
import HTTPTypes
import HummingbirdCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import ServiceLifecycle

/// Answers what the tests of the server need.
struct SampleApplication: HTTPApplication {
    /// Requests to /wait are answered when this is opened.
    let gate = Gate()
    let begun = NIOLockedValueBox(0)
    /// What became of the bodies sent to /echo: their sizes, -1 for one that broke off.
    let bodies = NIOLockedValueBox<[Int]>([])
    var socket: @Sendable (WebSocketConnection) async throws -> Void = { connection in
        for try await message in connection.messages {
            switch message {
            case .text(let text): connection.sender.send(text)
            case .binary(let bytes): connection.sender.send(binary: bytes)
            }
        }
    }

    func respond(to request: Request, from client: ClientConnection) async -> Response {
        switch request.uri.path {
        case "/echo":
            do {
                let body = try await request.body.collect(upTo: 1 << 26)
                bodies.withLockedValue { $0.append(body.readableBytes) }
                return Response(status: .ok, headers: [.contentType: "text/plain"], body: .init(byteBuffer: body))
            } catch {
                bodies.withLockedValue { $0.append(-1) }
                return Response(status: .internalServerError)
            }
        case "/ignore": return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "ignored")))
        case "/large":
            let text = String(repeating: "0123456789abcdef", count: 1 << 18)
            return Response(
                status: .ok, headers: [.contentType: "text/plain"], body: .init(byteBuffer: ByteBuffer(string: text)))
        case "/wait":
            begun.withLockedValue { $0 += 1 }
            await gate.wait()
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "waited")))
        default:
            let text = "\(request.method) \(request.head.path ?? "") \(client.address)"
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: text)))
        }
    }

    func respond(toHandshake request: HTTPRequest, from client: ClientConnection) async -> HandshakeDecision {
        guard request.path == "/socket" else {
            return .refuse(Response(status: .notFound, body: .init(byteBuffer: ByteBuffer(string: "no socket here"))))
        }
        return .accept(WebSocketAcceptance(run: socket))
    }
}

/// Closed at first; lets everybody through once it is opened.
final class Gate: Sendable {
    private let state = NIOLockedValueBox<(open: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLockedValue { state in
                if !state.open { state.waiting.append(continuation) }
                return state.open
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLockedValue { state in
            state.open = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// A running server on a free port, and the means to shut it down.
struct TestServer: Sendable {
    let port: Int
    let application: SampleApplication
    let group: ServiceGroup

    static func run<Result: Sendable>(
        _ application: SampleApplication = SampleApplication(),
        configure: (inout HTTPServerConfiguration) -> Void = { _ in },
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0)
        configure(&configuration)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try HTTPServer(configuration: configuration, application: application, logger: logger) {
            port.yield($0)
            port.finish()
        }
        let group = ServiceGroup(services: [server], logger: logger)
        async let running: Void = group.run()
        guard let opened = await ports.first(where: { _ in true }) else { throw CancellationError() }
        do {
            let result = try await body(TestServer(port: opened, application: application, group: group))
            application.gate.open()
            await group.triggerGracefulShutdown()
            try await running
            return result
        } catch {
            application.gate.open()
            await group.triggerGracefulShutdown()
            throw error
        }
    }

    /// Sends bytes on a connection of their own and returns everything that comes back until the server closes.
    func exchange(_ text: String) async throws -> String {
        let connection = try await RawConnection(port: port)
        // The server may have refused and closed before everything was sent.
        try? await connection.send(text)
        return await connection.rest()
    }
}
