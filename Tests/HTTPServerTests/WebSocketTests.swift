import HTTPServer
import NIOConcurrencyHelpers
import NIOCore
import Testing

@Suite("WebSockets")
struct WebSocketTests {
    @Test("text, binary, fragments and pings between them are answered")
    func conversation() async throws {
        try await TestServer.run { server in
            let socket = try await RawWebSocket(port: server.port)
            #expect(socket.isOpen && socket.handshake.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "\(socket.handshake)")
            try await socket.send("grüße")
            #expect(await socket.receive().map { String(decoding: $0.payload, as: UTF8.self) } == "grüße")
            try await socket.send(0x82, [0, 1, 2])
            #expect(await socket.receive().map { $0.opcode == 2 && $0.payload == [0, 1, 2] } == true)
            try await socket.send(0x01, Array("frag".utf8))
            try await socket.send(0x89, [7])
            try await socket.send(0x80, Array("ment".utf8))
            #expect(await socket.receive().map { $0.opcode == 10 && $0.payload == [7] } == true)
            #expect(await socket.receive().map { String(decoding: $0.payload, as: UTF8.self) } == "fragment")
            try await socket.send(0x88, [0x03, 0xe8])
            #expect(await socket.closeCode() == 1000)
            #expect(await socket.receive() == nil)
        }
    }

    static let violations: [(name: String, frames: [ByteBuffer], code: Int)] = [
        (
            "a message of more than 64 kB", [RawWebSocket.frame(0x81, [UInt8](repeating: 65, count: 65 * 1024 + 1))],
            1009
        ),
        (
            "fragments of more than 64 kB",
            [
                RawWebSocket.frame(0x01, [UInt8](repeating: 65, count: 40_000)),
                RawWebSocket.frame(0x80, [UInt8](repeating: 65, count: 40_000)),
            ],
            1009
        ),
        ("text that is no UTF-8", [RawWebSocket.frame(0x81, [0xff, 0xfe])], 1007),
        ("a surrogate", [RawWebSocket.frame(0x81, [0xed, 0xa0, 0x80])], 1007),
        ("a frame without a mask", [RawWebSocket.frame(0x81, [65], masked: false)], 1002),
        ("a reserved bit", [RawWebSocket.frame(0xc1, [65])], 1002),
        ("a continuation of nothing", [RawWebSocket.frame(0x80, [65])], 1002),
        ("a message within a message", [RawWebSocket.frame(0x01, [65]), RawWebSocket.frame(0x81, [65])], 1002),
        ("an unknown opcode", [RawWebSocket.frame(0x83, [65])], 1002),
        ("a ping in fragments", [RawWebSocket.frame(0x09, [65])], 1002),
        ("a close code that nobody may send", [RawWebSocket.frame(0x88, [0x03, 0xed])], 1002),
    ]

    @Test("whoever breaks the protocol is closed with its code", arguments: violations.indices)
    func violation(_ index: Int) async throws {
        let violation = Self.violations[index]
        try await TestServer.run { server in
            let socket = try await RawWebSocket(port: server.port)
            for frame in violation.frames { try await socket.connection.send(frame) }
            #expect(await socket.closeCode() == violation.code, "\(violation.name)")
        }
    }

    @Test("a refused handshake gets the application's answer, and the connection ends")
    func refused() async throws {
        try await TestServer.run { server in
            let socket = try await RawWebSocket(port: server.port, path: "/elsewhere")
            #expect(
                socket.handshake.hasPrefix("HTTP/1.1 404") && socket.handshake.contains("no socket here"),
                "\(socket.handshake)")
            #expect(await socket.connection.rest().isEmpty)
            let old = try await RawWebSocket(port: server.port, version: 8)
            #expect(
                old.handshake.hasPrefix("HTTP/1.1 400") && old.handshake.contains("problem+json"), "\(old.handshake)")
        }
    }

    @Test(
        "any other upgrade is ignored: one answer, and the connection ends", arguments: ["h2c", "TLS/1.2", "h2c, foo"])
    func otherUpgrades(_ token: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.exchange(
                "GET /plain HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: \(token)\r\nHTTP2-Settings: AAA\r\n\r\n"
            )
            #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("GET /plain"), "\(answer)")
        }
    }

    @Test("only the first request of a connection can be upgraded")
    func laterRequest() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            try await connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(await connection.answer().head.hasPrefix("HTTP/1.1 200"))
            try await connection.send(
                "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            let answer = await connection.rest()
            #expect(
                answer.hasPrefix("HTTP/1.1 ") && !answer.hasPrefix("HTTP/1.1 101")
                    && answer.lowercased().contains("connection: close"))
        }
    }

    @Test("pages of foreign origins may not open a socket")
    func origins() async throws {
        try await TestServer.run(configure: { $0.allowedOrigins = ["https://console.example"] }) { server in
            for (origin, opens) in [
                ("https://evil.example", false), ("null", false), ("https://console.example.evil", false),
                ("https://console.example", true), ("http://a", true), ("https://a", true),
            ] {
                let socket = try await RawWebSocket(port: server.port, headers: "Origin: \(origin)\r\n")
                #expect(socket.isOpen == opens, "\(origin): \(socket.handshake)")
                await socket.connection.close()
            }
        }
    }

    @Test("the server pings, and closes a socket of which it hears nothing")
    func silence() async throws {
        try await TestServer.run(configure: {
            $0.webSockets.pingInterval = .milliseconds(50)
            $0.webSockets.silenceTimeout = .milliseconds(250)
        }) { server in
            let socket = try await RawWebSocket(port: server.port)
            #expect(await socket.receive()?.opcode == 9)
            while let frame = await socket.receive() { #expect(frame.opcode == 9) }
        }
    }

    @Test("a client that does not read fills its own queue and nobody else's; it is told when it has caught up")
    func slowConsumer() async throws {
        let senders = NIOLockedValueBox<[WebSocketSender]>([])
        let (caughtUp, notice) = AsyncStream.makeStream(of: Void.self)
        var application = SampleApplication()
        application.socket = { connection in
            connection.sender.onCaughtUp { notice.yield() }
            senders.withLockedValue { $0.append(connection.sender) }
            connection.sender.send("ready")
            for try await _ in connection.messages {}
        }
        try await TestServer.run(application, configure: { $0.webSockets.queuedBytes = 1 << 18 }) { server in
            let socket = try await RawWebSocket(port: server.port)
            #expect(await socket.receive().map { String(decoding: $0.payload, as: UTF8.self) } == "ready")
            let sender = try #require(senders.withLockedValue { $0.first })
            let message = ByteBuffer(repeating: 65, count: 60_000)
            var sent = 1
            while sender.send(message) == .queued { sent += 1 }
            #expect(sender.send(message) == .full)
            #expect(sender.queuedBytes <= 1 << 18)
            var received = 0
            while received < sent - 1, await socket.receive() != nil { received += 1 }
            #expect(await caughtUp.first { _ in true } != nil)
            #expect(sender.send("again") == .queued)
            #expect(await socket.receive().map { String(decoding: $0.payload, as: UTF8.self) } == "again")
            await socket.connection.close()
        }
    }

    @Test("a handler that returns closes with 1000, one that throws with 1011")
    func handlerEnds() async throws {
        struct Fault: Error {}
        var application = SampleApplication()
        application.socket = { _ in }
        try await TestServer.run(application) { server in
            let socket = try await RawWebSocket(port: server.port)
            #expect(await socket.closeCode() == 1000)
        }
        application.socket = { _ in throw Fault() }
        try await TestServer.run(application) { server in
            let socket = try await RawWebSocket(port: server.port)
            #expect(await socket.closeCode() == 1011)
        }
    }
}
